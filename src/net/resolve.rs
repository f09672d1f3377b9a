//! Resolves a host name with the system's resolver, keeping its error code.

use std::net::{IpAddr, SocketAddr};

use dns_lookup::{AddrInfoHints, LookupError, LookupErrorKind, SockType, getaddrinfo};

use crate::error::Failure;

/// The address that a literal stands for; `None` for a name, and for an IPv6 literal with a zone, which
/// only the resolver can turn into an interface index.
pub(crate) fn literal(hostname: &str, port: u16) -> Option<SocketAddr> {
    hostname.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, port))
}

/// Asks the system's resolver; blocks, for as long as it takes.
///
/// The addresses come in the resolver's order of preference (RFC 6724), without duplicates.
pub(crate) fn resolve(hostname: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    let hints = AddrInfoHints { socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
    let found = getaddrinfo(Some(hostname), None, Some(hints)).map_err(describe)?;
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for entry in found.flatten() {
        let mut address = entry.sockaddr;
        address.set_port(port);
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(not_found());
    }
    Ok(addresses)
}

/// Translates a resolver error into Node's code and number.
fn describe(error: LookupError) -> Failure {
    use LookupErrorKind as Kind;
    let (code, errno, words) = match error.kind() {
        Kind::NoName | Kind::NoData => return not_found(),
        Kind::System | Kind::IO | Kind::Unknown => return Failure::from_io("getaddrinfo", &error.into()),
        Kind::Again => ("EAI_AGAIN", -3001, "the host name could not be resolved for now"),
        Kind::Badflags => ("EAI_BADFLAGS", -3002, "the resolver refused its flags"),
        Kind::Fail => ("EAI_FAIL", -3004, "the name server failed"),
        Kind::Family => ("EAI_FAMILY", -3005, "the resolver does not know the address family"),
        Kind::Memory => ("EAI_MEMORY", -3006, "out of memory while resolving the host name"),
        Kind::Service => ("EAI_SERVICE", -3010, "the resolver does not know the service"),
        Kind::Socktype => ("EAI_SOCKTYPE", -3011, "the resolver does not know the socket type"),
    };
    Failure { errno: Some(errno), ..Failure::new(code, "getaddrinfo", words) }
}

/// Node folds "no such name" and "no address" into one.
fn not_found() -> Failure {
    Failure { errno: Some(-3008), ..Failure::new("ENOTFOUND", "getaddrinfo", "host name not found") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_need_no_resolver() {
        assert_eq!(literal("127.0.0.1", 80), Some(([127, 0, 0, 1], 80).into()));
        assert_eq!(literal("::1", 80), "[::1]:80".parse().ok());
        assert_eq!(literal("example.com", 80), None);
        assert_eq!(literal("fe80::1%lo", 80), None);
    }

    #[test]
    fn localhost_resolves_with_the_port_asked_for() {
        let addresses = resolve("localhost", 4321).unwrap();
        assert!(addresses.iter().all(|address| address.ip().is_loopback() && address.port() == 4321));
    }

    #[test]
    fn a_name_of_the_reserved_invalid_domain_fails_with_a_resolver_code() {
        let failure = resolve("nothing.invalid", 80).unwrap_err();
        assert!(["ENOTFOUND", "EAI_AGAIN"].contains(&failure.code), "{failure:?}");
        assert_eq!(failure.syscall, "getaddrinfo");
        assert!(failure.errno.is_some_and(|errno| errno < -3000));
    }
}
