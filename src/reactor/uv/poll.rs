//! A socket that libuv watches.
#![allow(unsafe_code, reason = "libuv is a C library")]

use std::cell::Cell;
use std::ffi::c_int;
use std::io;
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::rc::Rc;

use super::handle::{Handle, HandleData, Shared, check, data_of, sys};
use crate::reactor::{Interest, Key};

/// A watched socket.
pub(crate) struct Poll {
    handle: Handle<PollData>,
}

struct PollData {
    shared: Rc<Shared>,
    key: Key,
    armed: Cell<Interest>,
    /// What is armed and not wanted any more: left out of the next change.
    stale: Cell<Interest>,
}

impl HandleData for PollData {
    const KIND: c_int = sys::UV_POLL;
    fn shared(&self) -> &Rc<Shared> {
        &self.shared
    }
}

impl Poll {
    /// Watches a socket, for nothing yet. The loop of `shared` must be live.
    pub(super) fn new(shared: &Rc<Shared>, key: Key, stream: &TcpStream) -> io::Result<Self> {
        let data = PollData {
            shared: Rc::clone(shared),
            key,
            armed: Cell::new(Interest::NONE),
            stale: Cell::new(Interest::NONE),
        };
        let handle = Handle::new(data, |uv, raw| {
            // SAFETY: the loop is live, since whoever has one of its handles or itself keeps it; the descriptor is open.
            unsafe { sys::uv_poll_init(uv, raw, stream.as_raw_fd()) }
        })?;
        // What keeps the process alive is an open connection, see `Loop::hold`, not a wish to read.
        // SAFETY: the handle is initialised.
        unsafe { sys::uv_unref(handle.raw.as_ptr()) };
        Ok(Self { handle })
    }

    pub(crate) fn arm(&self, interest: Interest) -> io::Result<()> {
        let PollData { armed, stale, .. } = self.handle.data();
        stale.set(stale.get().without(interest));
        if armed.get().contains(interest) {
            return Ok(());
        }
        self.watch_for(armed.get().without(stale.get()).with(interest))
    }

    /// The event loop is told with the next change, or when an event comes in spite of this.
    pub(crate) fn lose_interest(&self, interest: Interest) {
        let PollData { armed, stale, .. } = self.handle.data();
        let unwanted = armed.get().without(armed.get().without(interest));
        stale.set(stale.get().with(unwanted));
    }

    pub(crate) fn disarm(&self, interest: Interest) {
        let PollData { armed, stale, .. } = self.handle.data();
        let rest = armed.get().without(stale.get()).without(interest);
        if rest != armed.get() {
            // Fewer events of a live handle: libuv has no way to fail at it.
            let _cannot_fail = self.watch_for(rest);
        }
    }

    fn watch_for(&self, interest: Interest) -> io::Result<()> {
        self.handle.data().armed.set(interest);
        self.handle.data().stale.set(Interest::NONE);
        let raw = self.handle.raw.as_ptr();
        if interest == Interest::NONE {
            // SAFETY: the handle is open.
            return check(unsafe { sys::uv_poll_stop(raw) });
        }
        let mut events = 0;
        if interest.contains(Interest::READABLE) {
            events |= sys::UV_READABLE;
        }
        if interest.contains(Interest::WRITABLE) {
            events |= sys::UV_WRITABLE;
        }
        // SAFETY: the handle is open.
        check(unsafe { sys::uv_poll_start(raw, events, on_ready) })
    }
}

// SAFETY: `Poll` gives it to libuv and to nobody else, for handles with `PollData`.
unsafe extern "C" fn on_ready(raw: *mut sys::uv_handle_t, status: c_int, events: c_int) {
    // SAFETY: this callback belongs to handles with `PollData`.
    let data = unsafe { data_of::<PollData>(raw) };
    let mut ready = Interest::NONE;
    if status < 0 {
        // libuv stops a poll that reports an error; the next system call shows what it is.
        data.armed.set(Interest::NONE);
        ready = Interest::BOTH;
    }
    if events & sys::UV_READABLE != 0 {
        ready = ready.with(Interest::READABLE);
    }
    if events & sys::UV_WRITABLE != 0 {
        ready = ready.with(Interest::WRITABLE);
    }
    data.shared.batch.push(data.key, ready);
}

impl std::fmt::Debug for Poll {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let data = self.handle.data();
        f.debug_struct("Poll").field("key", &data.key).field("armed", &data.armed.get()).finish()
    }
}
