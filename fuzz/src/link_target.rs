use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use crate::error::Failure;
use crate::net::link::{Link, Progress, Sent};
use crate::net::stream::Stream;
use crate::net::transport::{Received, Transport};
use crate::peer::{Server, target};
use crate::reactor::{Interest, Registration};
use crate::script::{Script, pattern};
use crate::tls::client::Versions;
use crate::tls::session::Session;

/// An open connection over a pair of sockets: the script is what both ends do, and when events come.
pub fn link(data: &[u8]) {
    let mut script = Script::new(data);
    let kind = script.byte() % 3;
    let mut pair = Pair::new(kind);
    while !script.is_over() {
        pair.step(&mut script);
    }
    pair.end();
}

struct Pair {
    link: Link,
    registration: Registration,
    peer: Peer,
    turn: u32,
    /// What the peer wrote, and how much of it was read here.
    written: Vec<u8>,
    read: usize,
    /// What was written here.
    sent: Vec<u8>,
    shut_down: bool,
    /// Nothing more is read here.
    discarding: bool,
    /// What was written may be incomplete from here on.
    abandoned: bool,
    /// A failure that the peer has a part in.
    broken: bool,
    is_open: bool,
}

struct Peer {
    stream: UnixStream,
    tls: Option<Server>,
    /// What it has read.
    plaintext: Vec<u8>,
    /// How much came in on the socket for that.
    arrived: usize,
    /// What it has to send, and how much of that goes into the socket is the script's choice.
    outgoing: Vec<u8>,
    /// It sends something else than it should, or not all.
    is_tampered: bool,
    is_ended: bool,
    /// It saw the end.
    saw_end: bool,
}

impl Pair {
    fn new(kind: u8) -> Self {
        let (ours, theirs) = UnixStream::pair().unwrap();
        for stream in [&ours, &theirs] {
            stream.set_nonblocking(true).unwrap();
            // So that it fills up.
            socket2::SockRef::from(stream).set_send_buffer_size(8192).unwrap();
        }
        let registration = Registration::default();
        let versions = [None, Some(Versions::Tls13), Some(Versions::Tls12)][usize::from(kind)];
        let session = versions.map(|versions| Session::new(target(versions)).unwrap());
        let stream = Stream::Plain(TcpStream::from(OwnedFd::from(ours)));
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let is_open = session.is_none();
        let mut link = Link::new(Transport::new(stream, None), registration.clone(), address);
        if let Some(session) = session {
            link = link.with_session(session);
        }
        Self {
            link,
            registration,
            peer: Peer {
                stream: theirs,
                tls: (!is_open).then(Server::new),
                plaintext: Vec::new(),
                arrived: 0,
                outgoing: Vec::new(),
                is_tampered: false,
                is_ended: false,
                saw_end: false,
            },
            turn: 0,
            written: Vec::new(),
            read: 0,
            sent: Vec::new(),
            shut_down: false,
            discarding: false,
            abandoned: false,
            broken: false,
            is_open,
        }
    }

    fn step(&mut self, script: &mut Script<'_>) {
        let is_asserted = cfg!(debug_assertions) && self.shut_down && self.peer.is_tampered;
        // An assertion of rustls's, see the target `session`.
        if is_asserted && self.peer.tls.is_some() {
            script.byte();
            return;
        }
        match script.byte() % 16 {
            // As letters: p, a, b, …
            0 => self.open(),
            1 => self.send(script.size()),
            2 => self.recv(script.size()),
            3 => self.peer_writes(script.size()),
            4 => self.peer_sends(1 + script.size()),
            5 => self.peer_reads(1 + script.size()),
            6 => self.turn = self.turn.wrapping_add(1),
            7 => self.flush(),
            8 => self.on_readable(),
            9 => self.on_writable(),
            10 => self.shut_down(),
            11 => self.peer_ends(),
            12 => self.peer_tampers(script),
            13 => self.discard(),
            14 => self.abandon(),
            _ => self.has_input(),
        }
    }

