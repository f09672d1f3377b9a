//! The connections of one Node environment: what is asked of them, and what happened to them.

mod closing;
mod connect;
pub(crate) mod secure;
mod table;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::task::AbortHandle;

use crate::error::Failure;
use crate::net::link::{Link, Progress, Sent};
use crate::net::stream::Stream;
use crate::net::transport::Received;
use crate::reactor::inbox::Message;
use crate::reactor::{Interest, Key, Reactor, Registration};
use crate::tls::client::Target;
use closing::Closing;
use secure::Place;
use table::Table;

/// What happened to a connection, as JavaScript is told: a set of flags.
pub(crate) mod flags {
    /// It is connected.
    pub(crate) const OPENED: u32 = 1;
    /// It could not be connected; its failure can be taken, after which its key is void.
    pub(crate) const FAILED: u32 = 2;
    /// A read that had to wait can be tried again.
    pub(crate) const READABLE: u32 = 4;
    /// A write or shutdown that had to wait is done.
    pub(crate) const WRITABLE: u32 = 8;
    /// Sending failed; its failure can be taken.
    pub(crate) const BROKEN: u32 = 16;
    /// A close that had to wait is done; its key is void.
    pub(crate) const CLOSED: u32 = 32;
}

/// The engine of one environment. All of it runs on that environment's thread.
pub(crate) struct Engine {
    reactor: Reactor,
    table: Table<Connection>,
    events: VecDeque<(Key, u32)>,
    /// How many events JavaScript has been given.
    taken: u64,
    /// Connections that gathered small writes in this turn.
    gathered: Vec<Key>,
    /// Memory for the readiness events of a turn.
    ready: Vec<(Key, Interest)>,
    /// Counts the turns, so that a connection knows whether it has already sent in this one.
    turn: u32,
    /// How many connections keep the process alive.
    holding: usize,
    /// Counts the handshakes on this thread, by its references.
    places: Place,
}

struct Connection {
    phase: Phase,
    closing: Option<Closing>,
    /// Waits for JavaScript to take it.
    failure: Option<Failure>,
    /// Keeps the process alive.
    holds: bool,
}

enum Phase {
    /// A tokio task resolves and connects.
    Dialing(AbortHandle),
    /// A connect is under way in place. The registration goes before the descriptor.
    Connecting {
        registration: Registration,
        stream: Stream,
        address: SocketAddr,
        tls: Option<(Target, Place)>,
    },
    /// A handshake is under way in place.
    Securing {
        link: Link,
        _place: Place,
    },
    Open(Link),
    /// It never connected.
    Failed,
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Phase::Dialing(task) = &self.phase {
            task.abort();
        }
    }
}

/// An operation failed; [`Engine::take_failure`] tells why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failed;

impl Engine {
    pub(crate) fn new(reactor: Reactor) -> Self {
        Self {
            reactor,
            table: Table::default(),
            events: VecDeque::new(),
            taken: 0,
            gathered: Vec::new(),
            ready: Vec::new(),
            turn: 0,
            holding: 0,
            places: Place::default(),
        }
    }

    /// Receives into `buffer`.
    pub(crate) fn recv(&mut self, key: Key, buffer: &mut [u8]) -> Result<Received, Failed> {
        self.with_link(key, |link| link.recv(buffer))
    }

    /// Sends `bytes`; after [`Sent::Gathered`] the caller owes a [`Self::flush`] before its turn ends.
    pub(crate) fn send(&mut self, key: Key, bytes: &[u8]) -> Result<Sent, Failed> {
        let turn = self.turn;
        let sent = self.with_link(key, |link| link.send(bytes, turn))?;
        if sent == Sent::Gathered && self.gathered.last() != Some(&key) {
            self.gathered.push(key);
        }
        Ok(sent)
    }

    /// Sends what was gathered on all connections, and ends the turn; a failure becomes an event.
    pub(crate) fn flush(&mut self) {
        self.turn = self.turn.wrapping_add(1);
        for key in std::mem::take(&mut self.gathered) {
            // Unless it was closed, or upgraded, since.
            if self.link(key).is_some() && self.with_link(key, Link::flush).is_err() {
                self.events.push_back((key, flags::BROKEN));
            }
        }
    }

    /// Sends FIN behind everything that was written.
    pub(crate) fn shutdown(&mut self, key: Key) -> Result<Progress, Failed> {
        self.with_link(key, Link::shutdown)
    }

    /// Whether bytes are still to be read, for a connection that can't send any more.
    pub(crate) fn has_input(&mut self, key: Key) -> bool {
        self.with_link(key, |link| Ok(link.has_input())).unwrap_or(false)
    }

    /// Says whether this connection keeps the process alive.
    pub(crate) fn hold(&mut self, key: Key, hold: bool) {
        if let Some(connection) = self.table.get_mut(key)
            && std::mem::replace(&mut connection.holds, hold) != hold
        {
            self.count_holding(hold);
        }
    }

    /// Takes the failure of a connection; one that never connected is void after that.
    pub(crate) fn take_failure(&mut self, key: Key) -> Option<Failure> {
        let connection = self.table.get_mut(key)?;
        let failure = connection.failure.take();
        if matches!(connection.phase, Phase::Failed) {
            self.release(key);
        }
        failure
    }

