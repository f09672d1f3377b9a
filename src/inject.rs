//! Bugs on demand, for the tests of what a bug does to a process. Published builds lack the feature.

/// Panics if the environment variable `WINTER_SOCKETS_PANIC` names this place, once in a process.
#[cfg(feature = "inject-panics")]
#[allow(clippy::panic, reason = "it is what this is for")]
pub(crate) fn bug(place: &str) {
    use std::sync::atomic::{AtomicBool, Ordering};

    static IS_DONE: AtomicBool = AtomicBool::new(false);

    let is_asked = std::env::var("WINTER_SOCKETS_PANIC").is_ok_and(|wanted| wanted == place);
    if is_asked && !IS_DONE.swap(true, Ordering::Relaxed) {
        panic!("injected at {place}");
    }
}

#[cfg(not(feature = "inject-panics"))]
pub(crate) const fn bug(_place: &str) {}
