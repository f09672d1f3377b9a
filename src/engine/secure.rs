//! From an open connection to an encrypted one.
//!
//! A handshake is a millisecond of arithmetic and two waits for the peer. A single one is fastest on the JS thread, with
//! no hop to another; many at once would hold up the event loop there, and gain from more threads: they go to tokio.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::{Engine, Failed, Phase, guard};
use crate::error::Failure;
use crate::net::dial::Dialed;
use crate::net::link::{Link, Progress};
use crate::reactor::{Key, runtime};
use crate::tls::client::Target;
use crate::tls::handshake::handshake;
use crate::tls::session::Session;

/// Handshakes on the JS thread at a time.
const PLACES: usize = 1;

/// How to secure a connection, and how long that and connecting may take.
pub(crate) struct Security {
    pub(crate) tls: Option<Target>,
    pub(crate) deadline: Option<Duration>,
}

/// Shakes hands on tokio.
pub(super) async fn secure(mut dialed: Dialed, target: Target) -> Result<Dialed, Failure> {
    let session = Session::new(target)?;
    let session =
        handshake(&mut dialed.stream, session).await.map_err(|failure| failure.at(dialed.peer_addr))?;
    Ok(Dialed { session: Some(Box::new(session)), ..dialed })
}

/// One of the [`PLACES`], for as long as it lives.
pub(super) type Place = Rc<()>;

impl Engine {
    /// Whether a connection can be made on this thread.
    pub(super) fn works_in_place(&self, security: &Security) -> bool {
        // A deadline needs a timer, which tokio has.
        let is_timed = security.deadline.is_some();
        !is_timed && self.reactor.connects_in_place() && (security.tls.is_none() || self.has_place())
    }

    fn has_place(&self) -> bool {
        self.reactor.connects_in_place() && Rc::strong_count(&self.places) <= PLACES
    }

    pub(super) fn take_place(&self) -> Place {
        Rc::clone(&self.places)
    }

    /// Upgrades an open connection to TLS; `OPENED` or `FAILED` follows. What was written is sent before.
    ///
    /// Bytes that have arrived by now were not asked for by the handshake: whoever sent them wants them to be taken for
    /// the server's later, and the upgrade fails (CVE-2011-0411 tells the story).
    pub(crate) fn start_tls(&mut self, key: Key, target: Target) -> Result<(), Failed> {
        let connection = self.table.get_mut(key).ok_or(Failed)?;
        connection.closing = None;
        let Phase::Open(mut link) = std::mem::replace(&mut connection.phase, Phase::Failed) else {
            return Err(Failed);
        };
        // What was written is the peer's, whatever becomes of the upgrade. A failure shows in the handshake, too.
        let _best_effort = link.flush();
        let begun = if link.has_input() {
            Err(Failure::new(
                "ERR_TLS_PLAINTEXT_INJECTED",
                "handshake",
                "the peer sent more in plain text than was read before startTls(), which may be an attack",
            ))
        } else {
            guard("handshake", || self.secure_link(key, link, target))
        };
        self.begin(key, begun);
        Ok(())
    }

    fn secure_link(&self, key: Key, link: Link, target: Target) -> Result<Phase, Failure> {
        if self.has_place() && !link.has_unsent() {
            return Self::secure_in_place(link, target, self.take_place());
        }
        self.secure_elsewhere(key, link, target)
    }

    fn secure_elsewhere(&self, key: Key, link: Link, target: Target) -> Result<Phase, Failure> {
        let peer_addr = link.peer_addr();
        let (stream, unsent) = link.into_stream();
        let failed = move |error: io::Error| Failure::from_io("handshake", &error).at(peer_addr);
        let stream = {
            let _runtime = runtime::handle().map_err(failed)?.enter();
            stream.into_std().and_then(tokio::net::TcpStream::from_std).map_err(failed)?
        };
        let mut dialed = Dialed { stream, peer_addr, session: None };
        self.run_elsewhere(key, None, async move {
            dialed.stream.write_all(&unsent).await.map_err(failed)?;
            secure(dialed, target).await
        })
    }

    pub(super) fn secure_in_place(link: Link, target: Target, place: Place) -> Result<Phase, Failure> {
        let peer_addr = link.peer_addr();
        let session = Session::new(target)?;
        let mut link = link.with_session(session);
        link.shake_hands().map_err(|failure| in_handshake(failure, peer_addr))?;
        Ok(Phase::Securing { link, _place: place })
    }

    /// A handshake in place can go on.
    pub(super) fn on_securing(&mut self, key: Key) {
        let Some(connection) = self.table.get_mut(key) else { return };
        let Phase::Securing { link, .. } = &mut connection.phase else { return };
        let peer_addr = link.peer_addr();
        match link.shake_hands() {
            Ok(Progress::Wait) => {}
            Ok(Progress::Done) => {
                let phase = std::mem::replace(&mut connection.phase, Phase::Failed);
                if let Phase::Securing { link, .. } = phase {
                    self.end_connect(key, Ok(link));
                }
            }
            Err(failure) => self.end_connect(key, Err(in_handshake(failure, peer_addr))),
        }
    }
}

/// Whatever was done to the socket, it was for the handshake.
fn in_handshake(failure: Failure, peer_addr: SocketAddr) -> Failure {
    Failure { syscall: "handshake", ..failure }.at(peer_addr)
}
