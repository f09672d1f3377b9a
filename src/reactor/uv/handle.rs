//! Handles of libuv: their memory, and the closing of them.
//!
//! Every handle lives in memory of its own that is freed in its close callback, as libuv demands. The
//! symbols are those of the host executable, which is the Node process itself.
#![allow(unsafe_code, reason = "libuv is a C library")]

use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::io;
use std::ptr::NonNull;
use std::rc::Rc;

use super::super::batch::Batch;

/// The bindings that are used here; <https://docs.libuv.org/en/v1.x/>.
#[expect(non_camel_case_types, reason = "libuv's own names")]
pub(super) mod sys {
    use super::{c_int, c_void};

    #[repr(C)]
    pub(in crate::reactor::uv) struct uv_loop_t {
        _opaque: [u8; 0],
    }
    #[repr(C)]
    pub(in crate::reactor::uv) struct uv_handle_t {
        _opaque: [u8; 0],
    }
    // SAFETY: libuv alone calls what is passed as these, on the loop's thread, with a handle that is not closed yet.
    pub(in crate::reactor::uv) type uv_cb = unsafe extern "C" fn(*mut uv_handle_t);
    pub(in crate::reactor::uv) type uv_poll_cb = unsafe extern "C" fn(*mut uv_handle_t, c_int, c_int);

    // `uv_handle_type`; part of the ABI that libuv keeps stable within version 1.
    pub(in crate::reactor::uv) const UV_ASYNC: c_int = 1;
    pub(in crate::reactor::uv) const UV_CHECK: c_int = 2;
    pub(in crate::reactor::uv) const UV_POLL: c_int = 8;
    pub(in crate::reactor::uv) const UV_TIMER: c_int = 13;

    pub(in crate::reactor::uv) const UV_READABLE: c_int = 1;
    pub(in crate::reactor::uv) const UV_WRITABLE: c_int = 2;

    // SAFETY: the signatures are those of libuv's headers, whose ABI is stable within version 1; handles are opaque here.
    unsafe extern "C" {
        pub(in crate::reactor::uv) fn uv_handle_size(kind: c_int) -> usize;
        pub(in crate::reactor::uv) fn uv_handle_set_data(handle: *mut uv_handle_t, data: *mut c_void);
        pub(in crate::reactor::uv) fn uv_handle_get_data(handle: *const uv_handle_t) -> *mut c_void;
        pub(in crate::reactor::uv) fn uv_close(handle: *mut uv_handle_t, on_close: uv_cb);
        pub(in crate::reactor::uv) fn uv_ref(handle: *mut uv_handle_t);
        pub(in crate::reactor::uv) fn uv_unref(handle: *mut uv_handle_t);
        pub(in crate::reactor::uv) fn uv_async_init(
            uv: *mut uv_loop_t,
            handle: *mut uv_handle_t,
            cb: uv_cb,
        ) -> c_int;
        pub(in crate::reactor::uv) fn uv_async_send(handle: *mut uv_handle_t) -> c_int;
        pub(in crate::reactor::uv) fn uv_check_init(uv: *mut uv_loop_t, handle: *mut uv_handle_t) -> c_int;
        pub(in crate::reactor::uv) fn uv_check_start(handle: *mut uv_handle_t, cb: uv_cb) -> c_int;
        pub(in crate::reactor::uv) fn uv_poll_init(
            uv: *mut uv_loop_t,
            handle: *mut uv_handle_t,
            fd: c_int,
        ) -> c_int;
        pub(in crate::reactor::uv) fn uv_poll_start(
            handle: *mut uv_handle_t,
            events: c_int,
            cb: uv_poll_cb,
        ) -> c_int;
        pub(in crate::reactor::uv) fn uv_poll_stop(handle: *mut uv_handle_t) -> c_int;
        pub(in crate::reactor::uv) fn uv_update_time(uv: *mut uv_loop_t);
        pub(in crate::reactor::uv) fn uv_timer_init(uv: *mut uv_loop_t, handle: *mut uv_handle_t) -> c_int;
        pub(in crate::reactor::uv) fn uv_timer_start(
            handle: *mut uv_handle_t,
            cb: uv_cb,
            timeout: u64,
            repeat: u64,
        ) -> c_int;
    }
}

/// libuv's errors are negated error numbers on Unix.
pub(super) fn check(status: c_int) -> io::Result<()> {
    if status < 0 { Err(io::Error::from_raw_os_error(-status)) } else { Ok(()) }
}

/// What all handles of one loop share.
pub(super) struct Shared {
    pub(super) uv: *mut sys::uv_loop_t,
    pub(super) batch: Batch,
    /// Handles that libuv still knows.
    pub(super) open: Cell<usize>,
    /// Called when the last handle is gone, once that is asked for.
    pub(super) on_closed: RefCell<Option<Box<dyn FnOnce()>>>,
}

/// Memory for a handle, and the closing of it.
///
/// The handle's data is a `Box<T>`, owned by the handle until its close callback has run.
pub(super) struct Handle<T: HandleData> {
    pub(super) raw: NonNull<sys::uv_handle_t>,
    data: NonNull<T>,
}

/// What a handle's data must know: which loop it belongs to.
pub(super) trait HandleData: 'static {
    const KIND: c_int;
    fn shared(&self) -> &Rc<Shared>;
}

impl<T: HandleData> Handle<T> {
    /// Allocates and initialises a handle; on failure libuv has not taken it over, and it is freed here.
    pub(super) fn new(
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

    pub(super) fn data(&self) -> &T {
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
// SAFETY: `Handle::drop` gives it to libuv and to nobody else, for handles with data of type `T`.
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
pub(super) unsafe fn data_of<'a, T: HandleData>(raw: *mut sys::uv_handle_t) -> &'a T {
    // SAFETY: by the caller's promise; the reference is used within one callback only.
    unsafe { &*sys::uv_handle_get_data(raw).cast::<T>() }
}
