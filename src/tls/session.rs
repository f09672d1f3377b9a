//! An encrypted connection: plaintext on one side, records on the other. Does no I/O.

use std::mem;

use rustls::Error;
use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncryptError, InsufficientSizeError, UnbufferedStatus, WriteTraffic,
};

use super::client::Target;
use super::failure;
use crate::error::Failure;
use crate::inject;
use crate::net::queue::ByteQueue;

/// More than a record adds to its content: header, content type, nonce and tag (RFC 8446 §5.2, RFC 5246 §6.2.3.3).
const RECORD_OVERHEAD: usize = 64;

/// The content of a record is no longer than this (RFC 8446 §5.1).
const RECORD_CONTENT: usize = 16 * 1024;

/// Plaintext that is encrypted at a time. Larger sends gain nothing.
pub(crate) const ENCRYPT_AT_ONCE: usize = 4 * RECORD_CONTENT;

/// A TLS connection.
pub(crate) struct Session {
    tls: UnbufferedClientConnection,
    /// The beginning of a record whose rest has not come yet.
    incoming: Vec<u8>,
    /// Plaintext that did not fit the reader's buffer.
    received: ByteQueue,
    /// Records that the kernel has not taken yet.
    outgoing: ByteQueue,
    /// The peer has sent `close_notify`.
    peer_closed: bool,
    /// We have.
    closed: bool,
    /// Why no more can be received; what came before is read first.
    failure: Option<Failure>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("peer_closed", &self.peer_closed).finish_non_exhaustive()
    }
}

impl Session {
    /// A session that has not begun; [`super::handshake`] makes it ready.
    pub(crate) fn new(target: Target) -> Result<Self, Failure> {
        inject::bug("handshake");
        let tls = UnbufferedClientConnection::new(target.config, target.server_name)
            .map_err(|error| failure::describe("handshake", &error))?;
        let mut session = Self {
            tls,
            incoming: Vec::new(),
            received: ByteQueue::default(),
            outgoing: ByteQueue::default(),
            peer_closed: false,
            closed: false,
            failure: None,
        };
        // Its first words.
        session.advance(Vec::new())?;
        Ok(session)
    }

    pub(crate) fn is_handshaking(&self) -> bool {
        self.tls.is_handshaking()
    }

