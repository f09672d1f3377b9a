//! Whether a server is who it says: WebPKI's rules, and the one thing more that people have on their laptops.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use webpki::{EndEntityCert, Error as PathError};

use super::roots::Roots;

/// Verifies the certificate of a server.
#[derive(Debug)]
pub(super) struct Verifier {
    webpki: Arc<WebPkiServerVerifier>,
    roots: Roots,
}

impl Verifier {
    pub(super) fn new(roots: Roots, provider: Arc<CryptoProvider>) -> Result<Self, String> {
        let webpki = WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots.anchors), provider)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { webpki, roots })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict =
            self.webpki.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verdict {
            // `openssl req -x509` makes a certificate that may sign others, which WebPKI takes from no server. Node does
            // when that very certificate is trusted, and its own issuer. Its validity has been checked: WebPKI does that first.
            Err(Error::InvalidCertificate(error))
                if is_ca_used_as_end_entity(&error)
                    && is_self_issued(end_entity)
                    && self.roots.contains(end_entity) =>
            {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            Err(Error::InvalidCertificate(error)) => {
                Err(Error::InvalidCertificate(explain(error, end_entity, intermediates)))
            }
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(message, cert, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, cert, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

/// Accepts any certificate, for `rejectUnauthorized: false`. That the server has the certificate's key is still checked.
#[derive(Debug)]
pub(super) struct Unverified(pub(super) Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Why a chain leads to nothing that is trusted: WebPKI says no more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Untrusted {
    SelfSigned,
    SelfSignedInChain,
    LeafOnly,
    NoRoot,
}

impl Untrusted {
    /// The code of OpenSSL, and thus of Node.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::SelfSigned => "DEPTH_ZERO_SELF_SIGNED_CERT",
            Self::SelfSignedInChain => "SELF_SIGNED_CERT_IN_CHAIN",
            Self::LeafOnly => "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
            Self::NoRoot => "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
        }
    }
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SelfSigned => {
                "the server's certificate is self-signed and not trusted: if it is yours, give it as the option ca or in \
                 NODE_EXTRA_CA_CERTS"
            }
            Self::SelfSignedInChain => {
                "the root of the server's certificate is not trusted: if it is yours, give it as the option ca or in \
                 NODE_EXTRA_CA_CERTS"
            }
            Self::LeafOnly => {
                "the issuer of the server's certificate is not known: the server leaves out an intermediate certificate, \
                 or its root has to be given as the option ca or in NODE_EXTRA_CA_CERTS"
            }
            Self::NoRoot => {
                "the root of the server's certificate is not known: if it is yours, give it as the option ca or in \
                 NODE_EXTRA_CA_CERTS"
            }
        })
    }
}

impl std::error::Error for Untrusted {}

fn is_ca_used_as_end_entity(error: &CertificateError) -> bool {
    matches!(error, CertificateError::Other(OtherError(error))
        if matches!(error.downcast_ref(), Some(PathError::CaUsedAsEndEntity)))
}

fn explain(
    error: CertificateError,
    end_entity: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
) -> CertificateError {
    let untrusted = match error {
        _ if is_ca_used_as_end_entity(&error) && is_self_issued(end_entity) => Untrusted::SelfSigned,
        // The others: a root of the same name is trusted, with another key.
        CertificateError::UnknownIssuer
        | CertificateError::BadSignature
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. }
            if is_self_issued(end_entity) =>
        {
            Untrusted::SelfSigned
        }
        CertificateError::UnknownIssuer if intermediates.is_empty() => Untrusted::LeafOnly,
        CertificateError::UnknownIssuer if intermediates.iter().any(is_self_issued) => {
            Untrusted::SelfSignedInChain
        }
        CertificateError::UnknownIssuer => Untrusted::NoRoot,
        error => return error,
    };
    CertificateError::Other(OtherError(Arc::new(untrusted)))
}

fn is_self_issued(certificate: &CertificateDer<'_>) -> bool {
    EndEntityCert::try_from(certificate).is_ok_and(|parsed| parsed.issuer() == parsed.subject())
}
