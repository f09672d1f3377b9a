//! The fallback reactor: tokio waits, and its messages wake the environment's thread.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::task::AbortHandle;

use super::inbox::{Inbox, Message};
use super::{Interest, Key, Registration, runtime};
use crate::net::stream::Stream;

/// Watches sockets by a task for each awaited event.
pub(crate) struct Driver {
    inbox: Arc<Inbox>,
    /// `None` once closed.
    hold: Option<Box<dyn Fn(bool)>>,
}

impl Driver {
    /// `hold` keeps the process alive or lets it go; it owns what the inbox rings.
    pub(crate) fn new(inbox: Arc<Inbox>, hold: Box<dyn Fn(bool)>) -> Self {
        Self { inbox, hold: Some(hold) }
    }

    pub(crate) fn watch(&self, key: Key, stream: tokio::net::TcpStream) -> (Stream, Registration) {
        let stream = Arc::new(stream);
        let watch = Watch {
            key,
            stream: Arc::clone(&stream),
            inbox: Arc::clone(&self.inbox),
            reading: None,
            writing: None,
        };
        (Stream::Tokio(stream), Registration::Tokio(watch))
    }

    pub(crate) fn start_timer(&self, delay: Duration, message: Message) -> io::Result<Timer> {
        let inbox = Arc::clone(&self.inbox);
        let task = runtime::handle()?.spawn(async move {
            tokio::time::sleep(delay).await;
            inbox.push(message);
        });
        Ok(Timer(task.abort_handle()))
    }

    pub(crate) fn hold(&self, hold: bool) {
        if let Some(set) = &self.hold {
            set(hold);
        }
    }

    /// Ends it: no task rings any more, and nothing is held.
    pub(crate) fn close(&mut self) {
        self.inbox.close();
        self.hold = None;
    }

    pub(crate) fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }
}

/// A message to come; dropping it cancels it.
pub(crate) struct Timer(AbortHandle);

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A watched socket; an event is reported once for each [`Watch::arm`].
#[derive(Debug)]
pub(crate) struct Watch {
    key: Key,
    stream: Arc<tokio::net::TcpStream>,
    inbox: Arc<Inbox>,
    reading: Option<Waiter>,
    writing: Option<Waiter>,
}

/// A task that waits for one event; dropping it ends the wait.
#[derive(Debug)]
struct Waiter {
    task: AbortHandle,
    /// Cleared before the event is reported, so that whoever handles the report can arm again.
    waiting: Arc<AtomicBool>,
}

impl Watch {
    pub(crate) fn arm(&mut self, interest: Interest) -> io::Result<()> {
        if interest.contains(Interest::READABLE) && !is_waiting(self.reading.as_ref()) {
            self.reading = Some(self.wait_for(Interest::READABLE)?);
        }
        if interest.contains(Interest::WRITABLE) && !is_waiting(self.writing.as_ref()) {
            self.writing = Some(self.wait_for(Interest::WRITABLE)?);
        }
        Ok(())
    }

    pub(crate) fn disarm(&mut self, interest: Interest) {
        if interest.contains(Interest::READABLE) {
            self.reading = None;
        }
        if interest.contains(Interest::WRITABLE) {
            self.writing = None;
        }
    }

    fn wait_for(&self, interest: Interest) -> io::Result<Waiter> {
        let (key, inbox) = (self.key, Arc::clone(&self.inbox));
        // Weak, so that the socket is closed when its owner drops it, not when this task is cleaned up.
        let stream = Arc::downgrade(&self.stream);
        let waiting = Arc::new(AtomicBool::new(true));
        let reported = Arc::clone(&waiting);
        let task = runtime::handle()?.spawn(async move {
            poll_fn(|context| match stream.upgrade() {
                // An error is an event too: the next receive or send shows what it is.
                Some(stream) if interest == Interest::READABLE => stream.poll_read_ready(context).map(drop),
                Some(stream) => stream.poll_write_ready(context).map(drop),
                None => Poll::Ready(()),
            })
            .await;
            reported.store(false, Ordering::Release);
            inbox.push(Message::Ready { key, interest });
        });
        Ok(Waiter { task: task.abort_handle(), waiting })
    }
}

fn is_waiting(waiter: Option<&Waiter>) -> bool {
    waiter.is_some_and(|waiter| waiter.waiting.load(Ordering::Acquire))
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.task.abort();
    }
}
