//! The other end of TLS: rustls's own server, with the certificates of the tests.

use std::io::{Read, Write};
use std::sync::{Arc, LazyLock};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ServerConfig, ServerConnection};

use crate::tls::client::{Settings, Target, Versions, configure};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../__test__/fixtures/tls/", $name)).as_slice()
    };
}
pub(crate) use fixture;

pub(crate) const ROOT: &[u8] = fixture!("root.pem");

pub(crate) fn certificates(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem).map(Result::unwrap).collect()
}

/// What a client needs to trust [`Server`].
pub(crate) fn target(versions: Versions) -> Target {
    let settings =
        Settings { ca: vec![ROOT.to_vec()], versions, alpn: vec!["echo".to_owned()], ..Settings::default() };
    let (config, _) = configure(settings).unwrap();
    Target { config, server_name: ServerName::try_from("localhost").unwrap() }
}

/// A server in memory, which never looks at what it is owed.
pub(crate) struct Server {
    tls: ServerConnection,
    /// What it made of what it was given.
    pub(crate) plaintext: Vec<u8>,
    /// It was given something that is not TLS.
    pub(crate) failed: bool,
    /// It has said that it will write no more.
    pub(crate) closed: bool,
}

impl Server {
    pub(crate) fn new() -> Self {
        static CONFIG: LazyLock<Arc<ServerConfig>> = LazyLock::new(|| {
            let key = PrivateKeyDer::from_pem_slice(fixture!("p256.key")).unwrap();
            let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            let mut config = ServerConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(certificates(fixture!("p256.pem")), key)
                .unwrap();
            config.alpn_protocols = vec![b"echo".to_vec()];
            Arc::new(config)
        });
        let mut tls = ServerConnection::new(Arc::clone(&CONFIG)).unwrap();
        tls.set_buffer_limit(None);
        Self { tls, plaintext: Vec::new(), failed: false, closed: false }
    }

    /// Whether it takes what is written for the client.
    pub(crate) fn can_write(&self) -> bool {
        !self.tls.is_handshaking() && !self.closed && !self.failed
    }

    /// Takes records from the client.
    pub(crate) fn give(&mut self, mut records: &[u8]) {
        while !records.is_empty() && !self.failed {
            let read = self.tls.read_tls(&mut records);
            if matches!(read, Ok(0)) {
                // Behind `close_notify` it takes no more.
                return;
            }
            self.failed = read.is_err() || self.tls.process_new_packets().is_err();
            // Ends when there is nothing for now, which is an error here.
            let _nothing_more = self.tls.reader().read_to_end(&mut self.plaintext);
        }
    }

    /// Writes to the client; [`Self::take`] gives the records.
    pub(crate) fn write(&mut self, plaintext: &[u8]) {
        self.tls.writer().write_all(plaintext).unwrap();
    }

    /// New keys, where this version of TLS has them.
    pub(crate) fn refresh_keys(&mut self) {
        let _only_in_tls13 = self.tls.refresh_traffic_keys();
    }

    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.tls.send_close_notify();
    }

    /// Records for the client.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        let mut records = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut records).unwrap();
        }
        records
    }
}
