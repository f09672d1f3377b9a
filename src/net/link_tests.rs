//! Links over real loopback sockets that nobody watches: the tests say when an event comes.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use super::link::{Link, Progress, Sent};
use super::stream::Stream;
use super::transport::{Received, Transport};
use crate::reactor::Registration;

fn pair() -> (Link, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (theirs, _) = listener.accept().unwrap();
    ours.set_nonblocking(true).unwrap();
    ours.set_nodelay(true).unwrap();
    let peer_addr = theirs.local_addr().unwrap();
    (Link::new(Transport::new(Stream::Plain(ours), None), Registration::Unwatched, peer_addr), theirs)
}

/// What the peer can read without waiting for more.
fn arrived(peer: &mut TcpStream) -> Vec<u8> {
    peer.set_nonblocking(true).unwrap();
    let mut bytes = Vec::new();
    let mut buffer = [0; 65536];
    while let Ok(count) = peer.read(&mut buffer) {
        if count == 0 {
            break;
        }
        bytes.extend_from_slice(&buffer[..count]);
    }
    peer.set_nonblocking(false).unwrap();
    bytes
}

/// Receives as the event loop would have it, once something has arrived.
fn recv_event(link: &mut Link, buffer: &mut [u8]) -> Result<Received, crate::error::Failure> {
    loop {
        link.on_readable()?;
        match link.recv(buffer)? {
            Received::Wait => std::thread::yield_now(),
            received => return Ok(received),
        }
    }
}

#[test]
fn the_first_send_of_a_turn_leaves_at_once_and_the_next_waits_for_a_flush() {
    let (mut link, mut peer) = pair();
    assert_eq!(link.send(b"a", 1), Ok(Sent::Taken));
    assert_eq!(link.send(b"b", 1), Ok(Sent::Gathered));
    assert_eq!(link.send(b"c", 1), Ok(Sent::Gathered));
    assert_eq!(arrived(&mut peer), b"a");
    assert_eq!(link.flush(), Ok(Progress::Done));
    assert_eq!(arrived(&mut peer), b"bc");
    assert_eq!(link.send(b"d", 2), Ok(Sent::Taken));
    assert_eq!(arrived(&mut peer), b"d");
}

#[test]
fn a_large_write_leaves_behind_what_was_gathered() {
    let (mut link, mut peer) = pair();
    let large = vec![b'L'; 20_000];
    link.send(b"first", 1).unwrap();
    link.send(b"gathered", 1).unwrap();
    assert_eq!(link.send(&large, 1), Ok(Sent::Taken));
    let mut expected = b"firstgathered".to_vec();
    expected.extend_from_slice(&large);
    assert_eq!(arrived(&mut peer), expected);
}

#[test]
fn gathering_stops_at_64_kib() {
    let (mut link, mut peer) = pair();
    link.send(b"x", 1).unwrap();
    for _ in 0..64 {
        assert_eq!(link.send(&[1; 1024], 1), Ok(Sent::Gathered));
    }
    assert_eq!(arrived(&mut peer).len(), 1);
    assert_eq!(link.send(&[2; 1024], 1), Ok(Sent::Gathered));
    assert_eq!(arrived(&mut peer).len(), 65536);
}

#[test]
fn a_read_that_waits_first_sends_what_was_gathered() {
    let (mut link, mut peer) = pair();
    link.send(b"a", 1).unwrap();
    link.send(b"b", 1).unwrap();
    assert_eq!(link.recv(&mut [0; 16]), Ok(Received::Wait));
    assert_eq!(arrived(&mut peer), b"ab");
}

#[test]
fn what_the_kernel_does_not_take_is_sent_later_and_nothing_is_lost() {
    let (mut link, mut peer) = pair();
    let sent: Vec<u8> = (0..16 * 1024 * 1024_u32).map(|i| i.to_le_bytes()[1]).collect();
    assert_eq!(link.send(&sent, 1), Ok(Sent::Wait));
    assert_eq!(link.send(b"tail", 2), Ok(Sent::Wait));
    assert_eq!(link.shutdown(), Ok(Progress::Wait));
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        peer.read_to_end(&mut bytes).unwrap();
        bytes
    });
    while !link.on_writable().unwrap() {
        std::thread::yield_now();
    }
    let got = reader.join().unwrap();
    assert_eq!(got.len(), sent.len() + 4);
    assert!(got.starts_with(&sent) && got.ends_with(b"tail"));
}

