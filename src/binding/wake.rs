//! Wakes the environment's thread where the host has no libuv: a threadsafe function without a function.
#![allow(unsafe_code, reason = "Node-API is a C library")]

use std::ffi::c_void;
use std::ptr;

use napi::bindgen_prelude::Result;
use napi::{check_status, sys};

use crate::reactor::inbox::Wake;

/// The owner; closes the threadsafe function when dropped.
pub(super) struct Waker {
    env: sys::napi_env,
    raw: sys::napi_threadsafe_function,
}

struct Context {
    on_turn: Box<dyn Fn()>,
}

impl Waker {
    /// `on_turn` is called on the environment's thread after each ring.
    pub(super) fn new(env: sys::napi_env, on_turn: Box<dyn Fn()>) -> Result<Self> {
        let context = Box::into_raw(Box::new(Context { on_turn }));
        let label = "winter-sockets";
        let mut name = ptr::null_mut();
        let mut raw = ptr::null_mut();
        // SAFETY: called from JavaScript, thus in a handle scope of a live environment.
        let status = unsafe {
            sys::napi_create_string_utf8(
                env,
                label.as_ptr().cast(),
                label.len().cast_signed(),
                &raw mut name,
            );
            sys::napi_create_threadsafe_function(
                env,
                ptr::null_mut(),
                ptr::null_mut(),
                name,
                0,
                1,
                context.cast(),
                Some(on_finalize),
                context.cast(),
                Some(on_ring),
                &raw mut raw,
            )
        };
        if status != sys::Status::napi_ok {
            // SAFETY: Node did not take the context over.
            drop(unsafe { Box::from_raw(context) });
        }
        check_status!(status)?;
        let waker = Self { env, raw };
        waker.hold(false);
        Ok(waker)
    }

    /// What other threads ring; to be forgotten before this is dropped.
    pub(super) fn bell(&self) -> Bell {
        Bell(self.raw)
    }

    /// Keeps the process alive, or stops doing so.
    pub(super) fn hold(&self, hold: bool) {
        // SAFETY: the function is open, and this is the environment's thread.
        unsafe {
            if hold {
                sys::napi_ref_threadsafe_function(self.env, self.raw);
            } else {
                sys::napi_unref_threadsafe_function(self.env, self.raw);
            }
        }
    }
}

impl Drop for Waker {
    fn drop(&mut self) {
        // SAFETY: released once, by its owner; Node finalises it later, on this thread.
        unsafe {
            sys::napi_release_threadsafe_function(self.raw, sys::ThreadsafeFunctionReleaseMode::abort);
        }
    }
}

/// Rings from any thread.
pub(super) struct Bell(sys::napi_threadsafe_function);

// SAFETY: `napi_call_threadsafe_function` may be called from any thread; the inbox forgets the bell, under
// its lock, before the function is released.
unsafe impl Send for Bell {}

impl Wake for Bell {
    fn wake(&self) {
        // SAFETY: the function is open while the inbox has this bell.
        unsafe {
            sys::napi_call_threadsafe_function(
                self.0,
                ptr::null_mut(),
                sys::ThreadsafeFunctionCallMode::nonblocking,
            );
        }
    }
}

// SAFETY: Node alone calls it, on the environment's thread, with the context of `Waker::new`.
unsafe extern "C" fn on_ring(
    env: sys::napi_env,
    _function: sys::napi_value,
    context: *mut c_void,
    _data: *mut c_void,
) {
    // Without an environment this is the farewell of one that is being torn down.
    if !env.is_null() {
        // SAFETY: the context lives until `on_finalize`, after which there are no more calls.
        let context = unsafe { &*context.cast::<Context>() };
        (context.on_turn)();
    }
}

// SAFETY: Node alone calls it, once, on the environment's thread, with the context of `Waker::new`.
unsafe extern "C" fn on_finalize(_env: sys::napi_env, context: *mut c_void, _hint: *mut c_void) {
    // SAFETY: the box of `Waker::new`, given back once.
    drop(unsafe { Box::from_raw(context.cast::<Context>()) });
}
