//! The life of an engine in a Node environment: attaching, dispatching events, detaching.
#![allow(unsafe_code, reason = "Node-API is a C library")]

use std::cell::{OnceCell, RefCell, RefMut};
use std::ffi::c_void;
use std::ptr;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::{Duration, Instant};

use napi::bindgen_prelude::{Env, Result};
use napi::{check_status, sys};

use super::memory::{Reference, View};
use super::wake::Waker;
use crate::engine::Engine;
use crate::reactor::Reactor;
use crate::reactor::inbox::Inbox;
use crate::reactor::tokio::Driver;

/// With more sockets than can be served in this time, the event loop goes round in between: timers and others wait too.
const LONGEST_TURN: Duration = Duration::from_millis(10);

/// An engine, and the JavaScript that it serves.
///
/// Everything here belongs to the environment's thread. A borrow of the engine never spans a call into
/// JavaScript, because that calls back.
pub(super) struct Environment {
    engine: RefCell<Engine>,
    env: sys::napi_env,
    /// Taken when the environment is torn down, while references can still be deleted.
    js: RefCell<Option<JsSide>>,
}

/// What stays alive in JavaScript for as long as the engine does.
struct JsSide {
    dispatch: Reference,
    resource: Reference,
    context: sys::napi_async_context,
    events: View<u32>,
    slab: View<u8>,
}

impl Environment {
    /// Attaches to `env` until it is torn down.
    pub(super) fn attach(
        env: Env,
        dispatch: sys::napi_value,
        events: sys::napi_value,
        slab: sys::napi_value,
        use_tokio: bool,
    ) -> Result<Rc<Self>> {
        let slot: Rc<OnceCell<Weak<Self>>> = Rc::default();
        let turn_slot = Rc::clone(&slot);
        let on_turn = Box::new(move || {
            if let Some(environment) = turn_slot.get().and_then(Weak::upgrade) {
                environment.turn();
            }
        });
        let env = env.raw();
        let js = JsSide::new(env, dispatch, events, slab)?;
        let reactor = make_reactor(env, use_tokio, on_turn)?;
        let environment =
            Rc::new(Self { engine: RefCell::new(Engine::new(reactor)), env, js: RefCell::new(Some(js)) });
        // The cell is new: it can't be set already.
        let _is_new = slot.set(Rc::downgrade(&environment));
        detach_with(env, &environment)?;
        Ok(environment)
    }

    /// The engine; not to be kept across a call into JavaScript.
    pub(super) fn engine(&self) -> RefMut<'_, Engine> {
        self.engine.borrow_mut()
    }

    /// Receives into the slab; the operation gets the engine and the slab's memory.
    pub(super) fn with_slab<T>(&self, operation: impl FnOnce(&mut Engine, &mut [u8]) -> T) -> Option<T> {
        let js = self.js.borrow();
        // SAFETY: the slab belongs to this environment's module alone, and JavaScript does not run before
        // this call returns.
        let slab = unsafe { js.as_ref()?.slab.as_mut_slice() };
        Some(operation(&mut self.engine.borrow_mut(), slab))
    }

    /// Moves events to the array that JavaScript reads; how many.
    pub(super) fn publish_events(&self) -> u32 {
        let js = self.js.borrow();
        let Some(js) = js.as_ref() else { return 0 };
        // SAFETY: as for the slab.
        let events = unsafe { js.events.as_mut_slice() };
        self.engine.borrow_mut().take_events(events)
    }

    /// Does a turn of the engine, and tells JavaScript what happened. What there is no time for is left for the next turn.
    fn turn(&self) {
        let start = Instant::now();
        self.engine.borrow_mut().turn();
        loop {
            let count = self.publish_events();
            if count == 0 || !self.dispatch(count) {
                return;
            }
            if start.elapsed() >= LONGEST_TURN {
                return self.engine.borrow().ask_for_turn();
            }
        }
    }

    /// Calls `dispatch(count)`, and lets the microtasks run after it; false if JavaScript can't be called.
    fn dispatch(&self, count: u32) -> bool {
        let env = self.env;
        let mut scope = ptr::null_mut();
        // SAFETY: this is the environment's thread, and the environment lives: its teardown ends the turns.
        if unsafe { sys::napi_open_handle_scope(env, &raw mut scope) } != sys::Status::napi_ok {
            return false;
        }
        let status = self.call_dispatch(count);
        // SAFETY: the scope was opened above.
        unsafe { sys::napi_close_handle_scope(env, scope) };
        status == sys::Status::napi_ok
    }

    fn call_dispatch(&self, count: u32) -> sys::napi_status {
        let (resource, function, context) = {
            let js = self.js.borrow();
            let Some(js) = js.as_ref() else {
                return sys::Status::napi_closing;
            };
            (js.resource.value(), js.dispatch.value(), js.context)
        };
        let mut argument = ptr::null_mut();
        // SAFETY: within a handle scope of a live environment; `count` outlives the call.
        unsafe {
            let status = sys::napi_create_uint32(self.env, count, &raw mut argument);
            if status != sys::Status::napi_ok {
                return status;
            }
            // Not napi_call_function: this one also drains the microtasks, so that what users do in answer
            // to an event happens before the next one.
            let status = sys::napi_make_callback(
                self.env,
                context,
                resource,
                function,
                1,
                &raw const argument,
                ptr::null_mut(),
            );
            if status == sys::Status::napi_pending_exception {
                let mut exception = ptr::null_mut();
                sys::napi_get_and_clear_last_exception(self.env, &raw mut exception);
                sys::napi_fatal_exception(self.env, exception);
            }
            status
        }
    }

    /// Lets go of everything; `on_closed` is called when the event loop has, too.
    fn detach(&self, on_closed: Box<dyn FnOnce()>) {
        self.engine.borrow_mut().shut_down(on_closed);
        if let Some(js) = self.js.borrow_mut().take() {
            // SAFETY: the context was made for this environment, which is still there.
            unsafe { sys::napi_async_destroy(self.env, js.context) };
        }
    }
}

