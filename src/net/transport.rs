//! A connection's bytes, whether they are encrypted on the way or not.

use std::cell::RefCell;
use std::io;

use super::stream::Stream;
use crate::error::Failure;
use crate::tls::handshake;
use crate::tls::session::{ENCRYPT_AT_ONCE, Session};

/// Most plaintext that a receive is to bring; larger ones were measured to be slower, and the memory for them stays.
const MOST_PLAINTEXT: usize = 4 * 16 * 1024;

/// Least room for records: one of the longest fits (RFC 5246 §6.2.3).
const LEAST_ROOM: usize = 5 + 16 * 1024 + 2048;

/// The records of a buffer's worth of plaintext, at least: if the peer makes them as long as they may be, they fill the
/// buffer to the last byte, and nothing is left over.
const fn room_for(plaintext: usize) -> usize {
    plaintext + plaintext.div_ceil(16 * 1024) * LEAST_OVERHEAD
}

/// What a record of TLS 1.3 adds to its content: header, content type and tag.
const LEAST_OVERHEAD: usize = 5 + 1 + 16;

thread_local! {
    /// Memory for the records of a single receive or send; nothing happens between filling and emptying it. One for all
    /// connections of a thread: most of them are idle most of the time.
    static RECORDS: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The stream, and the TLS session on it if there is one.
#[derive(Debug)]
pub(crate) struct Transport {
    stream: Stream,
    session: Option<Box<Session>>,
    /// The last receive emptied the kernel's buffer, so the next one is not worth a system call before an event.
    drained: bool,
    /// How much the kernel has taken so far: tells a slow peer from a dead one.
    taken: u64,
}

/// What a receive brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// So many bytes, never 0 unless the buffer was empty.
    Bytes(usize),
    /// The peer's FIN, with TLS behind its `close_notify`.
    End,
    /// Nothing yet; an event will follow.
    Wait,
}

impl Transport {
    pub(crate) fn new(stream: Stream, session: Option<Box<Session>>) -> Self {
        Self { stream, session, drained: false, taken: 0 }
    }

    pub(crate) fn stream(&self) -> &Stream {
        &self.stream
    }

    pub(crate) fn session(&self) -> Option<&Session> {
        self.session.as_deref()
    }

    pub(crate) fn into_stream(self) -> Stream {
        self.stream
    }

    /// The same stream with TLS, which is about to begin.
    pub(crate) fn with_session(self, session: Session) -> Self {
        Self { session: Some(Box::new(session)), ..self }
    }

    /// Goes on with the handshake; whether it is done, but for what has to be flushed.
    pub(crate) fn shake_hands(&mut self) -> Result<bool, Failure> {
        self.drained = false;
        let received = self.recv(&mut []);
        // An alert, if that failed: the peer's log is where the cause is looked for.
        let flushed = self.flush();
        received?;
        flushed?;
        Ok(self.session.as_ref().is_none_or(|session| !session.is_handshaking()))
    }

