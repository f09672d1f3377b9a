//! The handshake, on tokio: it waits for the peer, and its arithmetic would hold up the JS thread.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::session::Session;
use crate::error::Failure;

/// A server's first flight with a chain of a few certificates fits.
const FLIGHT: usize = 8 * 1024;

/// Shakes hands over `stream`.
///
/// Cancel-safe in that dropping the future drops both; the handshake can't be taken up again.
pub(crate) async fn handshake(stream: &mut TcpStream, mut session: Session) -> Result<Session, Failure> {
    let mut records = Vec::new();
    loop {
        let advanced = session.advance(records);
        // An alert, when that failed: the peer's log is where the cause is looked for.
        let sent = send(stream, &mut session).await;
        advanced?;
        sent?;
        if !session.is_handshaking() {
            return Ok(session);
        }
        records = session.take_incoming();
        records.reserve(FLIGHT);
        match stream.read_buf(&mut records).await {
            Ok(0) => return Err(closed_early()),
            Ok(_) => {}
            Err(error) => return Err(Failure::from_io("handshake", &error)),
        }
    }
}

/// Node's code, and nearly its words.
pub(crate) fn closed_early() -> Failure {
    Failure::new("ECONNRESET", "handshake", "the peer closed the connection before the handshake was done")
}

async fn send(stream: &mut TcpStream, session: &mut Session) -> Result<(), Failure> {
    let outgoing = session.outgoing();
    let result = stream.write_all(outgoing.rest()).await;
    outgoing.advance(outgoing.len());
    result.map_err(|error| Failure::from_io("handshake", &error))
}
