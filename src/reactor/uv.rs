//! The libuv reactor: readiness on the JS thread, with no hop between threads.
//!
//! Every handle lives in memory of its own that is freed in its close callback, as libuv demands. The
//! symbols are those of the host executable, which is the Node process itself.
#![allow(unsafe_code, reason = "libuv is a C library")]

use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::io;
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::Arc;

use super::batch::Batch;
use super::inbox::{Inbox, Wake};
use super::{Interest, Key};

/// The bindings that are used here; <https://docs.libuv.org/en/v1.x/>.
#[expect(non_camel_case_types, reason = "libuv's own names")]
mod sys {
    use super::{c_int, c_void};

    #[repr(C)]
    pub(super) struct uv_loop_t {
        _opaque: [u8; 0],
    }
    #[repr(C)]
    pub(super) struct uv_handle_t {
        _opaque: [u8; 0],
    }
    // SAFETY: libuv alone calls what is passed as these, on the loop's thread, with a handle that is not closed yet.
    pub(super) type uv_cb = unsafe extern "C" fn(*mut uv_handle_t);
    pub(super) type uv_poll_cb = unsafe extern "C" fn(*mut uv_handle_t, c_int, c_int);

    // `uv_handle_type`; part of the ABI that libuv keeps stable within version 1.
    pub(super) const UV_ASYNC: c_int = 1;
    pub(super) const UV_CHECK: c_int = 2;
    pub(super) const UV_POLL: c_int = 8;

    pub(super) const UV_READABLE: c_int = 1;
    pub(super) const UV_WRITABLE: c_int = 2;

    // SAFETY: the signatures are those of libuv's headers, whose ABI is stable within version 1; handles are opaque here.
    unsafe extern "C" {
        pub(super) fn uv_handle_size(kind: c_int) -> usize;
        pub(super) fn uv_handle_set_data(handle: *mut uv_handle_t, data: *mut c_void);
        pub(super) fn uv_handle_get_data(handle: *const uv_handle_t) -> *mut c_void;
        pub(super) fn uv_close(handle: *mut uv_handle_t, on_close: uv_cb);
        pub(super) fn uv_ref(handle: *mut uv_handle_t);
        pub(super) fn uv_unref(handle: *mut uv_handle_t);
        pub(super) fn uv_async_init(uv: *mut uv_loop_t, handle: *mut uv_handle_t, cb: uv_cb) -> c_int;
        pub(super) fn uv_async_send(handle: *mut uv_handle_t) -> c_int;
        pub(super) fn uv_check_init(uv: *mut uv_loop_t, handle: *mut uv_handle_t) -> c_int;
        pub(super) fn uv_check_start(handle: *mut uv_handle_t, cb: uv_cb) -> c_int;
        pub(super) fn uv_poll_init(uv: *mut uv_loop_t, handle: *mut uv_handle_t, fd: c_int) -> c_int;
        pub(super) fn uv_poll_start(handle: *mut uv_handle_t, events: c_int, cb: uv_poll_cb) -> c_int;
        pub(super) fn uv_poll_stop(handle: *mut uv_handle_t) -> c_int;
    }
}

/// libuv's errors are negated error numbers on Unix.
fn check(status: c_int) -> io::Result<()> {
    if status < 0 { Err(io::Error::from_raw_os_error(-status)) } else { Ok(()) }
}

/// What all handles of one loop share.
struct Shared {
    uv: *mut sys::uv_loop_t,
    batch: Batch,
    /// Handles that libuv still knows.
    open: Cell<usize>,
    /// Called when the last handle is gone, once that is asked for.
    on_closed: RefCell<Option<Box<dyn FnOnce()>>>,
}

/// Memory for a handle, and the closing of it.
///
/// The handle's data is a `Box<T>`, owned by the handle until its close callback has run.
struct Handle<T: HandleData> {
    raw: NonNull<sys::uv_handle_t>,
    data: NonNull<T>,
}

/// What a handle's data must know: which loop it belongs to.
trait HandleData: 'static {
    const KIND: c_int;
    fn shared(&self) -> &Rc<Shared>;
}

