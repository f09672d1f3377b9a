//! TLS: what to trust, the handshake, and records. Knows neither Node nor libuv.
//!
//! Built on rustls's unbuffered connection, which leaves all memory to its caller: an idle connection owns no buffer,
//! and records are decrypted in the memory that they were received into.

pub(crate) mod client;
mod failure;
pub(crate) mod handshake;
mod pem;
mod roots;
pub(crate) mod session;
mod signatures;
mod verifier;

#[cfg(test)]
mod tests;
