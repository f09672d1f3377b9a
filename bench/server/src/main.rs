//! The one server that every peer of the benchmark talks to.
//!
//! It listens on ephemeral loopback ports, prints them as one line of JSON, and exits when its standard input
//! ends, so that it never outlives the script that started it.
//!
//! One thread on purpose: it takes at most one core, the other is the client's, and it is still several times
//! faster than any client written in JavaScript.

mod control;
mod journal;
mod service;

use std::future::Future;
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};

use crate::journal::{Journal, Transfer};

fn main() -> io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(serve())
}

async fn serve() -> io::Result<()> {
    let journal = Arc::new(Journal::default());
    control::spawn(Arc::clone(&journal));

    let (echo, echo_port) = listen().await?;
    let (source, source_port) = listen().await?;
    let (sink, sink_port) = listen().await?;
    // Named by transport, so that `tls` can stand beside `tcp`.
    writeln!(io::stdout(), r#"{{"tcp":{{"echo":{echo_port},"source":{source_port},"sink":{sink_port}}}}}"#)?;

    tokio::spawn(accept(echo, Arc::clone(&journal), service::echo));
    tokio::spawn(accept(source, Arc::clone(&journal), service::source));
    accept(sink, journal, service::sink).await;
    Ok(())
}

async fn listen() -> io::Result<(TcpListener, u16)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

/// Serves each connection in a task of its own, and notes it in the journal when it ends.
async fn accept<F>(listener: TcpListener, journal: Arc<Journal>, service: fn(TcpStream) -> F)
where
    F: Future<Output = io::Result<Transfer>> + Send + 'static,
{
    loop {
        // A failed accept (the client is gone already, no descriptor left) concerns that one connection only.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let open = Journal::open(&journal);
        let _ = stream.set_nodelay(true);
        tokio::spawn(async move {
            // An error is the client's business: it sees a connection that ended too early, and fails.
            if let Ok(transfer) = service(stream).await {
                open.finish(transfer);
            }
        });
    }
}
