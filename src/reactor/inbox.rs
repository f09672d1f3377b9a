//! Messages from other threads to an environment.

use std::sync::{Mutex, PoisonError};

use super::{Interest, Key};
use crate::error::Failure;
use crate::net::dial::Dialed;

/// What another thread has to tell.
pub(crate) enum Message {
    /// A dial ended.
    Dialed { key: Key, result: Result<Dialed, Failure> },
    /// A socket is ready (tokio reactor only).
    Ready { key: Key, interest: Interest },
    /// The time to make progress is over; `mark` is what there was to see when it began.
    Deadline { key: Key, mark: u64 },
}

/// Wakes the environment's thread; called from any thread, under the inbox's lock.
pub(crate) trait Wake: Send {
    fn wake(&self);
}

/// The queue, and the bell beside it. Once the bell is gone messages are dropped, and their sockets closed.
#[derive(Default)]
pub(crate) struct Inbox {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    messages: Vec<Message>,
    bell: Option<Box<dyn Wake>>,
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inbox")
    }
}

impl Inbox {
    /// Connects the bell.
    pub(crate) fn open(&self, bell: Box<dyn Wake>) {
        self.lock().bell = Some(bell);
    }

    /// Removes the bell: after this, no thread touches the environment any more.
    pub(crate) fn close(&self) {
        let inner = std::mem::take(&mut *self.lock());
        drop(inner);
    }

    /// Leaves a message.
    pub(crate) fn push(&self, message: Message) {
        let mut inner = self.lock();
        if let Some(bell) = &inner.bell {
            // One ring serves all messages that are taken out together.
            if inner.messages.is_empty() {
                bell.wake();
            }
            inner.messages.push(message);
        }
    }

    /// Wakes the environment's thread without a message.
    pub(crate) fn ring(&self) {
        if let Some(bell) = &self.lock().bell {
            bell.wake();
        }
    }

    /// Takes all messages.
    pub(crate) fn take(&self) -> Vec<Message> {
        std::mem::take(&mut self.lock().messages)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        // A poisoned lock guards plain data that is valid at every step.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    struct Counter(Arc<AtomicUsize>);
    impl Wake for Counter {
        fn wake(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn one_ring_serves_the_messages_that_come_before_they_are_taken() {
        let rings = Arc::new(AtomicUsize::new(0));
        let inbox = Inbox::default();
        inbox.open(Box::new(Counter(Arc::clone(&rings))));
        inbox.push(Message::Deadline { key: 1, mark: 0 });
        inbox.push(Message::Deadline { key: 2, mark: 0 });
        assert_eq!((rings.load(Ordering::SeqCst), inbox.take().len()), (1, 2));
        inbox.push(Message::Deadline { key: 3, mark: 0 });
        assert_eq!((rings.load(Ordering::SeqCst), inbox.take().len()), (2, 1));
    }

    #[test]
    fn a_closed_inbox_drops_what_it_gets() {
        let inbox = Inbox::default();
        inbox.open(Box::new(Counter(Arc::default())));
        inbox.close();
        inbox.push(Message::Deadline { key: 1, mark: 0 });
        assert!(inbox.take().is_empty());
    }
}
