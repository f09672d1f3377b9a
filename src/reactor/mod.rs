//! Tells when a socket is ready: on libuv, in the JS thread, or on tokio where the host has no libuv.
//!
//! Unit tests run outside Node, where there is no libuv to link with: they are built without it.

pub(crate) mod batch;
pub(crate) mod inbox;
pub(crate) mod runtime;
pub(crate) mod tokio;
#[cfg(all(unix, not(test)))]
pub(crate) mod uv;

use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Failure;
use crate::net::stream::Stream;
use inbox::{Inbox, Message};

/// Names a connection within its environment; a slot's index and its generation, see [`crate::engine::table`].
pub(crate) type Key = u32;

/// What a socket is watched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interest(u8);

impl Interest {
    pub(crate) const READABLE: Self = Self(1);
    pub(crate) const WRITABLE: Self = Self(2);
    pub(crate) const BOTH: Self = Self(3);

    pub(crate) fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) const NONE: Self = Self(0);
}

/// The source of readiness events of one environment.
pub(crate) enum Reactor {
    #[cfg(all(unix, not(test)))]
    Uv(uv::Loop),
    Tokio(tokio::Driver),
}

impl Reactor {
    /// Whether a connect can be started and watched in place, without another thread.
    pub(crate) fn connects_in_place(&self) -> bool {
        match self {
            #[cfg(all(unix, not(test)))]
            Self::Uv(_) => true,
            Self::Tokio(_) => false,
        }
    }

    /// Watches a socket, which becomes non-blocking.
    pub(crate) fn watch(&self, key: Key, stream: TcpStream) -> io::Result<(Stream, Registration)> {
        match self {
            #[cfg(all(unix, not(test)))]
            Self::Uv(uv) => {
                let poll = uv.watch(key, &stream)?;
                Ok((Stream::Plain(stream), Registration::Uv(poll)))
            }
            Self::Tokio(driver) => {
                let _runtime = runtime::handle()?.enter();
                stream.set_nonblocking(true)?;
                Ok(driver.watch(key, ::tokio::net::TcpStream::from_std(stream)?))
            }
        }
    }

    /// Takes over a socket that tokio connected.
    pub(crate) fn adopt(
        &self,
        key: Key,
        stream: ::tokio::net::TcpStream,
    ) -> io::Result<(Stream, Registration)> {
        match self {
            #[cfg(all(unix, not(test)))]
            Self::Uv(_) => self.watch(key, stream.into_std()?),
            Self::Tokio(driver) => Ok(driver.watch(key, stream)),
        }
    }

    /// Keeps the process alive, or stops doing so.
    pub(crate) fn hold(&self, hold: bool) {
        match self {
            #[cfg(all(unix, not(test)))]
            Self::Uv(uv) => uv.hold(hold),
            Self::Tokio(driver) => driver.hold(hold),
        }
    }

    /// Leaves a message in the inbox after some time. Without threads or memory for it there is no timer.
    pub(crate) fn start_timer(&self, delay: Duration, message: Message) -> Option<Timer> {
        match self {
            #[cfg(all(unix, not(test)))]
            Self::Uv(uv) => uv.start_timer(delay, message).ok().map(Timer::Uv),
            Self::Tokio(driver) => driver.start_timer(delay, message).ok().map(Timer::Tokio),
        }
    }

    /// Exchanges the readiness events that came in since the last call for `emptied`.
    pub(crate) fn take_ready(&self, emptied: &mut Vec<(Key, Interest)>) {
        match self {
            #[cfg(all(unix, not(test)))]
            Self::Uv(uv) => uv.batch().swap(emptied),
            // They come through the inbox.
            Self::Tokio(_) => emptied.clear(),
        }
    }

    /// Ends it for good; `on_closed` is called when nothing of it is left. Registrations have to be
    /// dropped too.
    pub(crate) fn close(&mut self, on_closed: Box<dyn FnOnce()>) {
        match self {
            #[cfg(all(unix, not(test)))]
            Self::Uv(uv) => uv.close(on_closed),
            Self::Tokio(driver) => {
                driver.close();
                on_closed();
            }
        }
    }

    /// Where other threads leave their messages.
    pub(crate) fn inbox(&self) -> &Arc<Inbox> {
        match self {
            #[cfg(all(unix, not(test)))]
            Self::Uv(uv) => uv.inbox(),
            Self::Tokio(driver) => driver.inbox(),
        }
    }
}

/// A message to come. Dropping it cancels it, though a message that is in the inbox stays there.
#[expect(dead_code, reason = "they are held for what dropping them does")]
pub(crate) enum Timer {
    #[cfg(all(unix, not(test)))]
    Uv(uv::Timer),
    Tokio(tokio::Timer),
}

/// A watched socket. Dropping it ends the watch; drop it before the socket.
#[derive(Debug)]
pub(crate) enum Registration {
    #[cfg(all(unix, not(test)))]
    Uv(uv::Poll),
    Tokio(tokio::Watch),
    /// Watched by nobody, for tests of what does not wait.
    #[cfg(test)]
    Unwatched,
}

impl Registration {
    /// Asks for an event; a no-op where it is already under way.
    pub(crate) fn arm(&mut self, interest: Interest) -> Result<(), Failure> {
        let armed = match self {
            #[cfg(all(unix, not(test)))]
            Self::Uv(poll) => poll.arm(interest),
            Self::Tokio(watch) => watch.arm(interest),
            #[cfg(test)]
            Self::Unwatched => Ok(()),
        };
        armed.map_err(|error| Failure::from_io("poll", &error))
    }

    /// Needs no more events of this kind, but does not mind one: cheaper than [`Self::disarm`] where the watch is about
    /// to change or to end anyway.
    pub(crate) fn lose_interest(&mut self, interest: Interest) {
        match self {
            #[cfg(all(unix, not(test)))]
            Self::Uv(poll) => poll.lose_interest(interest),
            Self::Tokio(watch) => watch.disarm(interest),
            #[cfg(test)]
            Self::Unwatched => {}
        }
    }

    /// Wants no more events of this kind; one that is under way may still come.
    pub(crate) fn disarm(&mut self, interest: Interest) {
        match self {
            #[cfg(all(unix, not(test)))]
            Self::Uv(poll) => poll.disarm(interest),
            Self::Tokio(watch) => watch.disarm(interest),
            #[cfg(test)]
            Self::Unwatched => {}
        }
    }
}
