//! The libuv reactor: readiness on the JS thread, with no hop between threads.
#![allow(unsafe_code, reason = "libuv is a C library")]

mod handle;
mod poll;
mod timer;

use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::io;
use std::net::TcpStream;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::Key;
use super::batch::Batch;
use super::inbox::{Inbox, Message, Wake};
use handle::{Handle, HandleData, Shared, check, data_of, sys};
pub(crate) use poll::Poll;
pub(crate) use timer::Timer;

/// The event loop of one Node environment.
pub(crate) struct Loop {
    shared: Rc<Shared>,
    inbox: Arc<Inbox>,
    /// `None` once closed.
    handles: Option<(Handle<AsyncData>, Handle<CheckData>)>,
}

struct AsyncData {
    shared: Rc<Shared>,
}

struct CheckData {
    shared: Rc<Shared>,
    on_turn: Box<dyn Fn()>,
}

impl HandleData for AsyncData {
    const KIND: c_int = sys::UV_ASYNC;
    fn shared(&self) -> &Rc<Shared> {
        &self.shared
    }
}

impl HandleData for CheckData {
    const KIND: c_int = sys::UV_CHECK;
    fn shared(&self) -> &Rc<Shared> {
        &self.shared
    }
}

impl Loop {
    /// Attaches to `uv`; `on_turn` is called once for each turn of the loop in which something happened.
    ///
    /// # Safety
    /// `uv` must be a live `uv_loop_t` that this thread runs, and it must stay so until [`Loop::close`]
    /// has reported that all handles are closed.
    // SAFETY: the one caller, `make_reactor`, passes the loop that Node runs on this thread.
    pub(crate) unsafe fn new(uv: NonNull<c_void>, on_turn: Box<dyn Fn()>) -> io::Result<Self> {
        let shared = Rc::new(Shared {
            uv: uv.as_ptr().cast(),
            batch: Batch::default(),
            open: Cell::new(0),
            on_closed: RefCell::new(None),
        });
        let bell = Handle::new(AsyncData { shared: Rc::clone(&shared) }, |uv, raw| {
            // SAFETY: `uv` is live by this function's contract, `raw` is memory of an async handle's size.
            unsafe { sys::uv_async_init(uv, raw, on_bell) }
        })?;
        let turn = Handle::new(CheckData { shared: Rc::clone(&shared), on_turn }, |uv, raw| {
            // SAFETY: as above, for a check handle.
            unsafe { sys::uv_check_init(uv, raw) }
        })?;
        // SAFETY: both handles are initialised. Neither keeps the process alive by itself.
        check(unsafe {
            sys::uv_unref(bell.raw.as_ptr());
            sys::uv_unref(turn.raw.as_ptr());
            sys::uv_check_start(turn.raw.as_ptr(), on_check)
        })?;
        let inbox = Arc::new(Inbox::default());
        inbox.open(Box::new(Bell(bell.raw)));
        Ok(Self { shared, inbox, handles: Some((bell, turn)) })
    }

    /// Watches a socket, for nothing yet.
    pub(crate) fn watch(&self, key: Key, stream: &TcpStream) -> io::Result<Poll> {
        Poll::new(&self.shared, key, stream)
    }

    /// Leaves a message in the inbox after some time.
    pub(crate) fn start_timer(&self, delay: Duration, message: Message) -> io::Result<Timer> {
        Timer::start(&self.shared, Arc::clone(&self.inbox), delay, message)
    }

    /// Keeps the loop alive, or stops doing so.
    pub(crate) fn hold(&self, hold: bool) {
        let Some((bell, _)) = &self.handles else { return };
        let raw = bell.raw.as_ptr();
        // SAFETY: the handle is open; both calls are idempotent.
        unsafe {
            if hold {
                sys::uv_ref(raw);
            } else {
                sys::uv_unref(raw);
            }
        }
    }

    pub(crate) fn batch(&self) -> &Batch {
        &self.shared.batch
    }

    pub(crate) fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    /// Closes everything; `on_closed` is called when libuv has let go of the last handle. The watches of
    /// this loop have to be dropped too.
    pub(crate) fn close(&mut self, on_closed: Box<dyn FnOnce()>) {
        // First the bell: from here on no other thread rings a handle that is about to go.
        self.inbox.close();
        self.handles = None;
        *self.shared.on_closed.borrow_mut() = Some(on_closed);
    }
}

/// Rings from any thread.
struct Bell(NonNull<sys::uv_handle_t>);

// SAFETY: `uv_async_send` is the one libuv call that any thread may make. The inbox rings under its lock,
// and forgets the bell (`Inbox::close`) before the handle is closed.
unsafe impl Send for Bell {}

impl Wake for Bell {
    fn wake(&self) {
        // SAFETY: the handle is open while the inbox has this bell.
        unsafe { sys::uv_async_send(self.0.as_ptr()) };
    }
}

// SAFETY: `Loop::new` gives it to libuv and to nobody else, for handles with `AsyncData`.
unsafe extern "C" fn on_bell(raw: *mut sys::uv_handle_t) {
    // SAFETY: this callback belongs to handles with `AsyncData`.
    unsafe { data_of::<AsyncData>(raw) }.shared.batch.wake();
}

// SAFETY: `Loop::new` gives it to libuv and to nobody else, for handles with `CheckData`.
unsafe extern "C" fn on_check(raw: *mut sys::uv_handle_t) {
    // SAFETY: this callback belongs to handles with `CheckData`.
    let data = unsafe { data_of::<CheckData>(raw) };
    if data.shared.batch.is_due() {
        (data.on_turn)();
    }
}
