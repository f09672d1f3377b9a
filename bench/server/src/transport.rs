//! What a connection goes through before the server does its work with it: nothing, TLS, or STARTTLS.

use std::io;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::{ServerConfig, version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::journal::Transfer;
use crate::service::Service;

const CERTIFICATE: &[u8] = include_bytes!("../../certificates/server.pem");
const KEY: &[u8] = include_bytes!("../../certificates/server.key");

const STARTTLS: &[u8] = b"STARTTLS\n";
const GO: &[u8] = b"GO\n";

#[derive(Clone)]
pub(crate) enum Transport {
    Tcp,
    Tls(TlsAcceptor),
    /// TLS after a line from the client and a plain go-ahead.
    StartTls(TlsAcceptor),
}

impl Transport {
    pub(crate) async fn serve(&self, mut stream: TcpStream, service: Service) -> io::Result<Transfer> {
        match self {
            Self::Tcp => service.serve(&mut stream).await,
            Self::Tls(acceptor) => serve_tls(acceptor, stream, service).await,
            Self::StartTls(acceptor) => {
                let mut line = [0; STARTTLS.len()];
                stream.read_exact(&mut line).await?;
                if line != STARTTLS {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                stream.write_all(GO).await?;
                serve_tls(acceptor, stream, service).await
            }
        }
    }
}

async fn serve_tls(acceptor: &TlsAcceptor, stream: TcpStream, service: Service) -> io::Result<Transfer> {
    let mut stream = acceptor.accept(stream).await?;
    let transfer = service.serve(&mut stream).await?;
    // The client may be gone already.
    let _ = stream.shutdown().await;
    Ok(transfer)
}

/// Whether a client can come back to a session that it had.
pub(crate) enum Handshakes {
    Full,
    Resumable,
}

/// One version, suite and group, so that all clients do the same work, whatever their order of preference: those that
/// Node and rustls choose anyway.
pub(crate) fn acceptor(handshakes: Handshakes) -> Result<TlsAcceptor, rustls::Error> {
    let provider = CryptoProvider {
        cipher_suites: vec![aws_lc_rs::cipher_suite::TLS13_AES_256_GCM_SHA384],
        kx_groups: vec![aws_lc_rs::kx_group::X25519],
        ..aws_lc_rs::default_provider()
    };
    let pem = |error| rustls::Error::General(format!("certificates/: {error}"));
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).map_err(pem)?;
    let key = PrivateKeyDer::from_pem_slice(KEY).map_err(pem)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    match handshakes {
        Handshakes::Full => {
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        Handshakes::Resumable => config.ticketer = aws_lc_rs::Ticketer::new()?,
    }
    Ok(TlsAcceptor::from(Arc::new(config)))
}
