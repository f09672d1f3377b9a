//! What is trusted: the certificates that come with this crate, the user's own, or the system's.

use std::sync::{Arc, OnceLock};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::client::Settings;
use super::pem;

/// The certificates that a chain may end at.
#[derive(Clone, Debug)]
pub(super) struct Roots {
    pub(super) anchors: Arc<RootCertStore>,
    /// Those that the user named, whole: any of them may be a server's own.
    named: Arc<Vec<CertificateDer<'static>>>,
}

impl Roots {
    /// The roots for some settings, and what the user should know about them.
    pub(super) fn load(settings: &Settings) -> Result<(Self, Vec<String>), String> {
        let mut anchors = RootCertStore::empty();
        let mut named = Vec::new();
        let mut warnings = Vec::new();
        if settings.ca.is_empty() {
            anchors.extend(bundled().roots.iter().cloned());
            if settings.use_system_ca {
                add_system(&mut anchors, &mut named, &mut warnings);
            }
            if let Some(path) = &settings.extra_ca_file
                && let Err(problem) = add_file(path, &mut anchors, &mut named)
            {
                warnings.push(format!("Ignoring extra certs from `{path}`: {problem}"));
            }
        }
        for text in &settings.ca {
            add_pem(text, &mut anchors, &mut named).map_err(|problem| format!("the option ca {problem}"))?;
        }
        Ok((Self { anchors: Arc::new(anchors), named: Arc::new(named) }, warnings))
    }

    /// Whether the user named this very certificate.
    pub(super) fn contains(&self, certificate: &CertificateDer<'_>) -> bool {
        self.named.iter().any(|named| named == certificate)
    }
}

/// Mozilla's roots.
fn bundled() -> &'static RootCertStore {
    static BUNDLED: OnceLock<RootCertStore> = OnceLock::new();
    BUNDLED.get_or_init(|| RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
}

fn add_file(
    path: &str,
    anchors: &mut RootCertStore,
    named: &mut Vec<CertificateDer<'static>>,
) -> Result<(), String> {
    let text = std::fs::read(path).map_err(|error| error.to_string())?;
    add_pem(&text, anchors, named).map_err(|problem| format!("it {problem}"))
}

fn add_pem(
    text: &[u8],
    anchors: &mut RootCertStore,
    named: &mut Vec<CertificateDer<'static>>,
) -> Result<(), String> {
    let before = named.len();
    for certificate in CertificateDer::pem_slice_iter(text) {
        let certificate =
            certificate.map_err(|error| format!("is not valid PEM: {}", pem::problem(&error)))?;
        anchors
            .add(certificate.clone())
            .map_err(|error| format!("has a certificate that can't be read: {error}"))?;
        named.push(certificate);
    }
    if named.len() == before { Err("has no certificate in PEM form".to_owned()) } else { Ok(()) }
}

/// Adds what can be read of the system's store, in which strange certificates are nothing to fail at.
fn add_system(
    anchors: &mut RootCertStore,
    named: &mut Vec<CertificateDer<'static>>,
    warnings: &mut Vec<String>,
) {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let problems: Vec<_> = found.errors.iter().map(ToString::to_string).collect();
        warnings.push(format!("No certificates in the system's store. {}", problems.join("; ")));
    }
    for certificate in found.certs {
        if anchors.add(certificate.clone()).is_ok() {
            named.push(certificate);
        }
    }
}
