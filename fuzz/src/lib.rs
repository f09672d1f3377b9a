//! Fuzz targets for everything in Rust that is made of bytes from outside. Each is a function of some bytes that panics
//! when an invariant does not hold:
//!
//! - [`names`]: what `connect()` is given for a host.
//! - [`settings`]: PEM and the other options of TLS.
//! - [`certificates`]: the chain that a hostile server shows.
//! - [`session`]: the records of a peer, tampered with and cut anywhere.
//! - [`link`]: an open connection, plain or encrypted, over a real socket, in any order of operations and events.
//!
//! The code under test is that of the addon, compiled in here, but for its reactor.

#[allow(dead_code, reason = "no target needs all of it")]
#[path = "../../src/error.rs"]
mod error;
#[path = "../../src/inject.rs"]
mod inject;
#[allow(dead_code, reason = "no target needs all of it")]
#[path = "../../src/net/mod.rs"]
mod net;
mod peer;
mod reactor;
mod script;
#[allow(dead_code, reason = "no target needs all of it")]
mod tls;

mod link_target;
mod names_target;
mod session_target;
mod settings_target;

pub use link_target::link;
pub use names_target::names;
pub use session_target::session;
pub use settings_target::settings;
pub use tls::certificates_target::certificates;

/// A target, by name.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 5] = [
    ("names", names),
    ("settings", settings),
    ("certificates", certificates),
    ("session", session),
    ("link", link),
];
