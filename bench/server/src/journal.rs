//! What happened on the connections, with the server's own clock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// More than the connections that one run makes, so that its window is always complete.
const KEPT: usize = 64 * 1024;

/// The bytes of one connection, and the time from the first to the last of them.
pub(crate) struct Transfer {
    pub(crate) bytes: u64,
    pub(crate) start: Instant,
    pub(crate) end: Instant,
}

impl Transfer {
    pub(crate) fn start() -> Self {
        let now = Instant::now();
        Self { bytes: 0, start: now, end: now }
    }
}

struct Entry {
    opened: Instant,
    transfer: Transfer,
}

/// The latest transfers, summed up.
#[derive(Default)]
pub(crate) struct Window {
    pub(crate) connections: usize,
    pub(crate) bytes: u64,
    /// From the first byte of any of them to the last byte of any of them.
    pub(crate) span: Duration,
    /// From the moment when the first of them came, before any handshake, to the same end.
    pub(crate) life: Duration,
}

/// The transfers that ended, and how many are still going on.
#[derive(Default)]
pub(crate) struct Journal {
    ended: Mutex<VecDeque<Entry>>,
    open: AtomicUsize,
}

impl Journal {
    /// Counts a connection as open until the returned guard goes.
    pub(crate) fn open(journal: &Arc<Self>) -> Open {
        journal.open.fetch_add(1, Ordering::Relaxed);
        Open { journal: Arc::clone(journal), at: Instant::now() }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.open.load(Ordering::Acquire) == 0
    }

    /// Sums up the `count` transfers that ended last.
    pub(crate) fn window(&self, count: usize) -> Window {
        let ended = self.ended();
        let mut latest = ended.iter().rev().take(count);
        let Some(Entry { opened, transfer: first }) = latest.next() else {
            return Window::default();
        };
        let (mut connections, mut bytes) = (1, first.bytes);
        let (mut opened, mut start, mut end) = (*opened, first.start, first.end);
        for entry in latest {
            connections += 1;
            bytes += entry.transfer.bytes;
            opened = opened.min(entry.opened);
            start = start.min(entry.transfer.start);
            end = end.max(entry.transfer.end);
        }
        Window { connections, bytes, span: end - start, life: end - opened }
    }

    fn ended(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that has not ended yet.
pub(crate) struct Open {
    journal: Arc<Journal>,
    at: Instant,
}

impl Open {
    /// Notes a transfer that went well. Without it, the connection leaves no trace.
    pub(crate) fn finish(self, transfer: Transfer) {
        let mut ended = self.journal.ended();
        if ended.len() == KEPT {
            ended.pop_front();
        }
        ended.push_back(Entry { opened: self.at, transfer });
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.journal.open.fetch_sub(1, Ordering::Release);
    }
}
