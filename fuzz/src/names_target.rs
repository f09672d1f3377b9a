use rustls::pki_types::ServerName;

use crate::net::resolve::literal;

/// A host name, and the port in front of it.
pub fn names(data: &[u8]) {
    let Some((port, name)) = data.split_first_chunk::<2>() else { return };
    let port = u16::from_be_bytes(*port);
    let name = String::from_utf8_lossy(name);
    let server_name = ServerName::try_from(name.as_ref());
    let Some(address) = literal(&name, port) else {
        // An address that is one for TLS, but not for us, would go to the resolver and be verified as an address.
        assert!(!matches!(server_name, Ok(ServerName::IpAddress(_))), "{name:?} is an address for TLS only");
        return;
    };
    assert_eq!(address.port(), port);
    assert_eq!(
        literal(&address.ip().to_string(), port),
        Some(address),
        "{name:?} changes when it is printed"
    );
    let Ok(ServerName::IpAddress(ip)) = server_name else { panic!("{name:?} is no address for TLS") };
    assert_eq!(std::net::IpAddr::from(ip), address.ip(), "{name:?} is verified as another address");
}
