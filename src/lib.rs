//! The native core of winter-sockets: non-blocking TCP for one Node environment at a time.
//!
//! - [`net`]: sockets, name resolution, Happy Eyeballs, the send buffer. Knows neither Node nor libuv.
//! - [`tls`]: TLS on rustls: trust, handshakes, records.
//! - [`reactor`]: tells when a socket is ready, on libuv (the JS thread) or on tokio.
//! - [`engine`]: the connections of one environment and what happens to them.
//! - [`binding`]: the only code that names Node-API.

#![cfg_attr(test, allow(dead_code, reason = "unit tests are built without libuv, which only Node has"))]

mod binding;
mod engine;
mod error;
mod inject;
mod net;
mod reactor;
mod tls;