    /// The protocol that the server picked.
    pub(crate) fn alpn(&self) -> Option<String> {
        self.tls.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned())
    }

    #[cfg(test)]
    pub(super) fn tls(&self) -> &UnbufferedClientConnection {
        &self.tls
    }

    pub(crate) fn incoming_len(&self) -> usize {
        self.incoming.len()
    }

    /// Ciphertext to be put in front of what is received next.
    pub(crate) fn take_incoming(&mut self) -> Vec<u8> {
        mem::take(&mut self.incoming)
    }

    /// Records to be sent; the caller takes out what it has sent.
    pub(crate) fn outgoing(&mut self) -> &mut ByteQueue {
        &mut self.outgoing
    }

    pub(crate) fn has_received(&self) -> bool {
        !self.received.is_empty()
    }

    /// Whether the peer has said that no more will come.
    pub(crate) fn is_peer_closed(&self) -> bool {
        self.peer_closed
    }

    pub(crate) fn failure(&self) -> Option<Failure> {
        self.failure.clone()
    }

    /// Moves plaintext that was received before into `buffer`; how much.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> usize {
        let rest = self.received.rest();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
            self.received.advance(count);
        }
        count
    }

    /// Decrypts `records` in place, and puts the plaintext into `buffer`; how much. What `buffer` has no room for, and an
    /// incomplete record, are kept for the next call. What has to be answered is in [`Self::outgoing`] then.
    pub(crate) fn decrypt(&mut self, records: &mut [u8], buffer: &mut [u8]) -> Result<usize, Failure> {
        let mut answers = Vec::new();
        let mut output = Records::from(&mut answers);
        let mut plaintext = Plaintext { buffer, filled: 0, rest: &mut self.received };
        let Driven { consumed, result } =
            drive(&mut self.tls, records, &mut plaintext, &mut self.peer_closed, &mut output, |_, _| Ok(()));
        let filled = plaintext.filled;
        self.outgoing.push(output.bytes());
        let rest = records.get_mut(consumed..).unwrap_or_default();
        let Err(error) = result else {
            if !self.peer_closed {
                self.incoming = rest.to_vec();
            }
            return Ok(filled);
        };
        self.queue_alert(rest);
        let operation = if self.is_handshaking() { "handshake" } else { "read" };
        let failure = failure::describe(operation, &error);
        self.failure = Some(failure.clone());
        // Records before the bad one were good.
        if filled > 0 || self.has_received() { Ok(filled) } else { Err(failure) }
    }

    /// Goes on with what has been received; used while there is no reader.
    pub(super) fn advance(&mut self, mut records: Vec<u8>) -> Result<(), Failure> {
        self.decrypt(&mut records, &mut []).map(drop)
    }

    /// Encrypts `plaintext` to the beginning of `records`, whose memory grows as is needed; how much that gave.
    pub(crate) fn encrypt(&mut self, plaintext: &[u8], records: &mut Vec<u8>) -> Result<usize, Failure> {
        if self.closed {
            // rustls goes on, and the peer would not look at it (RFC 8446, section 6.1).
            return Err(closed());
        }
        if let Some(failure) = &self.failure {
            // rustls may hold positions in input that is gone.
            return Err(failure.clone());
        }
        self.write(records, |traffic, records| {
            let size = plaintext.len() + plaintext.len().div_ceil(RECORD_CONTENT) * RECORD_OVERHEAD;
            records.append(size, |room| traffic.encrypt(plaintext, room))
        })
    }

    /// Queues `close_notify` behind everything that was encrypted.
    pub(crate) fn close(&mut self) -> Result<(), Failure> {
        // After a failure an alert was the last word.
        if mem::replace(&mut self.closed, true) || self.failure.is_some() {
            return Ok(());
        }
        let mut records = Vec::new();
        let count = self.write(&mut records, |traffic, records| {
            records.append(RECORD_OVERHEAD, |room| traffic.queue_close_notify(room))
        })?;
        self.outgoing.push(records.get(..count).unwrap_or_default());
        Ok(())
    }

    fn write(
        &mut self,
        records: &mut Vec<u8>,
        encode: impl FnOnce(&mut Traffic<'_>, &mut Records<'_>) -> Result<(), Error>,
    ) -> Result<usize, Failure> {
        let mut output = Records::from(records);
        let mut plaintext = Plaintext { buffer: &mut [], filled: 0, rest: &mut self.received };
        let mut encoded = false;
        let Driven { consumed, result } = drive(
            &mut self.tls,
            &mut self.incoming,
            &mut plaintext,
            &mut self.peer_closed,
            &mut output,
            |traffic, output| {
                encoded = true;
                encode(traffic, output)
            },
        );
        self.incoming.drain(..consumed.min(self.incoming.len()));
        result.map_err(|error| failure::describe("write", &error))?;
        // Else what was written would be lost without a word.
        if encoded { Ok(output.filled) } else { Err(closed()) }
    }

    /// After an error: lets the peer know why, if rustls has something to say. That comes first, before rustls looks at its
    /// input again; it may hold positions in that, which is why it is given the rest of it.
    fn queue_alert(&mut self, rest: &mut [u8]) {
        let mut alert = Vec::new();
        let mut records = Records::from(&mut alert);
        if let Ok(ConnectionState::EncodeTlsData(mut data)) = self.tls.process_tls_records(rest).state {
            // An alert that can't be encoded is not sent.
            let _best_effort = records.append(RECORD_OVERHEAD, |room| data.encode(room));
        }
        self.outgoing.push(records.bytes());
    }
}

/// What is written behind the end.
fn closed() -> Failure {
    Failure::new("EPIPE", "write", "TLS is closed")
}

type Traffic<'a> = WriteTraffic<'a, ClientConnectionData>;

/// Where plaintext goes.
struct Plaintext<'a> {
    buffer: &'a mut [u8],
    filled: usize,
    rest: &'a mut ByteQueue,
}

