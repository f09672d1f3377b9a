//! JavaScript values that Rust keeps, and the memory behind typed arrays.
#![allow(unsafe_code, reason = "Node-API is a C library")]

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use napi::bindgen_prelude::{Error, Result};
use napi::{check_status, sys};

/// A strong reference; to be dropped before its environment is gone.
pub(super) struct Reference {
    env: sys::napi_env,
    raw: sys::napi_ref,
}

impl Reference {
    pub(super) fn new(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        let mut raw = ptr::null_mut();
        // SAFETY: called with a value of the current handle scope.
        check_status!(unsafe { sys::napi_create_reference(env, value, 1, &raw mut raw) })?;
        Ok(Self { env, raw })
    }

    /// The value, in the current handle scope.
    pub(super) fn value(&self) -> sys::napi_value {
        let mut value = ptr::null_mut();
        // SAFETY: the reference is strong and not deleted; a failure leaves null, which Node refuses.
        unsafe { sys::napi_get_reference_value(self.env, self.raw, &raw mut value) };
        value
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        // SAFETY: deleted once, by its owner, while the environment lives.
        unsafe { sys::napi_delete_reference(self.env, self.raw) };
    }
}

/// A typed array that JavaScript has set aside for this module: kept alive, never detached or resized.
pub(super) struct View<T> {
    data: NonNull<T>,
    length: usize,
    _keeps_it_alive: Reference,
    _elements: PhantomData<T>,
}

impl<T> View<T> {
    pub(super) fn new(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        let (data, bytes) = bytes_of(env, value)?;
        let data = NonNull::new(data.cast::<T>())
            .filter(|data| data.is_aligned())
            .ok_or_else(|| Error::from_reason("the array has no memory"))?;
        Ok(Self {
            data,
            length: bytes / size_of::<T>(),
            _keeps_it_alive: Reference::new(env, value)?,
            _elements: PhantomData,
        })
    }

    /// The elements.
    ///
    /// # Safety
    /// JavaScript must not run while the slice is in use, and there must be no other slice of this view.
    #[expect(clippy::mut_from_ref, reason = "the memory is JavaScript's, not a field of this struct")]
    // SAFETY: the two callers, in `environment.rs`, hold the slice within one call and say so.
    pub(super) unsafe fn as_mut_slice(&self) -> &mut [T] {
        // SAFETY: the array is alive and not detached by this type's contract; V8 zero-initialises it.
        unsafe { std::slice::from_raw_parts_mut(self.data.as_ptr(), self.length) }
    }
}

/// The bytes that a typed array views, in the current handle scope.
///
/// # Safety
/// They may be used until JavaScript runs again, and the array must not view shared memory.
// SAFETY: the callers, in `hot.rs`, use the bytes before they return to JavaScript.
pub(super) unsafe fn slice_of<'scope>(
    env: sys::napi_env,
    value: sys::napi_value,
) -> Result<&'scope mut [u8]> {
    let (data, length) = bytes_of(env, value)?;
    if data.is_null() || length == 0 {
        return Ok(&mut []);
    }
    // SAFETY: Node-API reported this memory just now, and the caller keeps JavaScript from running.
    Ok(unsafe { std::slice::from_raw_parts_mut(data, length) })
}

/// Where the bytes of a typed array of one- or four-byte elements are, and how many.
fn bytes_of(env: sys::napi_env, value: sys::napi_value) -> Result<(*mut u8, usize)> {
    let mut kind = 0;
    let mut length = 0;
    let mut data: *mut c_void = ptr::null_mut();
    // SAFETY: all out-pointers are valid; Node-API checks that the value is a typed array.
    check_status!(unsafe {
        sys::napi_get_typedarray_info(
            env,
            value,
            &raw mut kind,
            &raw mut length,
            &raw mut data,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    })?;
    let size = match kind {
        sys::TypedarrayType::uint8_array => 1,
        sys::TypedarrayType::uint32_array => 4,
        _ => return Err(Error::from_reason("not a Uint8Array")),
    };
    Ok((data.cast(), length * size))
}
