//! The data path: functions that are called for every read and write, registered without napi-rs's
//! conversions (0.03 µs a call).
#![allow(unsafe_code, reason = "Node-API is a C library")]

use std::ffi::{CStr, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;

use napi::bindgen_prelude::{Env, Object, Result};
use napi::{JsValue, check_status, sys};

use super::environment::Environment;
use super::memory::slice_of;
use crate::engine::Failed;
use crate::net::link::{Progress, Sent};
use crate::net::transport::Received;

/// An event will follow.
const WAIT: i32 = -1;
/// It failed; `takeFailure` tells why.
const FAILED: i32 = -2;
/// Done.
const DONE: i32 = 0;
/// The bytes were gathered: somebody has to call `flush` before the turn ends.
const GATHERED: i32 = 1;

// SAFETY: Node calls it, on the environment's thread and with that function's own `info`.
type Callback = unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value;

/// An object with the functions, each bound to `environment`.
pub(super) fn functions<'env>(env: &'env Env, environment: &Rc<Environment>) -> Result<Object<'env>> {
    let object = Object::new(env)?;
    let all: [(&CStr, Callback); 6] = [
        (c"recv", callback::<1, Recv>),
        (c"recvInto", callback::<2, RecvInto>),
        (c"send", callback::<2, Send>),
        (c"flush", callback::<0, Flush>),
        (c"shutdown", callback::<1, Shutdown>),
        (c"close", callback::<1, Close>),
    ];
    let data = Rc::as_ptr(environment).cast_mut().cast::<c_void>();
    for (name, callback) in all {
        let mut function = ptr::null_mut();
        // SAFETY: the name is a C string; the environment outlives the functions, because it lives until
        // the teardown of the Node environment, in which no JavaScript runs any more.
        unsafe {
            check_status!(sys::napi_create_function(
                env.raw(),
                name.as_ptr(),
                name.count_bytes().cast_signed(),
                Some(callback),
                data,
                &raw mut function,
            ))?;
            check_status!(sys::napi_set_named_property(env.raw(), object.raw(), name.as_ptr(), function))?;
        }
    }
    Ok(object)
}

/// One function of the data path.
trait Operation<const N: usize> {
    fn run(env: sys::napi_env, environment: &Environment, arguments: [sys::napi_value; N]) -> Result<i32>;
}

/// Takes the arguments apart, runs the operation, and keeps panics from crossing the boundary.
///
/// # Safety
/// For Node alone to call, as a function that [`functions`] made: its data is the environment.
// SAFETY: `functions` gives it to Node and to nobody else.
unsafe extern "C" fn callback<const N: usize, O: Operation<N>>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let mut arguments = [ptr::null_mut(); N];
    let mut count = N;
    let mut data = ptr::null_mut();
    // SAFETY: Node passes a valid `info`; missing arguments are filled with `undefined`.
    unsafe {
        sys::napi_get_cb_info(
            env,
            info,
            &raw mut count,
            arguments.as_mut_ptr(),
            ptr::null_mut(),
            &raw mut data,
        );
    }
    // SAFETY: `functions` passed this pointer, and the environment lives while JavaScript runs.
    let environment = unsafe { &*data.cast::<Environment>() };
    let outcome = catch_unwind(AssertUnwindSafe(|| O::run(env, environment, arguments)));
    let (code, message) = match outcome {
        Ok(Ok(number)) => return int32(env, number),
        Ok(Err(error)) => (c"ERR_INVALID_ARG_TYPE", error.reason.clone()),
        Err(_panic) => {
            (c"ERR_INTERNAL", "winter-sockets: internal error (a bug: please report it)".to_owned())
        }
    };
    throw(env, code, message);
    ptr::null_mut()
}

struct Recv;
impl Operation<1> for Recv {
    fn run(env: sys::napi_env, environment: &Environment, [key]: [sys::napi_value; 1]) -> Result<i32> {
        let key = uint32(env, key)?;
        let received = environment.with_slab(|engine, slab| engine.recv(key, slab));
        Ok(received.map_or(FAILED, received_code))
    }
}

struct RecvInto;
impl Operation<2> for RecvInto {
    fn run(env: sys::napi_env, environment: &Environment, [key, view]: [sys::napi_value; 2]) -> Result<i32> {
        let key = uint32(env, key)?;
        // SAFETY: JavaScript does not run before this call returns, and streams refuse shared memory.
        let buffer = unsafe { slice_of(env, view) }?;
        Ok(received_code(environment.engine().recv(key, buffer)))
    }
}

struct Send;
impl Operation<2> for Send {
    fn run(env: sys::napi_env, environment: &Environment, [key, view]: [sys::napi_value; 2]) -> Result<i32> {
        let key = uint32(env, key)?;
        // SAFETY: JavaScript does not run before this call returns; the writable copies shared memory.
        let bytes = unsafe { slice_of(env, view) }?;
        Ok(match environment.engine().send(key, bytes) {
            Ok(Sent::Taken) => DONE,
            Ok(Sent::Gathered) => GATHERED,
            Ok(Sent::Wait) => WAIT,
            Err(Failed) => FAILED,
        })
    }
}

/// Gives the number of events that are to be dispatched.
struct Flush;
impl Operation<0> for Flush {
    fn run(_env: sys::napi_env, environment: &Environment, []: [sys::napi_value; 0]) -> Result<i32> {
        environment.engine().flush();
        Ok(i32::try_from(environment.publish_events()).unwrap_or(i32::MAX))
    }
}

struct Shutdown;
impl Operation<1> for Shutdown {
    fn run(env: sys::napi_env, environment: &Environment, [key]: [sys::napi_value; 1]) -> Result<i32> {
        let key = uint32(env, key)?;
        Ok(environment.engine().shutdown(key).map_or(FAILED, progress_code))
    }
}

struct Close;
impl Operation<1> for Close {
    fn run(env: sys::napi_env, environment: &Environment, [key]: [sys::napi_value; 1]) -> Result<i32> {
        let key = uint32(env, key)?;
        Ok(progress_code(environment.engine().close(key)))
    }
}

fn received_code(received: std::result::Result<Received, Failed>) -> i32 {
    match received {
        // No single receive brings 2 GiB.
        Ok(Received::Bytes(count)) => i32::try_from(count).unwrap_or(i32::MAX),
        Ok(Received::End) => DONE,
        Ok(Received::Wait) => WAIT,
        Err(Failed) => FAILED,
    }
}

fn progress_code(progress: Progress) -> i32 {
    match progress {
        Progress::Done => DONE,
        Progress::Wait => WAIT,
    }
}

fn uint32(env: sys::napi_env, value: sys::napi_value) -> Result<u32> {
    let mut number = 0;
    // SAFETY: the out-pointer is valid; Node-API checks the type.
    check_status!(unsafe { sys::napi_get_value_uint32(env, value, &raw mut number) })?;
    Ok(number)
}

fn int32(env: sys::napi_env, number: i32) -> sys::napi_value {
    let mut value = ptr::null_mut();
    // SAFETY: the out-pointer is valid; on failure null is given, which JavaScript sees as `undefined`.
    unsafe { sys::napi_create_int32(env, number, &raw mut value) };
    value
}

fn throw(env: sys::napi_env, code: &CStr, mut message: String) {
    // A C string ends at the first NUL.
    message.retain(|letter| letter != '\0');
    message.push('\0');
    // SAFETY: both are NUL-terminated and are copied.
    unsafe { sys::napi_throw_error(env, code.as_ptr(), message.as_ptr().cast()) };
}
