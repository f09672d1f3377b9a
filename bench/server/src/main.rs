//! The one server that every peer of the benchmark talks to.
//!
//! It listens on ephemeral loopback ports, prints them as one line of JSON, and exits when its standard input
//! ends, so that it never outlives the script that started it.
//!
//! One thread on purpose: it takes at most one core, the other is the client's, and it is still several times
//! faster than any client written in JavaScript. A TLS connection with its handshake costs it 0.3 ms, and the peer in
//! Rust, with no JavaScript, half as much again: so the thread is not the limit where there are two cores.

mod control;
mod journal;
mod service;
mod transport;

use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::sync::Arc;

use serde_json::json;
use tokio::net::TcpListener;

use crate::journal::Journal;
use crate::service::Service;
use crate::transport::Transport;

fn main() -> io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(serve())
}

async fn serve() -> io::Result<()> {
    let journal = Arc::new(Journal::default());
    control::spawn(Arc::clone(&journal));

    let full = transport::acceptor(transport::Handshakes::Full).map_err(io::Error::other)?;
    let resumable = transport::acceptor(transport::Handshakes::Resumable).map_err(io::Error::other)?;
    let listen = |transport: &Transport, service| listen(transport.clone(), service, Arc::clone(&journal));

    let tcp = Transport::Tcp;
    let tls = Transport::Tls(full.clone());
    let ports = json!({
        "tcp": {
            "echo": listen(&tcp, Service::Echo).await?,
            "source": listen(&tcp, Service::Source).await?,
            "sink": listen(&tcp, Service::Sink).await?,
        },
        "tls": {
            "echo": listen(&tls, Service::Echo).await?,
            "source": listen(&tls, Service::Source).await?,
            "sink": listen(&tls, Service::Sink).await?,
        },
        "resumable": { "echo": listen(&Transport::Tls(resumable), Service::Echo).await? },
        "starttls": { "echo": listen(&Transport::StartTls(full), Service::Echo).await? },
    });
    writeln!(io::stdout(), "{ports}")?;
    std::future::pending().await
}

/// Starts to serve on a port of its own, which it returns.
async fn listen(transport: Transport, service: Service, journal: Arc<Journal>) -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(accept(listener, transport, service, journal));
    Ok(port)
}

/// Serves each connection in a task of its own, and notes it in the journal when it ends.
async fn accept(listener: TcpListener, transport: Transport, service: Service, journal: Arc<Journal>) {
    loop {
        // A failed accept (the client is gone already, no descriptor left) concerns that one connection only.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let open = Journal::open(&journal);
        let _ = stream.set_nodelay(true);
        let transport = transport.clone();
        tokio::spawn(async move {
            // An error is the client's business: it sees a connection that ended too early, and fails.
            if let Ok(transfer) = transport.serve(stream, service).await {
                open.finish(transfer);
            }
        });
    }
}