impl<T: HandleData> Handle<T> {
    /// Allocates and initialises a handle; on failure libuv has not taken it over, and it is freed here.
    fn new(
        data: T,
        init: impl FnOnce(*mut sys::uv_loop_t, *mut sys::uv_handle_t) -> c_int,
    ) -> io::Result<Self> {
        let shared = Rc::clone(data.shared());
        let memory: Box<[u64]> = vec![0; handle_words(T::KIND)].into_boxed_slice();
        let memory = Box::into_raw(memory);
        let raw = memory.cast::<sys::uv_handle_t>();
        if let Err(error) = check(init(shared.uv, raw)) {
            // SAFETY: `memory` came from `Box::into_raw` above, and libuv refused it.
            drop(unsafe { Box::from_raw(memory) });
            return Err(error);
        }
        let data = NonNull::from(Box::leak(Box::new(data)));
        // SAFETY: `raw` is an initialised handle.
        unsafe { sys::uv_handle_set_data(raw, data.as_ptr().cast()) };
        shared.open.set(shared.open.get() + 1);
        // SAFETY: `Box::into_raw` never gives a null pointer.
        let raw = unsafe { NonNull::new_unchecked(raw) };
        Ok(Self { raw, data })
    }

    fn data(&self) -> &T {
        // SAFETY: the data lives until the close callback, which runs after `self` was dropped.
        unsafe { self.data.as_ref() }
    }
}

impl<T: HandleData> Drop for Handle<T> {
    fn drop(&mut self) {
        // SAFETY: the handle is initialised, this is its only owner, and it is closed once.
        unsafe { sys::uv_close(self.raw.as_ptr(), on_close::<T>) };
    }
}

/// Frees a handle's memory and its data.
unsafe extern "C" fn on_close<T: HandleData>(raw: *mut sys::uv_handle_t) {
    // SAFETY: the data was set by `Handle::new` from a leaked box, and nothing else frees it.
    let data = unsafe { Box::from_raw(sys::uv_handle_get_data(raw).cast::<T>()) };
    let memory = std::ptr::slice_from_raw_parts_mut(raw.cast::<u64>(), handle_words(T::KIND));
    // SAFETY: the memory was allocated by `Handle::new` with this very length, and libuv is done with it.
    drop(unsafe { Box::from_raw(memory) });
    let shared = Rc::clone(data.shared());
    drop(data);
    shared.open.set(shared.open.get() - 1);
    if shared.open.get() == 0 {
        let on_closed = shared.on_closed.borrow_mut().take();
        if let Some(on_closed) = on_closed {
            on_closed();
        }
    }
}

fn handle_words(kind: c_int) -> usize {
    // SAFETY: a pure function of its argument.
    unsafe { sys::uv_handle_size(kind) }.div_ceil(size_of::<u64>())
}

/// The data of a handle.
///
/// # Safety
/// `raw` must be a handle that [`Handle::new`] made with data of type `T`, and that is not closed.
// SAFETY: each caller is the callback of handles with one type of data, and says which.
unsafe fn data_of<'a, T: HandleData>(raw: *mut sys::uv_handle_t) -> &'a T {
    // SAFETY: by the caller's promise; the reference is used within one callback only.
    unsafe { &*sys::uv_handle_get_data(raw).cast::<T>() }
}

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
        let data = PollData {
            shared: Rc::clone(&self.shared),
            key,
            armed: Cell::new(Interest::NONE),
            stale: Cell::new(Interest::NONE),
        };
        let handle = Handle::new(data, |uv, raw| {
            // SAFETY: the loop is live while `self` is, and the descriptor is open.
            unsafe { sys::uv_poll_init(uv, raw, stream.as_raw_fd()) }
        })?;
        // What keeps the process alive is an open connection, see `hold`, not a wish to read.
        // SAFETY: the handle is initialised.
        unsafe { sys::uv_unref(handle.raw.as_ptr()) };
        Ok(Poll { handle })
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

unsafe extern "C" fn on_bell(raw: *mut sys::uv_handle_t) {
    // SAFETY: this callback belongs to handles with `AsyncData`.
    unsafe { data_of::<AsyncData>(raw) }.shared.batch.wake();
}

unsafe extern "C" fn on_check(raw: *mut sys::uv_handle_t) {
    // SAFETY: this callback belongs to handles with `CheckData`.
    let data = unsafe { data_of::<CheckData>(raw) };
    if data.shared.batch.is_due() {
        (data.on_turn)();
    }
}

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
