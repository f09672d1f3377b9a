//! From an address to an open connection.

use std::io;
use std::net::{SocketAddr, TcpStream};

use socket2::{Domain, Protocol, Socket, Type};

use super::{Connection, Engine, Phase, flags};
use crate::error::Failure;
use crate::net::dial::{Dialed, dial};
use crate::net::link::Link;
use crate::net::resolve::literal;
use crate::reactor::inbox::Message;
use crate::reactor::{Interest, Key, runtime};

impl Engine {
    /// Begins to connect; `OPENED` or `FAILED` follows. `None` if there are too many connections.
    ///
    /// An address that needs no resolver is connected to from here, which saves two hops between threads.
    pub(crate) fn connect(&mut self, hostname: &str, port: u16) -> Option<Key> {
        let key = self.table.insert_with(|_| Connection {
            phase: Phase::Failed,
            closing: None,
            failure: None,
            holds: true,
        })?;
        self.count_holding(true);
        let target = literal(hostname, port).filter(|_| self.reactor.connects_in_place());
        let begun = match target {
            Some(address) => self.connect_in_place(key, address),
            None => self.dial_elsewhere(key, hostname, port),
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

    fn dial_elsewhere(&self, key: Key, hostname: &str, port: u16) -> Result<Phase, Failure> {
        let runtime = runtime::handle().map_err(|error| Failure::from_io("connect", &error))?;
        let inbox = std::sync::Arc::clone(self.reactor.inbox());
        let dialing = dial(hostname.to_owned(), port);
        let task = runtime.spawn(async move {
            let result = dialing.await;
            inbox.push(Message::Dialed { key, result });
        });
        Ok(Phase::Dialing(task.abort_handle()))
    }

    pub(super) fn on_dialed(&mut self, key: Key, result: Result<Dialed, Failure>) {
        let link = result.and_then(|Dialed { stream, peer_addr }| {
            let (stream, registration) = self
                .reactor
                .adopt(key, stream)
                .map_err(|error| Failure::from_io("connect", &error).at(peer_addr))?;
            Ok(Link::new(stream, registration, peer_addr))
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
                Ok(Link::new(stream, registration, address))
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

/// A socket that is still blocking: watching it is what changes that.
fn unconnected(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_tcp_nodelay(true)?;
    Ok(socket.into())
}
