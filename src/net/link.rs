//! An open connection: what is wanted of it, what waits to be sent, and how it ends.

use std::io;
use std::net::SocketAddr;

use super::queue::ByteQueue;
use super::stream::Stream;
use super::transport::{Received, Transport};
use crate::error::Failure;
use crate::inject;
use crate::reactor::{Interest, Registration};
use crate::tls::session::Session;

/// Writes from this size on are sent at once instead of being gathered.
const LARGE_WRITE: usize = 16 * 1024;

/// Most bytes that small writes may gather before they are sent.
const MOST_GATHERED: usize = 64 * 1024;

/// Most chunks that one event discards for a connection that is closing, so that a fast peer can't hold
/// the thread.
const DISCARDS_PER_EVENT: usize = 64;

/// Field order matters: the registration must go before the descriptor that it watches.
#[derive(Debug)]
pub(crate) struct Link {
    registration: Registration,
    transport: Transport,
    peer_addr: SocketAddr,
    /// What was written and is not sent.
    outbox: ByteQueue,
    /// A read found nothing and waits for the next event.
    read_wanted: bool,
    /// The caller was told to wait, and expects to hear when the outbox is empty.
    write_waits: bool,
    /// The kernel took less than it was given; only an event can tell when to go on.
    blocked: bool,
    /// The turn in which this connection sent last.
    last_turn: Option<u32>,
    fin: Fin,
    /// Nobody reads any more: input is thrown away while the rest of the outbox is sent.
    discarding: bool,
    /// How much input was thrown away: if any, the peer is one that sends while it is being sent to.
    discarded: u64,
    /// The end of the input was seen while discarding, or the end of the connection: nothing more can come.
    input_ended: bool,
    /// Why sending failed; reading goes on to the end of what had arrived, and then fails with it too.
    broken: Option<Failure>,
    /// Some of what was written will never be sent.
    truncated: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Fin {
    NotWanted,
    Wanted,
    Sent,
}

/// Where the bytes of a send went.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// To the kernel.
    Taken,
    /// To the outbox, which somebody has to flush before the thread goes back to its event loop.
    Gathered,
    /// Some or all to the outbox, which is blocked; an event will follow when it is empty.
    Wait,
}

/// Whether an operation is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Done,
    /// An event will follow.
    Wait,
}

impl Link {
    pub(crate) fn new(transport: Transport, registration: Registration, peer_addr: SocketAddr) -> Self {
        Self {
            registration,
            transport,
            peer_addr,
            outbox: ByteQueue::default(),
            read_wanted: false,
            write_waits: false,
            blocked: false,
            last_turn: None,
            fin: Fin::NotWanted,
            discarding: false,
            discarded: 0,
            input_ended: false,
            broken: None,
            truncated: false,
        }
    }

    pub(crate) fn stream(&self) -> &Stream {
        self.transport.stream()
    }

    /// The protocol that was negotiated.
    pub(crate) fn alpn(&self) -> Option<String> {
        self.transport.session()?.alpn()
    }

    /// The same connection with TLS, which is about to begin; nothing waits to be sent.
    pub(crate) fn with_session(self, session: Session) -> Self {
        let Self { registration, transport, peer_addr, .. } = self;
        Self::new(transport.with_session(session), registration, peer_addr)
    }

    /// Goes on with the handshake as far as the peer lets it; an event will follow if that is not to its end.
    pub(crate) fn shake_hands(&mut self) -> Result<Progress, Failure> {
        let is_done = self.transport.shake_hands()?;
        if self.transport.has_outgoing() {
            self.registration.arm(Interest::WRITABLE)?;
            return Ok(Progress::Wait);
        }
        if is_done {
            return Ok(Progress::Done);
        }
        self.registration.arm(Interest::READABLE)?;
        self.registration.lose_interest(Interest::WRITABLE);
        Ok(Progress::Wait)
    }

