//! Dials a host: resolves it and races the addresses (Happy Eyeballs v2, RFC 8305).

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::resolve::{literal, resolve};
use crate::error::Failure;
use crate::inject;
use crate::tls::session::Session;

/// Delay before the next address is tried; RFC 8305 §5 recommends 250 ms.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// A connected stream, and the address that answered: asking the system for it later fails once the peer has
/// reset the connection.
#[derive(Debug)]
pub(crate) struct Dialed {
    pub(crate) stream: TcpStream,
    pub(crate) peer_addr: SocketAddr,
    /// What was agreed on, when the connection is encrypted.
    pub(crate) session: Option<Box<Session>>,
}

/// Connects to the first address of `hostname` that answers.
///
/// Cancel-safe: dropping the future closes every attempt.
pub(crate) async fn dial(hostname: String, port: u16) -> Result<Dialed, Failure> {
    inject::bug("dial");
    if let Some(address) = literal(&hostname, port) {
        return attempt(address).await;
    }
    // A set, because dropping it takes back a look-up that has not begun.
    let mut lookup = JoinSet::new();
    lookup.spawn_blocking(move || resolve(&hostname, port));
    let addresses = match lookup.join_next().await {
        Some(Ok(found)) => found?,
        Some(Err(error)) => return Err(Failure::new("ERR_INTERNAL", "getaddrinfo", error.to_string())),
        None => return Err(Failure::new("ERR_INTERNAL", "getaddrinfo", "the look-up was lost")),
    };
    race(interleave(&addresses)).await
}

/// Starts an attempt every [`ATTEMPT_DELAY`], or at once when one fails; the first to connect wins.
async fn race(mut addresses: VecDeque<SocketAddr>) -> Result<Dialed, Failure> {
    let mut attempts = JoinSet::new();
    let mut failures = Vec::new();
    let mut next_attempt = Instant::now();
    loop {
        if addresses.is_empty() && attempts.is_empty() {
            return Err(all_failed(failures));
        }
        tokio::select! {
            biased;
            Some(ended) = attempts.join_next() => match ended {
                // Dropping the set aborts the losers, which closes their sockets.
                Ok(Ok(dialed)) => return Ok(dialed),
                Ok(Err(failure)) => {
                    failures.push(failure);
                    next_attempt = Instant::now();
                }
                Err(error) => failures.push(Failure::new("ERR_INTERNAL", "connect", error.to_string())),
            },
            () = sleep_until(next_attempt), if !addresses.is_empty() => {
                if let Some(address) = addresses.pop_front() {
                    attempts.spawn(attempt(address));
                }
                next_attempt = Instant::now() + ATTEMPT_DELAY;
            }
        }
    }
}

async fn attempt(address: SocketAddr) -> Result<Dialed, Failure> {
    let connect = async {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_nodelay(true)?;
        socket.connect(address).await
    };
    match connect.await {
        Ok(stream) => Ok(Dialed { stream, peer_addr: address, session: None }),
        Err(error) => Err(Failure::from_io("connect", &error).at(address)),
    }
}

/// Alternates the address families, beginning with the one that the resolver prefers (RFC 8305 §4).
fn interleave(addresses: &[SocketAddr]) -> VecDeque<SocketAddr> {
    let prefers_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (preferred, other): (Vec<_>, Vec<_>) =
        addresses.iter().copied().partition(|address| address.is_ipv6() == prefers_v6);
    let mut other = other.into_iter();
    let mut mixed = VecDeque::with_capacity(addresses.len());
    for address in preferred {
        mixed.push_back(address);
        mixed.extend(other.next());
    }
    mixed.extend(other);
    mixed
}

/// One failure for all attempts: the first one's code, as `node:net` reports it.
fn all_failed(mut failures: Vec<Failure>) -> Failure {
    if failures.len() == 1 {
        return failures.remove(0);
    }
    let Some(mut first) = failures.first().cloned() else {
        return Failure::new("ENOTFOUND", "getaddrinfo", "the resolver gave no address");
    };
    first.attempts = failures;
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    /// A loopback address on which nobody listens.
    fn refused() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    }

    #[test]
    fn families_alternate_beginning_with_the_preferred_one() {
        let given = ["[::1]:1", "[::2]:1", "[::3]:1", "10.0.0.1:1"].map(address);
        let expected = ["[::1]:1", "10.0.0.1:1", "[::2]:1", "[::3]:1"].map(address);
        assert_eq!(Vec::from(interleave(&given)), expected);
        let given = ["10.0.0.1:1", "10.0.0.2:1", "[::1]:1"].map(address);
        let expected = ["10.0.0.1:1", "[::1]:1", "10.0.0.2:1"].map(address);
        assert_eq!(Vec::from(interleave(&given)), expected);
    }

    #[tokio::test]
    async fn the_next_address_is_tried_at_once_when_one_is_refused() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let wanted = listener.local_addr().unwrap();
        let started = Instant::now();
        let dialed = race(VecDeque::from([refused(), wanted])).await.unwrap();
        assert_eq!(dialed.peer_addr, wanted);
        assert!(started.elapsed() < ATTEMPT_DELAY);
    }

    /// A listener whose backlog is full, so that connecting to it hangs; the streams fill the backlog.
    fn silent() -> (socket2::Socket, Vec<socket2::Socket>) {
        let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        listener.bind(&address("127.0.0.1:0").into()).unwrap();
        listener.listen(0).unwrap();
        let target = listener.local_addr().unwrap();
        let fillers = (0..4)
            .map(|_| {
                let filler =
                    socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
                filler.set_nonblocking(true).unwrap();
                let _in_progress = filler.connect(&target);
                filler
            })
            .collect();
        (listener, fillers)
    }

    #[tokio::test]
    async fn a_silent_address_holds_the_next_one_up_by_the_attempt_delay_only() {
        let (silent, _fillers) = silent();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let wanted = listener.local_addr().unwrap();
        let first = silent.local_addr().unwrap().as_socket().unwrap();
        let started = Instant::now();
        let dialed = race(VecDeque::from([first, wanted])).await.unwrap();
        assert_eq!(dialed.peer_addr, wanted);
        assert!(started.elapsed() >= ATTEMPT_DELAY, "{:?}", started.elapsed());
        assert!(started.elapsed() < ATTEMPT_DELAY * 6, "{:?}", started.elapsed());
    }

    #[tokio::test]
    async fn every_attempt_is_listed_when_all_fail() {
        let failure = race(VecDeque::from([refused(), refused()])).await.unwrap_err();
        assert_eq!((failure.code, failure.attempts.len()), ("ECONNREFUSED", 2));
        assert!(failure.attempts.iter().all(|attempt| attempt.address.is_some()));
    }

    #[tokio::test]
    async fn a_single_failure_has_no_list() {
        let failure = dial("127.0.0.1".to_owned(), refused().port()).await.unwrap_err();
        assert_eq!((failure.code, failure.attempts.len()), ("ECONNREFUSED", 0));
    }

    #[tokio::test]
    async fn a_name_connects() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let dialed = dial("localhost".to_owned(), port).await.unwrap();
        assert_eq!(dialed.peer_addr.port(), port);
    }
}
