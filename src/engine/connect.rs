//! From an address to an open connection.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use super::secure::{Security, secure};
use super::{Connection, Engine, Phase, bug, flags, guard};
use crate::error::Failure;
use crate::inject;
use crate::net::dial::{Dialed, dial};
use crate::net::link::Link;
use crate::net::resolve::literal;
use crate::net::transport::Transport;
use crate::reactor::inbox::{Inbox, Message};
use crate::reactor::{Interest, Key, runtime};

impl Engine {
    /// Begins to connect; `OPENED` or `FAILED` follows. `None` if there are too many connections.
    ///
    /// An address that needs no resolver is connected to from here, which saves two hops between threads.
    pub(crate) fn connect(&mut self, hostname: &str, port: u16, security: Security) -> Option<Key> {
        let key = self.table.insert_with(|_| Connection {
            phase: Phase::Failed,
            closing: None,
            failure: None,
            holds: true,
        })?;
        self.count_holding(true);
        let address = literal(hostname, port).filter(|_| self.works_in_place(&security));
        let begun = guard("connect", || match address {
            Some(address) => self.connect_in_place(key, address, security),
            None => self.dial_elsewhere(key, hostname.to_owned(), port, security),
        });
        self.begin(key, begun);
        Some(key)
    }

    /// Enters a phase; a failure is an event too, never the answer to the call.
    pub(super) fn begin(&mut self, key: Key, begun: Result<Phase, Failure>) {
        match begun {
            Ok(phase) => {
                if let Some(connection) = self.table.get_mut(key) {
                    connection.phase = phase;
                }
            }
            Err(failure) => self.reactor.inbox().push(Message::Dialed { key, result: Err(failure) }),
        }
    }

    fn connect_in_place(&self, key: Key, address: SocketAddr, security: Security) -> Result<Phase, Failure> {
        inject::bug("connect");
        let failed = |error: io::Error| Failure::from_io("connect", &error).at(address);
        let (stream, mut registration) =
            unconnected(address).and_then(|stream| self.reactor.watch(key, stream)).map_err(failed)?;
        stream.start_connect(address).map_err(failed)?;
        let tls = security.tls.map(|target| (target, self.take_place()));
        match tls {
            // So it is on loopback. The server can work on the handshake while JavaScript goes on.
            Some((target, place)) if stream.is_connected() => {
                let link = Link::new(Transport::new(stream, None), registration, address);
                Self::secure_in_place(link, target, place)
            }
            tls => {
                registration.arm(Interest::WRITABLE)?;
                Ok(Phase::Connecting { registration, stream, address, tls })
            }
        }
    }

    fn dial_elsewhere(
        &self,
        key: Key,
        hostname: String,
        port: u16,
        Security { tls, deadline }: Security,
    ) -> Result<Phase, Failure> {
        self.run_elsewhere(key, deadline, async move {
            let dialed = dial(hostname, port).await?;
            match tls {
                Some(target) => secure(dialed, target).await,
                None => Ok(dialed),
            }
        })
    }

    /// Runs `work` on tokio; its result comes as a message.
    pub(super) fn run_elsewhere(
        &self,
        key: Key,
        deadline: Option<Duration>,
        work: impl Future<Output = Result<Dialed, Failure>> + Send + 'static,
    ) -> Result<Phase, Failure> {
        let runtime = runtime::handle().map_err(|error| Failure::from_io("connect", &error))?;
        let inbox = Arc::clone(self.reactor.inbox());
        let mut report = Report { key, inbox: Some(inbox) };
        let task = runtime.spawn(async move {
            let result = match deadline {
                Some(limit) => {
                    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(too_late(limit)))
                }
                None => work.await,
            };
            report.send(result);
        });
        Ok(Phase::Dialing(task.abort_handle()))
    }

    pub(super) fn on_dialed(&mut self, key: Key, result: Result<Dialed, Failure>) {
        inject::bug("dialed");
        let link = result.and_then(|Dialed { stream, peer_addr, session }| {
            let (stream, registration) = self
                .reactor
                .adopt(key, stream)
                .map_err(|error| Failure::from_io("connect", &error).at(peer_addr))?;
            Ok(Link::new(Transport::new(stream, session), registration, peer_addr))
        });
        self.end_connect(key, link);
    }

    /// A connect in place is decided.
    pub(super) fn on_connected(&mut self, key: Key) {
        let Some(connection) = self.table.get_mut(key) else {
            return;
        };
        let phase = std::mem::replace(&mut connection.phase, Phase::Failed);
        let Phase::Connecting { mut registration, stream, address, tls } = phase else {
            return;
        };
        let outcome = match stream.take_error() {
            Ok(None) => {
                registration.lose_interest(Interest::WRITABLE);
                Ok(Link::new(Transport::new(stream, None), registration, address))
            }
            Ok(Some(error)) | Err(error) => Err(Failure::from_io("connect", &error).at(address)),
        };
        match (outcome, tls) {
            (Ok(link), Some((target, place))) => {
                let begun = Self::secure_in_place(link, target, place);
                self.begin(key, begun);
            }
            (outcome, _) => self.end_connect(key, outcome),
        }
    }

    pub(super) fn end_connect(&mut self, key: Key, outcome: Result<Link, Failure>) {
        let Some(connection) = self.table.get_mut(key) else {
            return;
        };
        match outcome {
            Ok(link) => {
                connection.phase = Phase::Open(link);
                self.events.push_back((key, flags::OPENED));
            }
            Err(failure) => {
                connection.phase = Phase::Failed;
                connection.failure = Some(failure);
                self.events.push_back((key, flags::FAILED));
            }
        }
    }
}

/// Sees to it that the outcome of a task is reported, also if it is a bug.
struct Report {
    key: Key,
    /// `None` once it is sent.
    inbox: Option<Arc<Inbox>>,
}

impl Report {
    fn send(&mut self, result: Result<Dialed, Failure>) {
        if let Some(inbox) = self.inbox.take() {
            inbox.push(Message::Dialed { key: self.key, result });
        }
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        // A task that was aborted has nobody who waits for it.
        if std::thread::panicking() {
            self.send(Err(bug("connect")));
        }
    }
}

fn too_late(limit: Duration) -> Failure {
    Failure::new("ETIMEDOUT", "connect", format!("not connected after {} ms", limit.as_millis()))
}

/// A socket that is still blocking: watching it is what changes that.
fn unconnected(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_tcp_nodelay(true)?;
    Ok(socket.into())
}
