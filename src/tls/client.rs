//! Settings → rustls's `ClientConfig`, parsed once and shared by value.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rustls::client::Resumption;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, KeyLogFile, SignatureScheme, SupportedProtocolVersion};

use super::roots::Roots;
use super::verifier::{Unverified, Verifier};
use super::{pem, signatures};

/// What a connection is secured with, by value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Settings {
    /// PEM; what is trusted in place of the default roots.
    pub(crate) ca: Vec<Vec<u8>>,
    /// Chains in PEM, each with its key.
    pub(crate) identities: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) alpn: Vec<String>,
    pub(crate) versions: Versions,
    /// Accepts any certificate.
    pub(crate) unverified: bool,
    pub(crate) use_system_ca: bool,
    /// A PEM file, trusted besides the default roots.
    pub(crate) extra_ca_file: Option<String>,
    /// Writes secrets to the file that `SSLKEYLOGFILE` names.
    pub(crate) key_log: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Versions {
    #[default]
    All,
    Tls12,
    Tls13,
}

/// Whom to shake hands with, and how.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) config: Arc<ClientConfig>,
    /// Sent as SNI, unless it is an IP address, and looked for in the certificate.
    pub(crate) server_name: ServerName<'static>,
}

/// Configurations that are kept. A program that makes more than this many different ones rotates certificates.
const MOST_CONFIGS: usize = 64;

/// Sessions are resumed within a configuration, never across.
const SESSIONS: usize = 256;

static CONFIGS: LazyLock<Mutex<HashMap<Settings, Arc<ClientConfig>>>> = LazyLock::new(Mutex::default);

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
    Arc::new(CryptoProvider {
        signature_verification_algorithms: signatures::algorithms(),
        ..rustls::crypto::aws_lc_rs::default_provider()
    })
});

/// The configuration for some settings, and what the user should know about it the first time.
pub(crate) fn configure(settings: Settings) -> Result<(Arc<ClientConfig>, Vec<String>), String> {
    // A poisoned lock guards plain data that is valid at every step.
    let mut configs = CONFIGS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(config) = configs.get(&settings) {
        return Ok((Arc::clone(config), Vec::new()));
    }
    let (config, warnings) = build(&settings)?;
    if configs.len() >= MOST_CONFIGS {
        // Whoever still uses one has it.
        configs.clear();
    }
    let config = Arc::new(config);
    configs.insert(settings, Arc::clone(&config));
    Ok((config, warnings))
}

fn build(settings: &Settings) -> Result<(ClientConfig, Vec<String>), String> {
    let provider = Arc::clone(&PROVIDER);
    let mut warnings = Vec::new();
    let verifier: Arc<dyn ServerCertVerifier> = if settings.unverified {
        Arc::new(Unverified(Arc::clone(&provider)))
    } else {
        let (roots, about_roots) = Roots::load(settings)?;
        warnings = about_roots;
        Arc::new(Verifier::new(roots, Arc::clone(&provider))?)
    };
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(settings.versions.supported())
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = if settings.identities.is_empty() {
        builder.with_no_client_auth()
    } else {
        builder.with_client_cert_resolver(Arc::new(Identities::parse(&settings.identities, &provider)?))
    };
    config.alpn_protocols = settings.alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    if settings.key_log {
        config.key_log = Arc::new(KeyLogFile::new());
    }
    Ok((config, warnings))
}

impl Versions {
    fn supported(self) -> &'static [&'static SupportedProtocolVersion] {
        static VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
        let (newer, older) = VERSIONS.split_at(1);
        match self {
            Self::All => &VERSIONS,
            Self::Tls12 => older,
            Self::Tls13 => newer,
        }
    }
}

/// The client's certificates; the first whose key the server can use is shown.
#[derive(Debug)]
struct Identities(Vec<Arc<CertifiedKey>>);

impl Identities {
    fn parse(pairs: &[(Vec<u8>, Vec<u8>)], provider: &CryptoProvider) -> Result<Self, String> {
        pairs
            .iter()
            .map(|(chain, key)| parse_identity(chain, key, provider))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

fn parse_identity(chain: &[u8], key: &[u8], provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, String> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("the option cert is not valid PEM: {}", pem::problem(&error)))?;
    if chain.is_empty() {
        return Err("the option cert has no certificate in PEM form".to_owned());
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| {
        format!("the option key has no private key in PEM form: {}", pem::problem(&error))
    })?;
    CertifiedKey::from_der(chain, key, provider)
        .map(Arc::new)
        .map_err(|error| format!("the options cert and key can't be used: {error}"))
}

impl rustls::client::ResolvesClientCert for Identities {
    fn resolve(&self, _issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.iter().find(|identity| identity.key.choose_scheme(schemes).is_some()).cloned()
    }

    fn has_certs(&self) -> bool {
        !self.0.is_empty()
    }
}
