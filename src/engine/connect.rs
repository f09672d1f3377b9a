//! From an address to an open connection.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use socket2::{Domain, Protocol, Socket, Type};

use super::{Connection, Engine, Failed, Phase, flags};
use crate::error::Failure;
use crate::net::dial::{Dialed, dial};
use crate::net::link::Link;
use crate::net::resolve::literal;
use crate::net::transport::Transport;
use crate::reactor::inbox::Message;
use crate::reactor::{Interest, Key, runtime};
use crate::tls::client::Target;
use crate::tls::handshake::handshake;
use crate::tls::session::Session;

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
        let is_simple =
            security.tls.is_none() && security.deadline.is_none() && self.reactor.connects_in_place();
        let begun = match literal(hostname, port) {
            Some(address) if is_simple => self.connect_in_place(key, address),
            _ => self.dial_elsewhere(key, hostname.to_owned(), port, security),
        };
        match begun {
            Ok(phase) => {
                if let Some(connection) = self.table.get_mut(key) {
                    connection.phase = phase;
                }
            }
            // A failure is an event too, never the answer to the call.
            Err(failure) => self.reactor.inbox().push(Message::Dialed { key, result: Err(failure) }),
        }
        Some(key)
    }

    fn connect_in_place(&self, key: Key, address: SocketAddr) -> Result<Phase, Failure> {
        let failed = |error: io::Error| Failure::from_io("connect", &error).at(address);
        let (stream, mut registration) =
            unconnected(address).and_then(|stream| self.reactor.watch(key, stream)).map_err(failed)?;
        stream.start_connect(address).map_err(failed)?;
        registration.arm(Interest::WRITABLE)?;
        Ok(Phase::Connecting { registration, stream, address })
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

    /// Upgrades an open connection to TLS; `OPENED` or `FAILED` follows. What was written is sent before.
    ///
    /// Bytes that have arrived by now were not asked for by the handshake: whoever sent them wants them to be taken for
    /// the server's later, and the upgrade fails (CVE-2011-0411 tells the story).
    pub(crate) fn start_tls(&mut self, key: Key, Security { tls, deadline }: Security) -> Result<(), Failed> {
        let connection = self.table.get_mut(key).ok_or(Failed)?;
        connection.closing = None;
        let (Phase::Open(mut link), Some(target)) =
            (std::mem::replace(&mut connection.phase, Phase::Failed), tls)
        else {
            return Err(Failed);
        };
        let begun = if link.has_input() {
            Err(Failure::new(
                "ERR_TLS_PLAINTEXT_INJECTED",
                "handshake",
                "the peer sent more in plain text than was read before startTls(), which may be an attack",
            ))
        } else {
            self.secure_elsewhere(key, link, target, deadline)
        };
        match begun {
            Ok(phase) => {
                if let Some(connection) = self.table.get_mut(key) {
                    connection.phase = phase;
                }
            }
            Err(failure) => self.reactor.inbox().push(Message::Dialed { key, result: Err(failure) }),
        }
        Ok(())
    }

    fn secure_elsewhere(
        &self,
        key: Key,
        link: Link,
        target: Target,
        deadline: Option<Duration>,
    ) -> Result<Phase, Failure> {
        let peer_addr = link.peer_addr();
        let (stream, unsent) = link.into_stream();
        let failed = move |error: io::Error| Failure::from_io("handshake", &error).at(peer_addr);
        let stream = {
            let _runtime = runtime::handle().map_err(failed)?.enter();
            stream.into_std().and_then(tokio::net::TcpStream::from_std).map_err(failed)?
        };
        let mut dialed = Dialed { stream, peer_addr, session: None };
        self.run_elsewhere(key, deadline, async move {
            dialed.stream.write_all(&unsent).await.map_err(failed)?;
            secure(dialed, target).await
        })
    }

    /// Runs `work` on tokio; its result comes as a message.
    fn run_elsewhere(
        &self,
        key: Key,
        deadline: Option<Duration>,
        work: impl Future<Output = Result<Dialed, Failure>> + Send + 'static,
    ) -> Result<Phase, Failure> {
        let runtime = runtime::handle().map_err(|error| Failure::from_io("connect", &error))?;
        let inbox = Arc::clone(self.reactor.inbox());
        let task = runtime.spawn(async move {
            let result = match deadline {
                Some(limit) => {
                    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(too_late(limit)))
                }
                None => work.await,
            };
            inbox.push(Message::Dialed { key, result });
        });
        Ok(Phase::Dialing(task.abort_handle()))
    }

    pub(super) fn on_dialed(&mut self, key: Key, result: Result<Dialed, Failure>) {
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
        let Phase::Connecting { mut registration, stream, address } = phase else {
            return;
        };
        let outcome = match stream.take_error() {
            Ok(None) => {
                registration.lose_interest(Interest::WRITABLE);
                Ok(Link::new(Transport::new(stream, None), registration, address))
            }
            Ok(Some(error)) | Err(error) => Err(Failure::from_io("connect", &error).at(address)),
        };
        self.end_connect(key, outcome);
    }

    fn end_connect(&mut self, key: Key, outcome: Result<Link, Failure>) {
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

/// How to secure a connection, and how long that and connecting may take.
#[derive(Default)]
pub(crate) struct Security {
    pub(crate) tls: Option<Target>,
    pub(crate) deadline: Option<Duration>,
}

async fn secure(mut dialed: Dialed, target: Target) -> Result<Dialed, Failure> {
    let session = Session::new(target)?;
    let session =
        handshake(&mut dialed.stream, session).await.map_err(|failure| failure.at(dialed.peer_addr))?;
    Ok(Dialed { session: Some(Box::new(session)), ..dialed })
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