    /// How many bytes the kernel has taken.
    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }

    /// There may be something to receive again.
    pub(crate) fn on_readable(&mut self) {
        self.drained = false;
    }

    /// Whether bytes can be read now. Records are opened for that, since not all of them are for the reader.
    pub(crate) fn has_input(&mut self) -> bool {
        if self.session.is_none() {
            return self.stream.has_input();
        }
        self.drained = false;
        matches!(self.recv(&mut []), Ok(Received::Bytes(_)))
    }

    /// Receives into `buffer`; if that is empty, says with [`Received::Bytes`] that it need not be.
    pub(crate) fn recv(&mut self, buffer: &mut [u8]) -> Result<Received, Failure> {
        if self.session.is_some() {
            return RECORDS.with_borrow_mut(|records| self.recv_records(records, buffer));
        }
        if self.drained {
            return Ok(Received::Wait);
        }
        match self.stream.recv(buffer) {
            Ok(0) if !buffer.is_empty() => Ok(Received::End),
            Ok(count) => {
                self.drained = count < buffer.len();
                Ok(Received::Bytes(count))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Received::Wait),
            Err(error) => Err(Failure::from_io("read", &error)),
        }
    }

    fn recv_records(&mut self, records: &mut Vec<u8>, buffer: &mut [u8]) -> Result<Received, Failure> {
        let Self { stream, session: Some(session), drained, .. } = self else { return Ok(Received::Wait) };
        loop {
            if session.has_received() {
                return Ok(Received::Bytes(session.read(buffer)));
            }
            if let Some(failure) = session.failure() {
                return Err(failure);
            }
            if session.is_peer_closed() {
                return Ok(Received::End);
            }
            if *drained {
                return Ok(Received::Wait);
            }
            let begun = session.incoming_len();
            let end = room_for(buffer.len().min(MOST_PLAINTEXT)).max(begun + LEAST_ROOM);
            if records.len() < end {
                records.resize(end, 0);
            }
            let room = records.get_mut(begun..end).unwrap_or_default();
            let count = match stream.recv(room) {
                Ok(0) if session.is_handshaking() => return Err(handshake::closed_early()),
                Ok(0) => return Err(truncated()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    *drained = true;
                    return Ok(Received::Wait);
                }
                Err(error) => return Err(Failure::from_io("read", &error)),
            };
            *drained = count < room.len();
            let filled = records.get_mut(..begun + count).unwrap_or_default();
            if let Some(front) = filled.get_mut(..begun) {
                front.copy_from_slice(&session.take_incoming());
            }
            let count = session.decrypt(filled, buffer)?;
            if count > 0 {
                return Ok(Received::Bytes(count));
            }
        }
    }

    /// Sends what fits of `bytes`; 0 if the kernel has no room.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<usize, Failure> {
        if self.session.is_none() {
            return self.send_plain(bytes, Stream::send);
        }
        let mut count = 0;
        for part in bytes.chunks(ENCRYPT_AT_ONCE) {
            // What is encrypted has to leave in its order, and counts as sent.
            if !self.flush()? {
                break;
            }
            RECORDS.with_borrow_mut(|records| self.send_records(records, part))?;
            count += part.len();
        }
        Ok(count)
    }

    /// Encrypts and sends; keeps what the kernel does not take.
    fn send_records(&mut self, records: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Failure> {
        let Some(session) = &mut self.session else { return Ok(()) };
        let length = session.encrypt(bytes, records)?;
        let records = records.get(..length).unwrap_or_default();
        let count = self.send_plain(records, Stream::send)?;
        if let (Some(session), Some(rest)) = (&mut self.session, records.get(count..)) {
            session.outgoing().push(rest);
        }
        Ok(())
    }

    fn send_plain(
        &mut self,
        bytes: &[u8],
        send: fn(&Stream, &[u8]) -> io::Result<usize>,
    ) -> Result<usize, Failure> {
        match send(&self.stream, bytes) {
            Ok(count) => {
                self.taken = self.taken.wrapping_add(count as u64);
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(Failure::from_io("write", &error)),
        }
    }

    /// Whether records wait for the kernel.
    pub(crate) fn has_outgoing(&mut self) -> bool {
        self.session.as_mut().is_some_and(|session| !session.outgoing().is_empty())
    }

    /// Sends the records that wait; false if not all could be sent.
    pub(crate) fn flush(&mut self) -> Result<bool, Failure> {
        self.flush_by(Stream::send)
    }

    fn flush_by(&mut self, send: fn(&Stream, &[u8]) -> io::Result<usize>) -> Result<bool, Failure> {
        while self.has_outgoing() {
            let Some(mut session) = self.session.take() else { break };
            let sent = self.send_plain(session.outgoing().rest(), send);
            if let Ok(count) = sent {
                session.outgoing().advance(count);
            }
            self.session = Some(session);
            if sent? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Says that no more will be sent, where there are words for it; false if that has to wait for the kernel. FIN is to
    /// follow.
    pub(crate) fn close(&mut self) -> Result<bool, Failure> {
        if let Some(session) = &mut self.session {
            session.close()?;
        }
        self.flush_by(Stream::send_with_more)
    }

    /// Sends FIN.
    pub(crate) fn shutdown(&mut self) -> Result<(), Failure> {
        self.stream.shutdown().map_err(|error| Failure::from_io("shutdown", &error))
    }
}

/// RFC 8446 §6.1: without `close_notify` nobody knows whether something is missing.
fn truncated() -> Failure {
    Failure::new(
        "ERR_TLS_TRUNCATED",
        "read",
        "the connection ended without a close_notify of TLS, so that bytes may be missing",
    )
}
