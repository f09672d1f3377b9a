//! The addon's TLS, and the target that needs its inner parts.

#[path = "../../src/tls/client.rs"]
pub(crate) mod client;
#[path = "../../src/tls/failure.rs"]
mod failure;
#[path = "../../src/tls/handshake.rs"]
pub(crate) mod handshake;
#[path = "../../src/tls/pem.rs"]
mod pem;
#[path = "../../src/tls/roots.rs"]
mod roots;
#[path = "../../src/tls/session.rs"]
pub(crate) mod session;
#[path = "../../src/tls/signatures.rs"]
mod signatures;
#[path = "../../src/tls/verifier.rs"]
mod verifier;

#[path = "certificates_target.rs"]
pub(crate) mod certificates_target;