    /// To the end of the handshake, if nothing prevents it.
    fn open(&mut self) {
        for _ in 0..16 {
            if self.is_open || self.broken {
                return;
            }
            match self.link.shake_hands() {
                Ok(Progress::Done) => self.is_open = true,
                Ok(Progress::Wait) => self.assert_awaited(),
                Err(failure) => self.fail(&failure),
            }
            self.peer_reads(usize::MAX);
            self.peer_sends(usize::MAX);
        }
    }

    fn send(&mut self, length: usize) {
        if !self.is_open || self.shut_down || self.abandoned {
            return;
        }
        let bytes = pattern(self.sent.len(), length);
        match self.link.send(&bytes, self.turn) {
            Ok(sent) => {
                self.sent.extend(bytes);
                if sent == Sent::Wait {
                    assert!(self.registration.is_armed(Interest::WRITABLE), "the writer waits for nothing");
                }
            }
            Err(failure) => {
                // Some of it may be gone.
                self.sent.extend(bytes);
                self.fail(&failure);
            }
        }
    }

    fn recv(&mut self, room: usize) {
        if !self.is_open || self.discarding {
            return;
        }
        let mut buffer = vec![0; room];
        match self.link.recv(&mut buffer) {
            Ok(Received::Bytes(count)) => self.took(&buffer[..count]),
            Ok(Received::Wait) => {
                assert!(self.registration.is_armed(Interest::READABLE), "the reader waits for nothing");
            }
            Ok(Received::End) => {
                let is_closed = self.peer.tls.as_ref().is_some_and(|server| server.closed);
                assert!(is_closed || self.peer.is_ended || self.peer.is_tampered, "an end that is none");
            }
            Err(failure) => self.fail(&failure),
        }
    }

    /// What comes out is what went in, in order, whatever happened on the way.
    fn took(&mut self, bytes: &[u8]) {
        if self.peer.tls.is_none() && self.peer.is_tampered {
            return;
        }
        let expected = self.written.get(self.read..self.read + bytes.len());
        assert_eq!(expected, Some(bytes), "the reader got what was never written");
        self.read += bytes.len();
    }

    fn flush(&mut self) {
        if self.is_open {
            let flushed = self.link.flush();
            self.waited(flushed);
        }
    }

    fn on_readable(&mut self) {
        if self.is_open
            && let Err(failure) = self.link.on_readable()
        {
            self.fail(&failure);
        }
    }

    fn on_writable(&mut self) {
        if self.is_open
            && let Err(failure) = self.link.on_writable()
        {
            self.fail(&failure);
        }
    }

    fn shut_down(&mut self) {
        if self.is_open {
            self.shut_down = true;
            let progress = self.link.shutdown();
            self.waited(progress);
        }
    }

    fn discard(&mut self) {
        if self.is_open {
            self.discarding = true;
            let discarded = self.link.discard_input();
            if let Err(failure) = discarded {
                self.fail(&failure);
            }
        }
    }

    fn abandon(&mut self) {
        if self.is_open {
            self.abandoned = true;
            self.link.abandon(false);
        }
    }

    fn has_input(&mut self) {
        if self.is_open && !self.discarding && self.link.has_input() {
            // After a short read the kernel is not asked again before the event, which has come.
            self.on_readable();
            let mut buffer = [0; 1];
            let received = self.link.recv(&mut buffer);
            assert_eq!(received, Ok(Received::Bytes(1)), "there was input");
            self.took(&buffer);
        }
    }

    fn waited(&mut self, progress: Result<Progress, Failure>) {
        match progress {
            Ok(Progress::Done) => {}
            Ok(Progress::Wait) => {
                assert!(self.registration.is_armed(Interest::WRITABLE), "the writer waits for nothing");
            }
            Err(failure) => self.fail(&failure),
        }
    }

    fn assert_awaited(&self) {
        let armed =
            [Interest::READABLE, Interest::WRITABLE].iter().any(|one| self.registration.is_armed(*one));
        assert!(armed, "the handshake waits for nothing");
    }