#[test]
fn after_a_short_read_the_kernel_is_not_asked_again_before_an_event() {
    let (mut link, mut peer) = pair();
    peer.write_all(b"one").unwrap();
    let mut buffer = [0; 16];
    assert_eq!(recv_event(&mut link, &mut buffer), Ok(Received::Bytes(3)));
    peer.write_all(b"two").unwrap();
    assert_eq!(link.recv(&mut buffer), Ok(Received::Wait));
    assert_eq!(link.on_readable(), Ok(true));
    assert_eq!(link.recv(&mut buffer), Ok(Received::Bytes(3)));
}

#[test]
fn the_end_is_seen_after_the_last_byte() {
    let (mut link, mut peer) = pair();
    peer.write_all(b"bye").unwrap();
    drop(peer);
    let mut buffer = [0; 16];
    assert_eq!(recv_event(&mut link, &mut buffer), Ok(Received::Bytes(3)));
    assert_eq!(recv_event(&mut link, &mut buffer), Ok(Received::End));
}

#[test]
fn a_failed_send_leaves_what_had_arrived_readable_and_then_fails_the_reads_too() {
    let (mut link, mut peer) = pair();
    peer.write_all(b"last words").unwrap();
    link.send(b"unread", 1).unwrap();
    // Closing with unread bytes resets the connection.
    drop(peer);
    let mut turn = 1;
    let failure = loop {
        turn += 1;
        match link.send(b"x", turn) {
            Err(failure) => break failure,
            Ok(_) => std::thread::yield_now(),
        }
    };
    assert!(["ECONNRESET", "EPIPE"].contains(&failure.code), "{failure:?}");
    let mut buffer = [0; 64];
    let mut got = 0;
    let end = loop {
        match recv_event(&mut link, &mut buffer) {
            Ok(Received::Bytes(count)) => got += count,
            end => break end,
        }
    };
    assert_eq!(got, b"last words".len());
    assert_eq!(end, Err(failure));
}

#[test]
fn a_shutdown_after_a_reset_tells_of_the_reset() {
    let (mut link, mut peer) = pair();
    link.send(b"unread", 1).unwrap();
    peer.read_exact(&mut [0; 1]).unwrap();
    drop(peer);
    while link.stream().is_connected() {
        std::thread::yield_now();
    }
    assert_eq!(link.shutdown().unwrap_err().code, "ECONNRESET");
}

#[test]
fn discarding_keeps_a_peer_that_only_reads_when_it_can_write_from_getting_stuck() {
    let (mut link, peer) = pair();
    let sent = vec![7; 8 * 1024 * 1024];
    let mut writer = peer.try_clone().unwrap();
    let mut reader = peer;
    let echo = std::thread::spawn(move || {
        let mut buffer = [0; 65536];
        let mut total = 0;
        loop {
            let count = reader.read(&mut buffer).unwrap();
            if count == 0 {
                return total;
            }
            writer.write_all(&buffer[..count]).unwrap();
            total += count;
        }
    });
    link.send(&sent, 1).unwrap();
    while link.shutdown() != Ok(Progress::Done) {
        link.discard_input().unwrap();
    }
    while !echo.is_finished() {
        link.discard_input().unwrap();
    }
    assert_eq!(echo.join().unwrap(), sent.len());
}

#[test]
fn what_was_gathered_survives_an_abort_and_what_is_blocked_makes_the_close_a_reset() {
    let (mut link, mut peer) = pair();
    link.send(b"complete", 1).unwrap();
    link.abandon(false);
    assert!(!link.is_truncated());
    link.send(b"first of turn", 2).unwrap();
    link.send(b"gathered", 2).unwrap();
    link.abandon(false);
    assert!(!link.is_truncated());
    assert_eq!(arrived(&mut peer), b"completefirst of turngathered");
    link.send(&vec![0; 16 * 1024 * 1024], 2).unwrap();
    link.abandon(false);
    assert!(link.is_truncated());
}

#[test]
fn a_connection_that_was_reset_is_not_lingered_on() {
    let (mut link, mut peer) = pair();
    link.send(&vec![0; 200_000], 1).unwrap();
    peer.read_exact(&mut [0; 1]).unwrap();
    drop(peer);
    while link.stream().is_connected() {
        std::thread::yield_now();
    }
    link.shutdown().unwrap_err();
    link.discard_input().unwrap();
    assert!(!link.must_linger(true));
}
