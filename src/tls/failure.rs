//! What went wrong in TLS, with the codes that Node has for it.

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};
use webpki::Error as PathError;

use super::verifier::Untrusted;
use crate::error::Failure;

/// Describes an error of rustls; `operation` is `handshake`, `read` or `write`.
pub(super) fn describe(operation: &'static str, error: &Error) -> Failure {
    let (code, message) = match error {
        Error::InvalidCertificate(error) => certificate(error),
        Error::AlertReceived(alert) => received(*alert),
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        ) => (
            "ERR_SSL_WRONG_VERSION_NUMBER",
            "what the peer sent is not TLS: does the port speak it, from the beginning?".to_owned(),
        ),
        Error::InvalidMessage(_) => ("ERR_SSL_BAD_RECORD_TYPE", words(error)),
        Error::DecryptError => ("ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC", words(error)),
        Error::NoApplicationProtocol => ("ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL", words(error)),
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => (
            "ERR_SSL_UNSUPPORTED_PROTOCOL",
            "the server has no version of TLS that is allowed here".to_owned(),
        ),
        _ => ("EPROTO", words(error)),
    };
    Failure::new(code, operation, message)
}

/// The words of rustls, without a capital at the beginning.
fn words(error: &Error) -> String {
    let text = error.to_string();
    let mut rest = text.chars();
    match (rest.next(), rest.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => first.to_lowercase().chain(rest).collect(),
        _ => text,
    }
}

fn certificate(error: &CertificateError) -> (&'static str, String) {
    use CertificateError as Kind;
    let code = match error {
        Kind::Expired | Kind::ExpiredContext { .. } => "CERT_HAS_EXPIRED",
        Kind::NotValidYet | Kind::NotValidYetContext { .. } => "CERT_NOT_YET_VALID",
        Kind::NotValidForName | Kind::NotValidForNameContext { .. } => "ERR_TLS_CERT_ALTNAME_INVALID",
        Kind::Revoked => "CERT_REVOKED",
        Kind::UnknownIssuer => "UNABLE_TO_GET_ISSUER_CERT",
        Kind::BadSignature => "CERT_SIGNATURE_FAILURE",
        Kind::UnsupportedSignatureAlgorithmContext { .. }
        | Kind::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            return (
                "CERT_SIGNATURE_FAILURE",
                "a certificate of the server is signed in a way that is not accepted: with SHA-1, a key that is too \
                 small, or an algorithm that is not known here"
                    .to_owned(),
            );
        }
        Kind::InvalidPurpose | Kind::InvalidPurposeContext { .. } => "INVALID_PURPOSE",
        Kind::Other(other) => return path(other.0.as_ref()),
        _ => "CERT_REJECTED",
    };
    (code, format!("the server's certificate is not accepted: {error}"))
}

/// The errors that rustls does not name itself.
fn path(error: &(dyn std::error::Error + 'static)) -> (&'static str, String) {
    if let Some(untrusted) = error.downcast_ref::<Untrusted>() {
        return (untrusted.code(), untrusted.to_string());
    }
    match error.downcast_ref::<PathError>() {
        Some(PathError::NameConstraintViolation) => (
            "PERMITTED_VIOLATION",
            "the server's certificate has a name that its issuer may not give out".to_owned(),
        ),
        Some(PathError::PathLenConstraintViolated) => (
            "PATH_LENGTH_EXCEEDED",
            "the chain of the server's certificate is longer than one of its issuers allows".to_owned(),
        ),
        Some(PathError::CaUsedAsEndEntity) => {
            ("INVALID_PURPOSE", "the server's certificate is one that is made to sign others".to_owned())
        }
        Some(PathError::EndEntityUsedAsCa) => {
            ("INVALID_CA", "a certificate in the server's chain is not one that may sign others".to_owned())
        }
        _ => ("CERT_REJECTED", format!("the server's certificate is not accepted: {error}")),
    }
}

/// A fatal alert of the peer, with the code that OpenSSL has for it, and thus Node.
fn received(alert: AlertDescription) -> (&'static str, String) {
    use AlertDescription as Alert;
    let (code, words) = match alert {
        Alert::UnexpectedMessage => ("ERR_SSL_SSLV3_ALERT_UNEXPECTED_MESSAGE", "unexpected message"),
        Alert::BadRecordMac => ("ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC", "bad record MAC"),
        Alert::RecordOverflow => ("ERR_SSL_TLSV1_ALERT_RECORD_OVERFLOW", "record overflow"),
        Alert::HandshakeFailure => (
            "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
            "handshake failure: it accepts nothing of what was offered, or wants a certificate",
        ),
        Alert::BadCertificate => ("ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE", "bad certificate"),
        Alert::UnsupportedCertificate => {
            ("ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE", "unsupported certificate")
        }
        Alert::CertificateRevoked => ("ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED", "certificate revoked"),
        Alert::CertificateExpired => ("ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED", "certificate expired"),
        Alert::CertificateUnknown => ("ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN", "certificate unknown"),
        Alert::IllegalParameter => ("ERR_SSL_SSLV3_ALERT_ILLEGAL_PARAMETER", "illegal parameter"),
        Alert::UnknownCA => ("ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "unknown CA"),
        Alert::AccessDenied => ("ERR_SSL_TLSV1_ALERT_ACCESS_DENIED", "access denied"),
        Alert::DecodeError => ("ERR_SSL_TLSV1_ALERT_DECODE_ERROR", "decode error"),
        Alert::DecryptError => ("ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR", "decrypt error"),
        Alert::ProtocolVersion => (
            "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
            "protocol version: it accepts none of the versions of TLS that were offered",
        ),
        Alert::InsufficientSecurity => ("ERR_SSL_TLSV1_ALERT_INSUFFICIENT_SECURITY", "insufficient security"),
        Alert::InternalError => ("ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR", "internal error"),
        Alert::InappropriateFallback => {
            ("ERR_SSL_TLSV1_ALERT_INAPPROPRIATE_FALLBACK", "inappropriate fallback")
        }
        Alert::UserCanceled => ("ERR_SSL_TLSV1_ALERT_USER_CANCELLED", "user cancelled"),
        Alert::NoRenegotiation => ("ERR_SSL_TLSV1_ALERT_NO_RENEGOTIATION", "no renegotiation"),
        Alert::MissingExtension => ("ERR_SSL_TLSV13_ALERT_MISSING_EXTENSION", "missing extension"),
        Alert::UnsupportedExtension => ("ERR_SSL_TLSV1_UNSUPPORTED_EXTENSION", "unsupported extension"),
        Alert::UnrecognisedName => (
            "ERR_SSL_TLSV1_UNRECOGNIZED_NAME",
            "unrecognised name: it has no certificate for the name that was asked for",
        ),
        Alert::CertificateRequired => (
            "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
            "certificate required: give it one with the options cert and key",
        ),
        Alert::NoApplicationProtocol => (
            "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
            "no application protocol: it speaks none of the protocols that were offered by ALPN",
        ),
        _ => return ("EPROTO", format!("the server ended TLS with the alert {alert:?}")),
    };
    (code, format!("the server ended TLS with the alert \"{words}\""))
}