impl Plaintext<'_> {
    fn push(&mut self, bytes: &[u8]) {
        let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
        let (fits, rest) = bytes.split_at(bytes.len().min(room.len()));
        if let Some(room) = room.get_mut(..fits.len()) {
            room.copy_from_slice(fits);
            self.filled += fits.len();
        }
        if !rest.is_empty() {
            self.rest.push(rest);
        }
    }
}

/// Where records go: memory that is not cleared between uses, of which the beginning is filled.
struct Records<'a> {
    memory: &'a mut Vec<u8>,
    filled: usize,
}

impl<'a> From<&'a mut Vec<u8>> for Records<'a> {
    fn from(memory: &'a mut Vec<u8>) -> Self {
        Self { memory, filled: 0 }
    }
}

impl Records<'_> {
    fn bytes(&self) -> &[u8] {
        self.memory.get(..self.filled).unwrap_or_default()
    }

    /// Lets `encode` append about `size` bytes, or as many as it says that it needs.
    fn append<E: NeedsSize>(
        &mut self,
        size: usize,
        mut encode: impl FnMut(&mut [u8]) -> Result<usize, E>,
    ) -> Result<(), Error> {
        let mut end = self.filled + size;
        loop {
            if self.memory.len() < end {
                self.memory.resize(end, 0);
            }
            match encode(self.memory.get_mut(self.filled..).unwrap_or_default()) {
                Ok(count) => {
                    self.filled += count;
                    return Ok(());
                }
                Err(error) => match error.required_size() {
                    Some(required) if self.filled + required > end => end = self.filled + required,
                    _ => return Err(Error::EncryptError),
                },
            }
        }
    }
}

trait NeedsSize {
    /// How much room it takes, if that was the problem.
    fn required_size(&self) -> Option<usize>;
}

impl NeedsSize for EncodeError {
    fn required_size(&self) -> Option<usize> {
        match self {
            Self::InsufficientSize(InsufficientSizeError { required_size }) => Some(*required_size),
            Self::AlreadyEncoded => None,
        }
    }
}

impl NeedsSize for EncryptError {
    fn required_size(&self) -> Option<usize> {
        match self {
            Self::InsufficientSize(InsufficientSizeError { required_size }) => Some(*required_size),
            Self::EncryptExhausted => None,
        }
    }
}

/// What rustls did with its input.
struct Driven {
    /// How much of the input is done with; what is left has to come again, in front of more.
    consumed: usize,
    result: Result<(), Error>,
}

/// Lets rustls work until it needs more input. Calls `on_traffic` at the end if application data can be sent.
fn drive(
    tls: &mut UnbufferedClientConnection,
    input: &mut [u8],
    plaintext: &mut Plaintext<'_>,
    peer_closed: &mut bool,
    output: &mut Records<'_>,
    on_traffic: impl FnOnce(&mut Traffic<'_>, &mut Records<'_>) -> Result<(), Error>,
) -> Driven {
    let mut on_traffic = Some(on_traffic);
    let mut consumed = 0;
    loop {
        let rest = input.get_mut(consumed..).unwrap_or_default();
        let UnbufferedStatus { discard, state } = tls.process_tls_records(rest);
        consumed += discard;
        let result = match state {
            Ok(ConnectionState::ReadTraffic(mut traffic)) => loop {
                match traffic.next_record() {
                    Some(Ok(record)) => {
                        plaintext.push(record.payload);
                        consumed += record.discard;
                    }
                    Some(Err(error)) => break Err(error),
                    None => break Ok(()),
                }
            },
            Ok(ConnectionState::EncodeTlsData(mut data)) => {
                output.append(RECORD_OVERHEAD, |room| data.encode(room))
            }
            Ok(ConnectionState::TransmitTlsData(data)) => {
                // Whoever called sends it, or is lost with it.
                data.done();
                Ok(())
            }
            Ok(ConnectionState::PeerClosed) => {
                *peer_closed = true;
                Ok(())
            }
            Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                let result = on_traffic.take().map_or(Ok(()), |encode| encode(&mut traffic, output));
                return Driven { consumed, result };
            }
            // Waits for the peer, or has no more to say. Early data is a server's business.
            Ok(_) => return Driven { consumed, result: Ok(()) },
            Err(error) => Err(error),
        };
        if result.is_err() {
            return Driven { consumed, result };
        }
    }
}
