//! Sessions against rustls's own server, in memory, and every verdict of the verifier.

use std::io::{Read, Write};
use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{NamedGroup, ServerConfig, ServerConnection};

use super::client::{Settings, Target, Versions, configure};
use super::failure::describe;
use super::roots::Roots;
use super::session::Session;
use super::verifier::Verifier;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/__test__/fixtures/tls/", $name)).as_slice()
    };
}

const ROOT: &[u8] = fixture!("root.pem");
const LEAF: &[u8] = fixture!("p256.pem");
const SELF_SIGNED_CA: &[u8] = fixture!("self-signed-ca.pem");
const SELF_SIGNED: &[u8] = fixture!("self-signed.pem");

fn certificates(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem).map(Result::unwrap).collect()
}

fn trusting(ca: &[u8]) -> Settings {
    Settings { ca: vec![ca.to_vec()], ..Settings::default() }
}

/// What the verifier says of a chain: `ok`, or the code that users see.
fn verdict(trusted: &[u8], chain: &[u8], name: &'static str) -> &'static str {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let (roots, warnings) = Roots::load(&trusting(trusted)).unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    let verifier = Verifier::new(roots, provider).unwrap();
    let chain = certificates(chain);
    let (leaf, intermediates) = chain.split_first().unwrap();
    let name = ServerName::try_from(name).unwrap();
    match verifier.verify_server_cert(leaf, intermediates, &name, &[], UnixTime::now()) {
        Ok(_) => "ok",
        Err(error) => describe("handshake", &error).code,
    }
}

#[test]
fn a_chain_to_a_trusted_root_is_accepted() {
    assert_eq!(verdict(ROOT, LEAF, "localhost"), "ok");
    assert_eq!(verdict(ROOT, LEAF, "127.0.0.1"), "ok");
}

#[test]
fn names_and_dates_are_verified() {
    assert_eq!(verdict(ROOT, LEAF, "example.org"), "ERR_TLS_CERT_ALTNAME_INVALID");
    assert_eq!(verdict(ROOT, fixture!("expired.pem"), "localhost"), "CERT_HAS_EXPIRED");
    assert_eq!(verdict(ROOT, fixture!("not-yet-valid.pem"), "localhost"), "CERT_NOT_YET_VALID");
}

#[test]
fn a_certificate_that_is_its_own_authority_is_accepted_when_it_is_trusted() {
    assert_eq!(verdict(SELF_SIGNED_CA, SELF_SIGNED_CA, "localhost"), "ok");
    assert_eq!(verdict(SELF_SIGNED, SELF_SIGNED, "localhost"), "ok");
}

#[test]
fn its_name_and_its_dates_are_verified_all_the_same() {
    let expired = fixture!("self-signed-ca-expired.pem");
    assert_eq!(verdict(SELF_SIGNED_CA, SELF_SIGNED_CA, "example.org"), "ERR_TLS_CERT_ALTNAME_INVALID");
    assert_eq!(verdict(expired, expired, "localhost"), "CERT_HAS_EXPIRED");
}

#[test]
fn it_is_not_accepted_when_another_one_is_trusted() {
    assert_eq!(verdict(ROOT, SELF_SIGNED_CA, "localhost"), "DEPTH_ZERO_SELF_SIGNED_CERT");
    assert_eq!(verdict(SELF_SIGNED, SELF_SIGNED_CA, "localhost"), "DEPTH_ZERO_SELF_SIGNED_CERT");
    let same_name = fixture!("self-signed-p384.pem");
    assert_eq!(verdict(SELF_SIGNED, same_name, "localhost"), "DEPTH_ZERO_SELF_SIGNED_CERT");
    assert_eq!(verdict(ROOT, SELF_SIGNED, "localhost"), "DEPTH_ZERO_SELF_SIGNED_CERT");
}

#[test]
fn an_authority_that_did_not_sign_itself_is_no_server() {
    let intermediate = fixture!("intermediate.pem");
    assert_eq!(verdict(intermediate, intermediate, "localhost"), "INVALID_PURPOSE");
    assert_eq!(verdict(&[intermediate, ROOT].concat(), intermediate, "localhost"), "INVALID_PURPOSE");
}

#[test]
fn a_chain_that_leads_nowhere_is_told_apart_by_where_it_ends() {
    let chained = fixture!("chained.pem");
    let with_intermediate = [chained, fixture!("intermediate.pem")].concat();
    let with_root = [LEAF, ROOT].concat();
    assert_eq!(verdict(SELF_SIGNED, LEAF, "localhost"), "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
    assert_eq!(verdict(ROOT, chained, "localhost"), "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
    assert_eq!(verdict(SELF_SIGNED, &with_intermediate, "localhost"), "UNABLE_TO_GET_ISSUER_CERT_LOCALLY");
    assert_eq!(verdict(SELF_SIGNED, &with_root, "localhost"), "SELF_SIGNED_CERT_IN_CHAIN");
    assert_eq!(verdict(ROOT, &with_intermediate, "localhost"), "ok");
}

#[test]
fn settings_of_the_same_value_share_a_configuration_and_others_do_not() {
    let first = configure(trusting(ROOT)).unwrap().0;
    let same = configure(trusting(ROOT)).unwrap().0;
    let other = configure(Settings { alpn: vec!["h2".to_owned()], ..trusting(ROOT) }).unwrap().0;
    assert!(Arc::ptr_eq(&first, &same) && !Arc::ptr_eq(&first, &other));
}

#[test]
fn what_is_no_certificate_is_named() {
    let problem = configure(trusting(b"nonsense")).unwrap_err();
    assert!(problem.contains("option ca"), "{problem}");
    let identities = vec![(LEAF.to_vec(), b"nonsense".to_vec())];
    let problem = configure(Settings { identities, ..trusting(ROOT) }).unwrap_err();
    assert!(problem.contains("option key"), "{problem}");
}

fn server() -> ServerConnection {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::from_pem_slice(fixture!("p256.key")).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificates(LEAF), key)
        .unwrap();
    ServerConnection::new(Arc::new(config)).unwrap()
}

/// A client and a server, past their handshake.
fn pair(versions: Versions) -> (Session, ServerConnection) {
    let (config, _) = configure(Settings { versions, ..trusting(ROOT) }).unwrap();
    let server_name = ServerName::try_from("localhost").unwrap();
    let mut client = Session::new(Target { config, server_name }).unwrap();
    let mut server = server();
    while client.is_handshaking() || server.is_handshaking() {
        give(&mut server, &sent(&mut client));
        let mut records = client.take_incoming();
        records.extend(taken(&mut server));
        client.advance(records).unwrap();
    }
    give(&mut server, &sent(&mut client));
    (client, server)
}

/// The records that a client has to send.
fn sent(client: &mut Session) -> Vec<u8> {
    let outgoing = client.outgoing();
    let records = outgoing.rest().to_vec();
    outgoing.advance(records.len());
    records
}

/// What the server reads out of some records.
fn give(server: &mut ServerConnection, mut records: &[u8]) -> Vec<u8> {
    let mut plaintext = Vec::new();
    while !records.is_empty() {
        server.read_tls(&mut records).unwrap();
        server.process_new_packets().unwrap();
        // Ends when there is nothing for now, which is an error here.
        let _nothing_more = server.reader().read_to_end(&mut plaintext);
    }
    plaintext
}

fn taken(server: &mut ServerConnection) -> Vec<u8> {
    let mut records = Vec::new();
    while server.wants_write() {
        server.write_tls(&mut records).unwrap();
    }
    records
}

/// What the server makes of bytes that the client encrypts.
fn received_by(server: &mut ServerConnection, client: &mut Session, plaintext: &[u8]) -> Vec<u8> {
    let mut records = Vec::new();
    let count = client.encrypt(plaintext, &mut records).unwrap();
    give(server, &records[..count])
}

#[test]
fn the_key_exchange_is_safe_from_quantum_computers_by_default() {
    let (client, _) = pair(Versions::All);
    let group = client.tls().negotiated_key_exchange_group().unwrap();
    assert_eq!(group.name(), NamedGroup::X25519MLKEM768);
}

#[test]
fn bytes_arrive_as_they_were_sent_in_both_versions() {
    for versions in [Versions::Tls12, Versions::Tls13] {
        let (mut client, mut server) = pair(versions);
        let bytes: Vec<u8> = (0..60_000u32).map(|i| (i % 251) as u8).collect();
        assert_eq!(received_by(&mut server, &mut client, &bytes), bytes);

        server.writer().write_all(&bytes).unwrap();
        let mut records = taken(&mut server);
        let mut buffer = vec![0; 100_000];
        let count = client.decrypt(&mut records, &mut buffer).unwrap();
        assert_eq!(&buffer[..count], bytes);
    }
}

#[test]
fn records_may_come_in_pieces_of_any_size_and_be_read_in_pieces_of_any_size() {
    let (mut client, mut server) = pair(Versions::All);
    server.writer().write_all(b"hello").unwrap();
    server.writer().write_all(b" and good-bye").unwrap();
    let mut read = Vec::new();
    let mut buffer = [0; 3];
    for byte in taken(&mut server) {
        let mut records = client.take_incoming();
        records.push(byte);
        let count = client.decrypt(&mut records, &mut buffer).unwrap();
        read.extend_from_slice(&buffer[..count]);
        while client.has_received() {
            let count = client.read(&mut buffer);
            read.extend_from_slice(&buffer[..count]);
        }
    }
    assert_eq!(read, b"hello and good-bye");
    assert_eq!(client.incoming_len(), 0);
}

#[test]
fn new_keys_of_the_peer_are_answered_and_used() {
    let (mut client, mut server) = pair(Versions::Tls13);
    server.refresh_traffic_keys().unwrap();
    server.writer().write_all(b"with new keys").unwrap();
    let mut buffer = [0; 100];
    let count = client.decrypt(&mut taken(&mut server), &mut buffer).unwrap();
    assert_eq!(&buffer[..count], b"with new keys");
    // The answer, which is new keys of ours, goes in front of what is written next.
    assert_eq!(received_by(&mut server, &mut client, b"and back"), b"and back");
}

#[test]
fn a_close_notify_ends_what_it_says_and_nothing_else() {
    let (mut client, mut server) = pair(Versions::Tls13);
    server.writer().write_all(b"last words").unwrap();
    server.send_close_notify();
    let mut buffer = [0; 100];
    let count = client.decrypt(&mut taken(&mut server), &mut buffer).unwrap();
    assert_eq!((&buffer[..count], client.is_peer_closed()), (b"last words".as_slice(), true));
    assert_eq!(received_by(&mut server, &mut client, b"an answer"), b"an answer");
    client.close().unwrap();
    client.close().unwrap();
    let last = sent(&mut client);
    give(&mut server, &last);
    assert_eq!(server.reader().read(&mut buffer).unwrap(), 0);
    let failure = client.encrypt(b"too late", &mut Vec::new()).unwrap_err();
    assert_eq!(failure.code, "EPIPE");
}

/// A record that says "good", and one that was damaged on the way.
fn good_and_bad(server: &mut ServerConnection) -> Vec<u8> {
    server.writer().write_all(b"good").unwrap();
    let mut records = taken(server);
    server.writer().write_all(b"bad").unwrap();
    records.extend(taken(server));
    let last = records.len() - 1;
    records[last] ^= 1;
    records
}

#[test]
fn nothing_is_encrypted_behind_a_record_that_was_refused() {
    let (mut client, mut server) = pair(Versions::Tls13);
    let mut records = good_and_bad(&mut server);
    let mut buffer = [0; 100];
    assert_eq!(client.decrypt(&mut records, &mut buffer).unwrap(), 4);
    let failure = client.encrypt(b"an answer", &mut Vec::new()).unwrap_err();
    assert_eq!(failure.code, "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC");
    client.close().unwrap();
}

#[test]
fn nothing_is_encrypted_behind_a_close_notify() {
    let (mut client, _server) = pair(Versions::Tls13);
    client.close().unwrap();
    let failure = client.encrypt(b"too late", &mut Vec::new()).unwrap_err();
    assert_eq!(failure.code, "EPIPE");
}

#[test]
fn good_records_before_a_bad_one_are_read_first() {
    let (mut client, mut server) = pair(Versions::Tls13);
    let mut records = good_and_bad(&mut server);
    let mut buffer = [0; 100];
    let count = client.decrypt(&mut records, &mut buffer).unwrap();
    assert_eq!(&buffer[..count], b"good");
    assert_eq!(
        client.failure().map(|failure| failure.code),
        Some("ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC")
    );
    assert!(!sent(&mut client).is_empty(), "the peer is told");
}

#[test]
fn a_refused_certificate_is_an_error_and_an_alert_also_when_more_of_the_flight_waits_behind_it() {
    // rustls's server packs the messages behind its certificate into the same record.
    let (config, _) = configure(trusting(SELF_SIGNED)).unwrap();
    let server_name = ServerName::try_from("localhost").unwrap();
    let mut client = Session::new(Target { config, server_name }).unwrap();
    let mut server = server();
    give(&mut server, &sent(&mut client));
    let failure = client.advance(taken(&mut server)).unwrap_err();
    assert_eq!(failure.code, "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
    assert!(!sent(&mut client).is_empty(), "the peer is told");
}
