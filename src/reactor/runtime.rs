//! The one tokio runtime of the process, started when it is first needed.

use std::io;
use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle, Runtime};

/// Threads for connecting and timers; they wait nearly all the time.
const WORKER_THREADS: usize = 2;

/// Threads for name resolution, which blocks: enough that a resolver that hangs for some names does not
/// hold up the others.
const BLOCKING_THREADS: usize = 64;

static RUNTIME: OnceLock<Runtime> = OnceLock::new();

/// The runtime's handle; fails if the system has no threads left.
pub(crate) fn handle() -> io::Result<&'static Handle> {
    if RUNTIME.get().is_none() {
        let runtime = Builder::new_multi_thread()
            .worker_threads(WORKER_THREADS)
            .max_blocking_threads(BLOCKING_THREADS)
            .thread_name("winter-sockets")
            .enable_all()
            .build()?;
        if let Err(spare) = RUNTIME.set(runtime) {
            // Another environment was faster.
            spare.shutdown_background();
        }
    }
    RUNTIME.get().map(Runtime::handle).ok_or_else(|| io::Error::other("no runtime"))
}