impl JsSide {
    fn new(
        env: sys::napi_env,
        dispatch: sys::napi_value,
        events: sys::napi_value,
        slab: sys::napi_value,
    ) -> Result<Self> {
        let mut resource = ptr::null_mut();
        let mut name = ptr::null_mut();
        let mut context = ptr::null_mut();
        let label = "winter-sockets";
        // SAFETY: called from JavaScript, thus in a handle scope of a live environment; the label is
        // copied.
        unsafe {
            check_status!(sys::napi_create_object(env, &raw mut resource))?;
            check_status!(sys::napi_create_string_utf8(
                env,
                label.as_ptr().cast(),
                label.len().cast_signed(),
                &raw mut name
            ))?;
            check_status!(sys::napi_async_init(env, resource, name, &raw mut context))?;
        }
        Ok(Self {
            dispatch: Reference::new(env, dispatch)?,
            resource: Reference::new(env, resource)?,
            context,
            events: View::new(env, events)?,
            slab: View::new(env, slab)?,
        })
    }
}

#[cfg(all(unix, not(test)))]
fn make_reactor(env: sys::napi_env, use_tokio: bool, on_turn: Box<dyn Fn()>) -> Result<Reactor> {
    if use_tokio {
        return make_tokio_reactor(env, on_turn);
    }
    let mut uv = ptr::null_mut();
    // SAFETY: called from JavaScript, thus with a live environment.
    check_status!(unsafe { sys::napi_get_uv_event_loop(env, &raw mut uv) })?;
    let uv = ptr::NonNull::new(uv.cast::<c_void>())
        .ok_or_else(|| napi::Error::from_reason("this host has no event loop of libuv"))?;
    // SAFETY: Node runs this loop on this thread, and ends it only after the cleanup hooks of the
    // environment have reported back; ours does so when all handles are closed.
    let uv = unsafe { crate::reactor::uv::Loop::new(uv, on_turn) };
    uv.map(Reactor::Uv).map_err(|error| napi::Error::from_reason(format!("libuv: {error}")))
}

/// Windows has a libuv of another kind, whose use has not been proven here yet: tokio serves there.
#[cfg(any(not(unix), test))]
fn make_reactor(env: sys::napi_env, _use_tokio: bool, on_turn: Box<dyn Fn()>) -> Result<Reactor> {
    make_tokio_reactor(env, on_turn)
}

fn make_tokio_reactor(env: sys::napi_env, on_turn: Box<dyn Fn()>) -> Result<Reactor> {
    let inbox = Arc::new(Inbox::default());
    let waker = Waker::new(env, on_turn)?;
    inbox.open(Box::new(waker.bell()));
    Ok(Reactor::Tokio(Driver::new(inbox, Box::new(move |hold| waker.hold(hold)))))
}

/// What the cleanup hook owns.
struct Hook {
    environment: Rc<Environment>,
}

/// Detaches the environment when it is torn down, which waits until that is done.
fn detach_with(env: sys::napi_env, environment: &Rc<Environment>) -> Result<()> {
    let hook = Box::into_raw(Box::new(Hook { environment: Rc::clone(environment) }));
    // SAFETY: the hook owns its argument, and is called at most once.
    let status =
        unsafe { sys::napi_add_async_cleanup_hook(env, Some(on_teardown), hook.cast(), ptr::null_mut()) };
    if status != sys::Status::napi_ok {
        // SAFETY: Node did not take the hook over.
        drop(unsafe { Box::from_raw(hook) });
    }
    check_status!(status)
}

// SAFETY: `detach_with` gives it to Node and to nobody else, with a box of `Hook`.
unsafe extern "C" fn on_teardown(handle: sys::napi_async_cleanup_hook_handle, argument: *mut c_void) {
    // SAFETY: the argument is the box of `detach_with`, and Node calls this once.
    let hook = unsafe { Box::from_raw(argument.cast::<Hook>()) };
    let environment = Rc::clone(&hook.environment);
    hook.environment.detach(Box::new(move || {
        // The environment outlives the last handle, whose callbacks refer to it.
        drop(environment);
        // SAFETY: the handle is valid until this call; without it the process waits, or aborts when a
        // worker ends.
        unsafe { sys::napi_remove_async_cleanup_hook(handle) };
    }));
}
