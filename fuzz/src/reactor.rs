//! In place of the addon's reactor, one that nobody runs: the targets say when an event comes, and see what is awaited.

use std::cell::Cell;
use std::rc::Rc;

use crate::error::Failure;

/// As in `src/reactor/mod.rs`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interest(u8);

impl Interest {
    pub(crate) const READABLE: Self = Self(1);
    pub(crate) const WRITABLE: Self = Self(2);

    pub(crate) fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A socket that is not watched. Clones share what is armed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registration {
    armed: Rc<Cell<Interest>>,
}

impl Registration {
    pub(crate) fn is_armed(&self, interest: Interest) -> bool {
        self.armed.get().contains(interest)
    }

    pub(crate) fn arm(&mut self, interest: Interest) -> Result<(), Failure> {
        self.armed.set(Interest(self.armed.get().0 | interest.0));
        Ok(())
    }

    pub(crate) fn lose_interest(&mut self, interest: Interest) {
        self.disarm(interest);
    }

    pub(crate) fn disarm(&mut self, interest: Interest) {
        self.armed.set(Interest(self.armed.get().0 & !interest.0));
    }
}
