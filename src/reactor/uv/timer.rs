//! A message after some time, with no thread that waits for it.
#![allow(unsafe_code, reason = "libuv is a C library")]

use std::cell::RefCell;
use std::ffi::c_int;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::handle::{Handle, HandleData, Shared, check, data_of, sys};
use crate::reactor::inbox::{Inbox, Message};

/// Dropping it cancels it.
pub(crate) struct Timer {
    _handle: Handle<TimerData>,
}

struct TimerData {
    shared: Rc<Shared>,
    inbox: Arc<Inbox>,
    /// `None` once it is sent.
    message: RefCell<Option<Message>>,
}

impl HandleData for TimerData {
    const KIND: c_int = sys::UV_TIMER;
    fn shared(&self) -> &Rc<Shared> {
        &self.shared
    }
}

impl Timer {
    /// The loop of `shared` must be live.
    pub(super) fn start(
        shared: &Rc<Shared>,
        inbox: Arc<Inbox>,
        delay: Duration,
        message: Message,
    ) -> io::Result<Self> {
        let data = TimerData { shared: Rc::clone(shared), inbox, message: RefCell::new(Some(message)) };
        let handle = Handle::new(data, |uv, raw| {
            // SAFETY: the loop is live, `raw` is memory of a timer's size.
            unsafe { sys::uv_timer_init(uv, raw) }
        })?;
        let timeout = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        // The loop looks at the clock at the beginning of its turn: a timer would come early by what this turn has taken.
        // SAFETY: the handle is initialised, and its loop is live. It does not keep the process alive: connections do that.
        check(unsafe {
            sys::uv_update_time(shared.uv);
            sys::uv_unref(handle.raw.as_ptr());
            sys::uv_timer_start(handle.raw.as_ptr(), on_time, timeout, 0)
        })?;
        Ok(Self { _handle: handle })
    }
}

// SAFETY: `Timer::start` gives it to libuv and to nobody else, for handles with `TimerData`.
unsafe extern "C" fn on_time(raw: *mut sys::uv_handle_t) {
    // SAFETY: this callback belongs to handles with `TimerData`.
    let data = unsafe { data_of::<TimerData>(raw) };
    let message = data.message.borrow_mut().take();
    if let Some(message) = message {
        data.inbox.push(message);
    }
}