    /// An open connection.
    pub(crate) fn link(&mut self, key: Key) -> Option<&Link> {
        match &self.table.get_mut(key)?.phase {
            Phase::Open(link) => Some(link),
            _ => None,
        }
    }

    /// Works through what happened since the last turn, and turns it into events for JavaScript.
    pub(crate) fn turn(&mut self) {
        self.turn = self.turn.wrapping_add(1);
        for message in self.reactor.inbox().take() {
            match message {
                Message::Dialed { key, result } => self.contain(key, |engine| engine.on_dialed(key, result)),
                Message::Ready { key, interest } => {
                    self.contain(key, |engine| engine.on_ready(key, interest));
                }
                Message::Deadline { key, mark } => self.contain(key, |engine| engine.on_deadline(key, mark)),
            }
        }
        let mut ready = std::mem::take(&mut self.ready);
        self.reactor.take_ready(&mut ready);
        for &(key, interest) in &ready {
            self.contain(key, |engine| engine.on_ready(key, interest));
        }
        self.ready = ready;
    }

    /// Sees to it that another turn comes, if events are left.
    pub(crate) fn ask_for_turn(&self) {
        if !self.events.is_empty() {
            self.reactor.inbox().ring();
        }
    }

    /// Moves events to `out`, as pairs of a key and its flags; how many.
    pub(crate) fn take_events(&mut self, out: &mut [u32]) -> u32 {
        // JavaScript has worked through all that it was given before, and forgotten what was closed. Until then a new
        // connection in the slot would be in its way: `lib/core.js` finds connections by their slots.
        self.table.reuse(if self.events.is_empty() { u64::MAX } else { self.taken });
        let mut count = 0;
        for pair in out.chunks_exact_mut(2) {
            let Some((key, happened)) = self.events.pop_front() else {
                break;
            };
            pair.copy_from_slice(&[key, happened]);
            count += 1;
        }
        self.taken += u64::from(count);
        count
    }

    /// Closes everything, for good; `on_closed` is called when nothing of it is left.
    pub(crate) fn shut_down(&mut self, on_closed: Box<dyn FnOnce()>) {
        self.table.clear();
        self.reactor.close(on_closed);
    }

    /// A bug in what an event sets off must not take the process down: it fails that connection.
    fn contain(&mut self, key: Key, handle: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| handle(self))).is_ok() {
            return;
        }
        if let Some(connection) = self.table.get_mut(key) {
            let was_open = matches!(connection.phase, Phase::Open(_));
            connection.failure = Some(bug("poll"));
            if !was_open {
                connection.phase = Phase::Failed;
            }
            self.events.push_back((key, if was_open { flags::BROKEN } else { flags::FAILED }));
        }
    }

    fn on_ready(&mut self, key: Key, interest: Interest) {
        let Some(connection) = self.table.get_mut(key) else {
            return;
        };
        let link = match &mut connection.phase {
            Phase::Connecting { .. } => return self.on_connected(key),
            Phase::Securing { .. } => return self.on_securing(key),
            Phase::Open(link) => link,
            Phase::Dialing(_) | Phase::Failed => return,
        };
        let mut happened = 0;
        if let Err(failure) = link_is_ready(link, interest, &mut happened) {
            connection.failure = Some(failure);
            happened |= flags::BROKEN;
        }
        let is_closing = connection.closing.is_some();
        let happened = if is_closing { self.on_closing(key, happened) } else { happened };
        if happened != 0 {
            self.events.push_back((key, happened));
        }
    }

    /// Runs an operation on an open connection, and keeps its failure for [`Self::take_failure`]. A bug is one.
    fn with_link<T>(
        &mut self,
        key: Key,
        operation: impl FnOnce(&mut Link) -> Result<T, Failure>,
    ) -> Result<T, Failed> {
        let connection = self.table.get_mut(key).ok_or(Failed)?;
        let Phase::Open(link) = &mut connection.phase else {
            return Err(Failed);
        };
        guard("poll", || operation(link)).map_err(|failure| {
            connection.failure = Some(failure);
            Failed
        })
    }

    /// Closes the descriptor and voids the key.
    fn release(&mut self, key: Key) {
        // The number of the event that may follow, which tells that it is closed.
        let event = self.taken + self.events.len() as u64;
        if let Some(connection) = self.table.remove(key, event)
            && connection.holds
        {
            self.count_holding(false);
        }
    }

    fn count_holding(&mut self, more: bool) {
        let before = self.holding;
        self.holding = if more { before + 1 } else { before.saturating_sub(1) };
        if (before == 0) != (self.holding == 0) {
            self.reactor.hold(self.holding > 0);
        }
    }
}

/// A bug in what is done for one connection must not take the process down: it is a failure of that connection.
fn guard<T>(syscall: &'static str, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_panic| Err(bug(syscall)))
}

/// What a panic is to the user.
fn bug(syscall: &'static str) -> Failure {
    Failure::new("ERR_INTERNAL", syscall, "a bug in winter-sockets ended it")
}

/// Lets a link work on what it is ready for, and adds what happened: a failure to send does not undo that there
/// is something to read.
fn link_is_ready(link: &mut Link, interest: Interest, happened: &mut u32) -> Result<(), Failure> {
    if interest.contains(Interest::READABLE) && link.on_readable()? {
        *happened |= flags::READABLE;
    }
    if interest.contains(Interest::WRITABLE) && link.on_writable()? {
        *happened |= flags::WRITABLE;
    }
    Ok(())
}
