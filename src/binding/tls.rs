//! TLS settings, as JavaScript gives them.

use std::sync::Arc;

use napi::bindgen_prelude::{Buffer, Error, Result, Status};
use napi_derive::napi;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;

use crate::tls::client::{Settings, Target, Versions, configure};

/// What a connection is secured with; everything is validated but the PEM.
#[napi(object)]
pub struct NativeTlsSettings {
    /// PEM; trusted in place of the default roots.
    pub ca: Vec<Buffer>,
    /// Chains in PEM.
    pub certs: Vec<Buffer>,
    /// Their keys in PEM, in the same order.
    pub keys: Vec<Buffer>,
    pub alpn: Vec<String>,
    /// `"TLSv1.2"` or `"TLSv1.3"`; without it, both.
    pub only_version: Option<String>,
    pub reject_unauthorized: bool,
    pub use_system_ca: bool,
    /// A PEM file that is trusted besides the default roots.
    pub extra_ca_file: Option<String>,
    pub key_log: bool,
}

/// Settings, parsed. Those of the same value share their sessions.
#[napi]
pub struct TlsConfig {
    config: Arc<ClientConfig>,
    warnings: Vec<String>,
}

#[napi]
impl TlsConfig {
    /// Throws if the settings can't be used, in words that name the option.
    #[napi(constructor, catch_unwind)]
    pub fn new(settings: NativeTlsSettings) -> Result<Self> {
        let (config, warnings) =
            configure(settings.into()).map_err(|problem| Error::new(Status::InvalidArg, problem))?;
        Ok(Self { config, warnings })
    }

    /// What the user should know about the settings; given to whoever is first to use them.
    #[napi(catch_unwind)]
    pub fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// These settings for a server; `None` if its name is neither a host name nor an IP address.
    pub(super) fn target(&self, server_name: String) -> Option<Target> {
        let server_name = ServerName::try_from(server_name).ok()?;
        Some(Target { config: Arc::clone(&self.config), server_name })
    }
}

impl From<NativeTlsSettings> for Settings {
    fn from(settings: NativeTlsSettings) -> Self {
        let identities = settings.certs.into_iter().zip(settings.keys);
        Self {
            ca: settings.ca.into_iter().map(Vec::from).collect(),
            identities: identities.map(|(cert, key)| (cert.into(), key.into())).collect(),
            alpn: settings.alpn,
            versions: match settings.only_version.as_deref() {
                Some("TLSv1.2") => Versions::Tls12,
                Some("TLSv1.3") => Versions::Tls13,
                _ => Versions::All,
            },
            unverified: !settings.reject_unauthorized,
            use_system_ca: settings.use_system_ca,
            extra_ca_file: settings.extra_ca_file,
            key_log: settings.key_log,
        }
    }
}
