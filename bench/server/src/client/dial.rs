//! Connections to the server, by transport.

use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, IpAddr, Ipv4Addr, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const CA: &[u8] = include_bytes!("../../../certificates/ca.pem");
const HOST: [u8; 4] = [127, 0, 0, 1];

const STARTTLS: &[u8] = b"STARTTLS\n";
const GO: &[u8] = b"GO\n";

/// A connection of whatever transport.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

pub(crate) type Connection = Box<dyn Stream>;

#[derive(Clone, Copy, Deserialize, Eq, Hash, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Transport {
    Tcp,
    /// A full handshake for each connection.
    Tls,
    Resumable,
    StartTls,
}

#[derive(Clone, Copy, Deserialize, Eq, Hash, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Service {
    Echo,
    Source,
    Sink,
}

pub(crate) type Addresses = HashMap<Transport, HashMap<Service, Address>>;

#[derive(Clone, Copy, Deserialize)]
pub(crate) struct Address {
    port: u16,
}

#[derive(Clone)]
pub(crate) struct Dialer {
    addresses: Arc<Addresses>,
    connector: TlsConnector,
}

impl Dialer {
    pub(crate) fn new(addresses: Addresses) -> Result<Self, Box<dyn Error>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(CA)?)?;
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Ok(Self { addresses: Arc::new(addresses), connector: Arc::new(config).into() })
    }

    pub(crate) async fn dial(&self, transport: Transport, service: Service) -> io::Result<Connection> {
        let address = self.addresses.get(&transport).and_then(|services| services.get(&service));
        let port = address.ok_or(io::ErrorKind::AddrNotAvailable)?.port;
        let mut stream = TcpStream::connect((std::net::Ipv4Addr::from(HOST), port)).await?;
        stream.set_nodelay(true)?;
        match transport {
            Transport::Tcp => return Ok(Box::new(stream)),
            Transport::Tls | Transport::Resumable => {}
            Transport::StartTls => {
                stream.write_all(STARTTLS).await?;
                let mut line = [0; GO.len()];
                stream.read_exact(&mut line).await?;
            }
        }
        let name = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::from(HOST)));
        Ok(Box::new(self.connector.connect(name, stream).await?))
    }
}
