//! Errors with the codes that Node users know.

use std::io;
use std::net::SocketAddr;

/// What failed, in the words and codes that JavaScript shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Stable code, Node's where one exists: `ECONNREFUSED`, `ENOTFOUND`, …
    pub(crate) code: &'static str,
    /// The operating system's error number, negated as Node shows it.
    pub(crate) errno: Option<i32>,
    /// The operation that failed: `connect`, `getaddrinfo`, `read`, `write` or `shutdown`.
    pub(crate) syscall: &'static str,
    /// Lower-case words without the code.
    pub(crate) message: String,
    /// The address that the operation was about.
    pub(crate) address: Option<SocketAddr>,
    /// Each attempt, when several addresses were tried.
    pub(crate) attempts: Vec<Failure>,
}

impl Failure {
    /// Describes an I/O error of `syscall`.
    pub(crate) fn from_io(syscall: &'static str, error: &io::Error) -> Self {
        let (code, words) = classify(error);
        Self {
            code,
            errno: error.raw_os_error().map(i32::wrapping_neg),
            syscall,
            message: words.map_or_else(|| describe(error), str::to_owned),
            address: None,
            attempts: Vec::new(),
        }
    }

    /// Describes a failure that no system call reported.
    pub(crate) fn new(code: &'static str, syscall: &'static str, message: impl Into<String>) -> Self {
        Self { code, errno: None, syscall, message: message.into(), address: None, attempts: Vec::new() }
    }

    /// Says which address the operation was about.
    pub(crate) fn at(mut self, address: SocketAddr) -> Self {
        self.address = Some(address);
        self
    }
}

/// Finds the code and the words for an I/O error; `None` words are left to the system.
fn classify(error: &io::Error) -> (&'static str, Option<&'static str>) {
    #[cfg(unix)]
    if let Some(known) = error.raw_os_error().and_then(classify_errno) {
        return (known.0, Some(known.1));
    }
    classify_kind(error.kind())
}

#[cfg(unix)]
fn classify_errno(errno: i32) -> Option<(&'static str, &'static str)> {
    Some(match errno {
        libc::EACCES => ("EACCES", "permission denied"),
        libc::EADDRINUSE => ("EADDRINUSE", "address already in use"),
        libc::EADDRNOTAVAIL => ("EADDRNOTAVAIL", "address not available"),
        libc::EAFNOSUPPORT => ("EAFNOSUPPORT", "address family not supported"),
        libc::EBADF => ("EBADF", "bad file descriptor"),
        libc::ECONNABORTED => ("ECONNABORTED", "connection aborted"),
        libc::ECONNREFUSED => ("ECONNREFUSED", "connection refused"),
        libc::ECONNRESET => ("ECONNRESET", "connection reset by peer"),
        libc::EHOSTDOWN => ("EHOSTDOWN", "host is down"),
        libc::EHOSTUNREACH => ("EHOSTUNREACH", "host is unreachable"),
        libc::EINVAL => ("EINVAL", "invalid argument"),
        libc::EMFILE => ("EMFILE", "too many open files in this process"),
        libc::ENETDOWN => ("ENETDOWN", "network is down"),
        libc::ENETUNREACH => ("ENETUNREACH", "network is unreachable"),
        libc::ENFILE => ("ENFILE", "too many open files in the system"),
        libc::ENOBUFS => ("ENOBUFS", "no buffer space available"),
        libc::ENOMEM => ("ENOMEM", "not enough memory"),
        libc::ENOTCONN => ("ENOTCONN", "socket is not connected"),
        libc::EPERM => ("EPERM", "operation not permitted"),
        libc::EPIPE => ("EPIPE", "broken pipe"),
        libc::EPROTO => ("EPROTO", "protocol error"),
        libc::ETIMEDOUT => ("ETIMEDOUT", "connection timed out"),
        _ => return None,
    })
}

fn classify_kind(kind: io::ErrorKind) -> (&'static str, Option<&'static str>) {
    use io::ErrorKind as Kind;
    match kind {
        Kind::AddrInUse => ("EADDRINUSE", Some("address already in use")),
        Kind::AddrNotAvailable => ("EADDRNOTAVAIL", Some("address not available")),
        Kind::BrokenPipe => ("EPIPE", Some("broken pipe")),
        Kind::ConnectionAborted => ("ECONNABORTED", Some("connection aborted")),
        Kind::ConnectionRefused => ("ECONNREFUSED", Some("connection refused")),
        Kind::ConnectionReset => ("ECONNRESET", Some("connection reset by peer")),
        Kind::HostUnreachable => ("EHOSTUNREACH", Some("host is unreachable")),
        Kind::InvalidInput => ("EINVAL", Some("invalid argument")),
        Kind::NetworkDown => ("ENETDOWN", Some("network is down")),
        Kind::NetworkUnreachable => ("ENETUNREACH", Some("network is unreachable")),
        Kind::NotConnected => ("ENOTCONN", Some("socket is not connected")),
        Kind::OutOfMemory => ("ENOMEM", Some("not enough memory")),
        Kind::PermissionDenied => ("EACCES", Some("permission denied")),
        Kind::TimedOut => ("ETIMEDOUT", Some("connection timed out")),
        _ => ("EIO", None),
    }
}

/// The system's own words, without the "(os error 5)" that `std` appends.
fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text.get(..end).unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_connection_has_nodes_code_and_errno() {
        let failure = Failure::from_io("connect", &io::Error::from(io::ErrorKind::ConnectionRefused));
        assert_eq!((failure.code, failure.message.as_str()), ("ECONNREFUSED", "connection refused"));
        assert_eq!(failure.errno, None);
    }

    #[cfg(unix)]
    #[test]
    fn an_error_number_is_negated_as_node_shows_it() {
        let failure = Failure::from_io("connect", &io::Error::from_raw_os_error(libc::EMFILE));
        assert_eq!((failure.code, failure.errno), ("EMFILE", Some(-libc::EMFILE)));
    }

    #[test]
    fn an_unknown_error_keeps_the_systems_words() {
        let failure = Failure::from_io("read", &io::Error::other("Strange Thing"));
        assert_eq!((failure.code, failure.message.as_str()), ("EIO", "strange thing"));
    }

    #[cfg(unix)]
    #[test]
    fn the_os_error_suffix_is_dropped() {
        let failure = Failure::from_io("read", &io::Error::from_raw_os_error(libc::EXDEV));
        assert!(!failure.message.contains("os error"), "{}", failure.message);
    }
}
