use std::sync::{Arc, LazyLock};

use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{Error, crypto};

use super::client::Settings;
use super::failure::describe;
use super::roots::Roots;
use super::verifier::Verifier;
use crate::peer::{ROOT, certificates as parse, fixture};
use crate::script::Script;

/// A chain for the verifier: mutations of certificates that are good, or bytes of the fuzzer's own.
pub fn certificates(data: &[u8]) {
    let mut script = Script::new(data);
    let (server_name, trusted) = if script.flag() { ("127.0.0.1", false) } else { ("localhost", true) };
    let count = script.byte() % 4;
    let chain: Vec<_> = (0..=count).map(|_| certificate(&mut script)).collect();
    let Some((leaf, intermediates)) = chain.split_first() else { return };
    let name = ServerName::try_from(server_name).unwrap();
    match VERIFIERS[usize::from(trusted)].verify_server_cert(leaf, intermediates, &name, &[], UnixTime::now())
    {
        Ok(_) => {
            // Nobody can forge what is signed.
            let is_genuine = GENUINE.iter().any(|genuine| contains(leaf, signed_part(genuine)));
            assert!(is_genuine, "a forged certificate is accepted for {server_name}");
        }
        Err(error) => {
            let failure = describe("handshake", &error);
            assert!(!failure.code.is_empty() && !failure.message.is_empty());
            assert!(matches!(error, Error::InvalidCertificate(_)), "{error:?}");
        }
    }
}

/// Trusting nothing but a root, and nothing but certificates that are their own.
static VERIFIERS: LazyLock<[Verifier; 2]> = LazyLock::new(|| {
    let own = [fixture!("self-signed-ca.pem"), fixture!("self-signed.pem")].concat();
    [vec![own], vec![ROOT.to_vec()]].map(|ca| {
        let (roots, _) = Roots::load(&Settings { ca, ..Settings::default() }).unwrap();
        Verifier::new(roots, Arc::new(crypto::aws_lc_rs::default_provider())).unwrap()
    })
});

/// What mutations begin with; any of them may be a leaf or an intermediate one.
static GENUINE: LazyLock<Vec<CertificateDer<'static>>> = LazyLock::new(|| {
    let pem = [
        fixture!("p256.pem"),
        fixture!("chained.pem"),
        fixture!("intermediate.pem"),
        fixture!("constrained.pem"),
        fixture!("constrained-ca.pem"),
        fixture!("ed25519.pem"),
        fixture!("self-signed-ca.pem"),
        fixture!("self-signed.pem"),
        fixture!("ip-only.pem"),
        ROOT,
    ];
    parse(&pem.concat())
});

fn certificate(script: &mut Script<'_>) -> CertificateDer<'static> {
    let which = usize::from(script.byte());
    let Some(genuine) = GENUINE.get(which % (GENUINE.len() + 1)) else {
        let length = script.size();
        return CertificateDer::from(script.bytes(length).to_vec());
    };
    let mut der = genuine.to_vec();
    for _ in 0..script.byte() % 8 {
        let at = script.position(der.len());
        match script.byte() % 4 {
            0 => der.truncate(at),
            1 => {
                let length = usize::from(script.byte() % 32);
                let inserted = script.bytes(length).to_vec();
                der.splice(at..at, inserted);
            }
            2 => {
                let end = der.len().min(at + usize::from(script.byte() % 32));
                der.drain(at..end);
            }
            _ => {
                if let Some(byte) = der.get_mut(at) {
                    *byte = script.byte();
                }
            }
        }
    }
    CertificateDer::from(der)
}

/// The first member of the outermost sequence, with its header (RFC 5280 §4.1); both have lengths of two bytes.
fn signed_part(der: &[u8]) -> &[u8] {
    let length = usize::from(der[6]) << 8 | usize::from(der[7]);
    assert_eq!((der[0], der[1], der[4], der[5]), (0x30, 0x82, 0x30, 0x82));
    &der[4..8 + length]
}

fn contains(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}
