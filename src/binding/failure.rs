//! A failure, as JavaScript sees it before it becomes a `SocketError`.

use napi_derive::napi;

use crate::error::Failure;

/// What failed, with Node's code.
#[napi(object)]
pub struct NativeFailure {
    /// `ECONNREFUSED`, `ENOTFOUND`, …
    pub code: String,
    /// The system's error number, negated as in Node's errors.
    pub errno: Option<i32>,
    /// `connect`, `getaddrinfo`, `read`, `write` or `shutdown`.
    pub syscall: String,
    /// Lower-case words without the code.
    pub message: String,
    /// The IP address that the operation was about.
    pub address: Option<String>,
    /// Its port.
    pub port: Option<u16>,
    /// Each attempt, when several addresses were tried.
    pub attempts: Vec<NativeFailure>,
}

impl From<Failure> for NativeFailure {
    fn from(failure: Failure) -> Self {
        Self {
            code: failure.code.to_owned(),
            errno: failure.errno,
            syscall: failure.syscall.to_owned(),
            message: failure.message,
            address: failure.address.map(|address| address.ip().to_string()),
            port: failure.address.map(|address| address.port()),
            attempts: failure.attempts.into_iter().map(Self::from).collect(),
        }
    }
}