    fn fail(&mut self, failure: &Failure) {
        let has_reason = self.peer.is_tampered || self.peer.is_ended;
        assert!(has_reason, "failed without a reason: {failure:?}");
        self.broken = true;
    }

    fn peer_writes(&mut self, length: usize) {
        let Peer { tls, outgoing, is_ended, .. } = &mut self.peer;
        if *is_ended || tls.as_ref().is_some_and(|server| !server.can_write()) {
            return;
        }
        let bytes = pattern(self.written.len(), length);
        match tls {
            Some(server) => {
                server.write(&bytes);
                outgoing.extend(server.take());
            }
            None => outgoing.extend(&bytes),
        }
        self.written.extend(bytes);
    }

    /// Puts up to so many bytes into the socket.
    fn peer_sends(&mut self, most: usize) {
        let Peer { stream, tls, outgoing, .. } = &mut self.peer;
        if let Some(server) = tls {
            outgoing.extend(server.take());
        }
        if outgoing.is_empty() {
            return;
        }
        if let Ok(count) = stream.write(&outgoing[..most.min(outgoing.len())]) {
            outgoing.drain(..count);
        }
    }

    fn peer_reads(&mut self, most: usize) {
        let Peer { stream, tls, plaintext, arrived, saw_end, is_tampered, .. } = &mut self.peer;
        let mut bytes = vec![0; most.min(1 << 20)];
        let Ok(count) = stream.read(&mut bytes) else { return };
        *saw_end |= count == 0;
        *arrived += count;
        match tls {
            Some(server) => {
                server.give(&bytes[..count]);
                assert!(!server.failed || *is_tampered, "the peer does not understand what it is sent");
                plaintext.clone_from(&server.plaintext);
            }
            None => plaintext.extend(&bytes[..count]),
        }
        assert!(self.sent.starts_with(&self.peer.plaintext), "the peer read what was never sent");
    }

    fn peer_ends(&mut self) {
        if let Some(server) = &mut self.peer.tls {
            server.close();
        }
        self.peer_sends(usize::MAX);
        // What did not fit is a truncation.
        self.peer.is_tampered |= !self.peer.outgoing.is_empty();
        self.peer.outgoing.clear();
        self.peer.is_ended = true;
        self.peer.stream.shutdown(std::net::Shutdown::Write).unwrap();
    }

    fn peer_tampers(&mut self, script: &mut Script<'_>) {
        let outgoing = &mut self.peer.outgoing;
        let at = script.position(outgoing.len() + 1);
        let before = outgoing.clone();
        let length = script.byte();
        match length % 3 {
            0 => drop(outgoing.splice(at..at, script.bytes(length.into()).to_vec())),
            1 => outgoing.truncate(at),
            _ => outgoing.get_mut(at).map_or((), |byte| *byte ^= length),
        }
        self.peer.is_tampered |= *outgoing != before;
    }

    /// Both ends go on until nothing moves: then everything has arrived that was to.
    fn end(&mut self) {
        self.open();
        if !self.is_open || self.broken || self.peer.is_tampered {
            return;
        }
        self.flush();
        let mut idle = 0;
        // One round may do no more than make room for the next.
        while idle < 3 && !self.broken {
            let before = self.progress();
            self.peer_sends(usize::MAX);
            self.on_readable();
            self.recv(50_000);
            self.on_writable();
            self.peer_reads(usize::MAX);
            idle = if before == self.progress() { idle + 1 } else { 0 };
        }
        if self.broken {
            return;
        }
        assert!(self.abandoned || self.peer.plaintext == self.sent, "bytes are missing at the peer");
        assert!(self.discarding || self.read == self.written.len(), "bytes are missing");
        assert!(self.abandoned || self.peer.saw_end == self.shut_down, "FIN is missing, or came unasked");
        if !self.abandoned {
            assert!(!self.link.has_unsent() && !self.link.is_truncated());
        }
    }

    /// What changes when something moves.
    fn progress(&self) -> (usize, usize, usize, bool) {
        (self.read, self.peer.arrived, self.peer.outgoing.len(), self.peer.saw_end)
    }
}
