use crate::peer::{Server, target};
use crate::script::{Script, pattern};
use crate::tls::client::Versions;
use crate::tls::session::Session;

/// The longest record, and the longest handshake message that rustls puts together of several, twice over: what is more
/// is memory that a peer can make us keep.
const MOST_KEPT: usize = 2 * (65_536 + 5 + 16_384 + 2048);

/// A session whose incoming records are cut anywhere, and tampered with.
pub fn session(data: &[u8]) {
    let mut script = Script::new(data);
    let versions = [Versions::Tls13, Versions::Tls12][usize::from(script.flag())];
    let mut pair = Pair::new(versions);
    while !script.is_over() {
        pair.step(&mut script);
    }
    pair.end();
}

struct Pair {
    client: Session,
    server: Server,
    /// Records of the server that are still to be delivered.
    wire: Vec<u8>,
    is_tampered: bool,
    /// What the server wrote, and how much of it the client has read.
    written: Vec<u8>,
    read: usize,
    /// What the client wrote.
    sent: Vec<u8>,
    client_closed: bool,
}

impl Pair {
    fn new(versions: Versions) -> Self {
        Self {
            client: Session::new(target(versions)).unwrap(),
            server: Server::new(),
            wire: Vec::new(),
            is_tampered: false,
            written: Vec::new(),
            read: 0,
            sent: Vec::new(),
            client_closed: false,
        }
    }

    fn step(&mut self, script: &mut Script<'_>) {
        match script.byte() % 16 {
            // As letters: p, a, b, …
            0 => self.shake_hands(),
            1 => self.deliver(1 + usize::from(script.byte()), script.size()),
            2 => self.deliver(usize::MAX, script.size()),
            3 => self.server_writes(script.size()),
            4 => self.client_writes(script.size()),
            5 => self.read_received(1 + script.size()),
            6 => {
                if self.server.can_write() {
                    self.server.refresh_keys();
                }
            }
            7 => {
                if self.server.can_write() {
                    self.server.close();
                }
            }
            8 => {
                self.client_closed = true;
                // Before and after the handshake, once and again.
                let _fails_if_closed = self.client.close();
            }
            9 => self.exchange(),
            10 => self.tamper(
                |wire, at, script| {
                    if let Some(byte) = wire.get_mut(at) {
                        *byte ^= script.byte();
                    }
                },
                script,
            ),
            11 => self.tamper(
                |wire, at, script| {
                    let length = script.byte();
                    let inserted = script.bytes(length.into()).to_vec();
                    wire.splice(at..at, inserted);
                },
                script,
            ),
            12 => self.tamper(
                |wire, at, script| {
                    let end = wire.len().min(at + script.size());
                    wire.drain(at..end);
                },
                script,
            ),
            13 => self.tamper(
                |wire, at, script| {
                    let end = wire.len().min(at + script.size());
                    let twice = wire[at..end].to_vec();
                    wire.splice(at..at, twice);
                },
                script,
            ),
            14 => self.tamper(
                |wire, at, script| {
                    // A record of any type, as plain text.
                    let mut record = vec![script.byte(), 3, 3];
                    let length = script.byte();
                    let content = script.bytes(length.into());
                    record.extend((content.len() as u16).to_be_bytes());
                    record.extend(content);
                    wire.splice(at..at, record);
                },
                script,
            ),
            _ => self.tamper(|wire, at, _| wire.truncate(at), script),
        }
        assert!(self.client.incoming_len() <= MOST_KEPT, "{} bytes are kept", self.client.incoming_len());
    }

    /// To the end of the handshake, if nothing prevents it.
    fn shake_hands(&mut self) {
        for _ in 0..8 {
            self.exchange();
            self.deliver(usize::MAX, 0);
        }
    }

    /// Moves what both ends have to say: to the server at once, to the client's wire.
    fn exchange(&mut self) {
        let outgoing = self.client.outgoing();
        let records = outgoing.rest().to_vec();
        outgoing.advance(records.len());
        self.give(&records);
        self.wire.extend(self.server.take());
    }

    fn give(&mut self, records: &[u8]) {
        self.server.give(records);
        assert!(!self.server.failed || self.is_tampered, "the server does not understand the client");
        assert!(self.sent.starts_with(&self.server.plaintext), "the server read what was never sent");
    }

    /// Delivers the next records, or parts of them, to a reader with some room.
    ///
    /// Not in a build with debug assertions if records were tampered with after `close_notify` was sent: one of rustls's
    /// is that no other alert follows that, which does not hold (`send_fatal_alert`, 0.23.46). Without it nothing is wrong.
    fn deliver(&mut self, most: usize, room: usize) {
        self.wire.extend(self.server.take());
        // As the transport does it.
        if self.client.has_received() {
            return self.read_received(room);
        }
        let piece: Vec<u8> = self.wire.drain(..most.min(self.wire.len())).collect();
        let is_asserted = cfg!(debug_assertions) && self.client_closed && self.is_tampered;
        if self.client.failure().is_some() || self.client.is_peer_closed() || is_asserted {
            return;
        }
        let mut records = self.client.take_incoming();
        records.extend(piece);
        let mut buffer = vec![0; room];
        match self.client.decrypt(&mut records, &mut buffer) {
            Ok(count) => self.took(&buffer[..count]),
            Err(failure) => assert!(self.is_tampered, "{failure:?}"),
        }
        assert!(self.client.failure().is_none() || self.is_tampered, "{:?}", self.client.failure());
    }

    fn read_received(&mut self, room: usize) {
        let mut buffer = vec![0; room];
        let count = self.client.read(&mut buffer);
        self.took(&buffer[..count]);
    }

    /// What comes out is what went in, in order, whatever happened on the way.
    fn took(&mut self, bytes: &[u8]) {
        let expected = self.written.get(self.read..self.read + bytes.len());
        assert_eq!(expected, Some(bytes), "the client read what was never written");
        self.read += bytes.len();
    }

    fn server_writes(&mut self, length: usize) {
        if !self.server.can_write() {
            return;
        }
        let bytes = pattern(self.written.len(), length);
        self.server.write(&bytes);
        self.written.extend(bytes);
    }

    fn client_writes(&mut self, length: usize) {
        if self.client.is_handshaking() || self.client_closed {
            // The engine lets nobody write before the handshake, and the streams let nobody write after a close.
            return;
        }
        self.exchange();
        let bytes = pattern(self.sent.len(), length);
        let mut records = Vec::new();
        match self.client.encrypt(&bytes, &mut records) {
            Ok(count) => {
                self.sent.extend(bytes);
                self.give(&records[..count]);
            }
            Err(failure) => assert!(self.is_tampered, "{failure:?}"),
        }
    }

    fn tamper(&mut self, change: impl FnOnce(&mut Vec<u8>, usize, &mut Script<'_>), script: &mut Script<'_>) {
        self.wire.extend(self.server.take());
        let before = self.wire.clone();
        let at = script.position(self.wire.len() + 1);
        change(&mut self.wire, at, script);
        self.is_tampered |= self.wire != before;
    }

    /// If nobody tampered, everything arrives.
    fn end(&mut self) {
        self.shake_hands();
        while self.client.has_received() || (!self.wire.is_empty() && !self.is_tampered) {
            self.deliver(usize::MAX, 10_000);
        }
        if self.is_tampered {
            return;
        }
        assert!(self.client_closed || !self.client.is_handshaking(), "the handshake did not end");
        assert_eq!(self.read, self.written.len(), "bytes are missing");
        assert_eq!(self.server.plaintext, self.sent, "bytes are missing at the server");
        assert_eq!(self.client.is_peer_closed(), self.server.closed);
    }
}