    /// Whether some of what was written is not sent.
    pub(crate) fn has_unsent(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// Gives the stream up for something else, with what it still has to send, and ends the watch.
    pub(crate) fn into_stream(self) -> (Stream, Vec<u8>) {
        // The watch goes before the descriptor can.
        drop(self.registration);
        (self.transport.into_stream(), self.outbox.rest().to_vec())
    }

    /// The address that answered.
    pub(crate) fn peer_addr(&self) -> SocketAddr {
        self.peer_addr
    }

    /// How many bytes the kernel has taken.
    pub(crate) fn taken(&self) -> u64 {
        self.transport.taken()
    }

    /// Receives into `buffer`. What was gathered is sent first if the caller has to wait, because the
    /// answer that it waits for may depend on it.
    pub(crate) fn recv(&mut self, buffer: &mut [u8]) -> Result<Received, Failure> {
        inject::bug("recv");
        match self.transport.recv(buffer) {
            Ok(Received::Wait) => {}
            Ok(Received::End) => return self.broken.clone().map_or(Ok(Received::End), Err),
            Ok(received) => {
                self.send_answers();
                return Ok(received);
            }
            Err(failure) => {
                self.send_answers();
                return Err(self.broken.get_or_insert(failure).clone());
            }
        }
        self.read_wanted = true;
        self.registration.arm(Interest::READABLE)?;
        if !self.blocked {
            // A failure stays in `broken`; whoever flushes at the end of the turn reports it.
            let _reported_by_flush = self.flush();
        }
        Ok(Received::Wait)
    }

    /// Sends what TLS itself has to say to what was received.
    fn send_answers(&mut self) {
        if self.transport.has_outgoing() && !self.blocked {
            // A failure stays in `broken`; the next write or read reports it.
            let _reported_later = self.flush();
        }
    }

    /// Sends `bytes`, or takes a copy of what the kernel does not.
    ///
    /// The first send of a turn goes out at once, for the sake of latency; small ones that follow are
    /// gathered, for the sake of throughput.
    pub(crate) fn send(&mut self, bytes: &[u8], turn: u32) -> Result<Sent, Failure> {
        inject::bug("send");
        if let Some(failure) = &self.broken {
            return Err(failure.clone());
        }
        if bytes.is_empty() {
            return Ok(Sent::Taken);
        }
        if self.blocked {
            return self.wait_with(bytes);
        }
        let first_of_turn = self.last_turn.replace(turn) != Some(turn);
        if self.outbox.is_empty() && (first_of_turn || bytes.len() >= LARGE_WRITE) {
            return self.send_now(bytes);
        }
        if bytes.len() < LARGE_WRITE && self.outbox.len() + bytes.len() <= MOST_GATHERED {
            self.outbox.push(bytes);
            return Ok(Sent::Gathered);
        }
        match self.flush()? {
            Progress::Wait => self.wait_with(bytes),
            Progress::Done if bytes.len() >= LARGE_WRITE => self.send_now(bytes),
            Progress::Done => {
                self.outbox.push(bytes);
                Ok(Sent::Gathered)
            }
        }
    }

    fn send_now(&mut self, bytes: &[u8]) -> Result<Sent, Failure> {
        let count = self.try_send(bytes)?;
        match bytes.get(count..) {
            Some(rest) if !rest.is_empty() => self.wait_with(rest),
            _ if self.transport.has_outgoing() => self.wait_with(&[]),
            _ => Ok(Sent::Taken),
        }
    }

    /// Keeps a copy of `bytes` until the kernel has room.
    fn wait_with(&mut self, bytes: &[u8]) -> Result<Sent, Failure> {
        self.outbox.push(bytes);
        self.block()?;
        self.write_waits = true;
        Ok(Sent::Wait)
    }

    fn block(&mut self) -> Result<(), Failure> {
        self.blocked = true;
        self.registration.arm(Interest::WRITABLE)
    }

    fn try_send(&mut self, bytes: &[u8]) -> Result<usize, Failure> {
        self.transport.send(bytes).map_err(|failure| self.fail_write(failure))
    }

    fn fail_write(&mut self, failure: Failure) -> Failure {
        self.broken = Some(failure.clone());
        // The end of the stream may already be known; it has to be looked at again, as a failure now.
        self.transport.on_readable();
        self.outbox = ByteQueue::default();
        self.blocked = false;
        failure
    }

    /// Sends what was gathered, and FIN after it if it is wanted.
    pub(crate) fn flush(&mut self) -> Result<Progress, Failure> {
        inject::bug("flush");
        if let Some(failure) = &self.broken {
            return Err(failure.clone());
        }
        while !self.outbox.is_empty() {
            match self.transport.send(self.outbox.rest()) {
                Ok(0) => {
                    self.block()?;
                    return Ok(Progress::Wait);
                }
                Ok(count) => self.outbox.advance(count),
                Err(failure) => return Err(self.fail_write(failure)),
            }
        }
        let ends = self.fin == Fin::Wanted;
        let flushed = if ends { self.transport.close() } else { self.transport.flush() };
        if !flushed.map_err(|failure| self.fail_write(failure))? {
            self.block()?;
            return Ok(Progress::Wait);
        }
        self.blocked = false;
        if ends {
            self.fin = Fin::Sent;
            self.transport.shutdown().map_err(|failure| self.fail_write(failure))?;
        }
        Ok(Progress::Done)
    }

    /// Sends FIN behind everything that was written.
    pub(crate) fn shutdown(&mut self) -> Result<Progress, Failure> {
        inject::bug("shutdown");
        if self.fin == Fin::NotWanted {
            self.fin = Fin::Wanted;
        }
        let progress = self.flush()?;
        self.write_waits = progress == Progress::Wait;
        Ok(progress)
    }

    /// Stops reading for good: input is discarded from here on, so that a peer that only reads what it
    /// can also write is not stuck, and so that closing does not answer unread bytes with RST.
    pub(crate) fn discard_input(&mut self) -> Result<(), Failure> {
        self.discard_present_input();
        if self.input_ended { Ok(()) } else { self.registration.arm(Interest::READABLE) }
    }

    /// The same for what has arrived; what comes later does not matter to a connection that is closed at once.
    pub(crate) fn discard_present_input(&mut self) {
        self.discarding = true;
        self.read_wanted = false;
        let mut scratch = [0; 16 * 1024];
        for _ in 0..DISCARDS_PER_EVENT {
            match self.stream().recv(&mut scratch) {
                Ok(count) if count > 0 => self.discarded = self.discarded.wrapping_add(count as u64),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // The end. As for errors, the send side finds out by itself whether the connection still serves it.
                Ok(_) | Err(_) => {
                    self.input_ended = true;
                    return;
                }
            }
        }
    }

    /// Gives up sending; what can't be sent now is dropped.
    pub(crate) fn abandon(&mut self, is_truncated: bool) {
        if !self.blocked {
            // What was gathered counts as taken. A failure has no writer left to be told.
            let _nobody_to_tell = self.flush();
        }
        self.truncated = is_truncated || !self.outbox.is_empty() || self.transport.has_outgoing();
        self.outbox = ByteQueue::default();
        self.blocked = false;
        self.write_waits = false;
        self.registration.disarm(Interest::WRITABLE);
    }

    /// Whether bytes were dropped by [`Self::abandon`].
    pub(crate) fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// Whether closing now might destroy what was sent: a closed socket answers whatever still comes in with
    /// RST, which drops what the peer's kernel does not have yet. A peer that has sent while it was being sent
    /// to, and was slow to take that (`had_to_wait`), is likely to send more before it has read everything.
    pub(crate) fn must_linger(&self, had_to_wait: bool) -> bool {
        let is_chatty = self.discarded > 0 && had_to_wait;
        !self.input_ended && (is_chatty || self.has_unacknowledged())
    }

    /// Whether the peer's kernel lacks some of what was sent; false where the system does not tell.
    pub(crate) fn has_unacknowledged(&self) -> bool {
        // FIN counts as a byte.
        self.stream().unacknowledged() > usize::from(self.fin == Fin::Sent)
    }

    /// Whether nothing more can come, as was seen while discarding.
    pub(crate) fn input_ended(&self) -> bool {
        self.input_ended
    }

    /// How much input was thrown away.
    pub(crate) fn discarded(&self) -> u64 {
        self.discarded
    }

    /// Whether bytes that arrived before a failure are still to be read.
    pub(crate) fn has_input(&mut self) -> bool {
        self.transport.has_input()
    }

    /// Takes a readiness event; true if the reader is to be told.
    pub(crate) fn on_readable(&mut self) -> Result<bool, Failure> {
        inject::bug("readable");
        self.transport.on_readable();
        if self.discarding {
            self.registration.disarm(Interest::READABLE);
            self.discard_input()?;
            return Ok(false);
        }
        if !self.read_wanted {
            self.registration.disarm(Interest::READABLE);
        }
        Ok(std::mem::take(&mut self.read_wanted))
    }

    /// Takes a readiness event; true if the writer is to be told that its bytes are sent.
    pub(crate) fn on_writable(&mut self) -> Result<bool, Failure> {
        let had_nothing_to_send = !self.blocked;
        if self.flush()? == Progress::Wait {
            return Ok(false);
        }
        // Who was blocked is likely to be blocked again soon: watching goes on until an event comes for nothing.
        if had_nothing_to_send {
            self.registration.disarm(Interest::WRITABLE);
        }
        Ok(std::mem::take(&mut self.write_waits))
    }
}
