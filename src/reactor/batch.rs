//! The readiness events of one turn of the event loop.

use std::cell::{Cell, RefCell};

use super::{Interest, Key};

/// Gathers events until the end of the turn, so that one call into JavaScript serves all sockets.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    ready: RefCell<Vec<(Key, Interest)>>,
    woken: Cell<bool>,
}

impl Batch {
    /// Notes that a socket is ready.
    pub(crate) fn push(&self, key: Key, interest: Interest) {
        self.ready.borrow_mut().push((key, interest));
    }

    /// Notes that something else than a socket wants a turn.
    pub(crate) fn wake(&self) {
        self.woken.set(true);
    }

    /// Whether a turn has anything to do; the wake-up is used up by asking.
    pub(crate) fn is_due(&self) -> bool {
        self.woken.take() || !self.ready.borrow().is_empty()
    }

    /// Exchanges the gathered events for `emptied`, whose memory is used again.
    pub(crate) fn swap(&self, emptied: &mut Vec<(Key, Interest)>) {
        emptied.clear();
        std::mem::swap(&mut *self.ready.borrow_mut(), emptied);
    }
}
