//! What the server does with a connection: echo, source, sink.

use std::io;
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::journal::Transfer;

/// Large enough for what one `recv` gets on loopback, small enough for the level-2 cache.
const BULK_BUFFER: usize = 256 * 1024;
/// Small, because a benchmark may hold thousands of idle connections; the first read that fills it brings a large one.
const ECHO_BUFFER: usize = 16 * 1024;

/// What the sink sends when it has everything.
const ACKNOWLEDGEMENT: [u8; 1] = [1];

#[derive(Clone, Copy)]
pub(crate) enum Service {
    Echo,
    Source,
    Sink,
}

impl Service {
    pub(crate) async fn serve<S>(self, stream: &mut S) -> io::Result<Transfer>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match self {
            Self::Echo => echo(stream).await,
            Self::Source => source(stream).await,
            Self::Sink => sink(stream).await,
        }
    }
}

/// Sends back what it receives, until the client ends.
async fn echo<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<Transfer> {
    let mut buffer = vec![0; ECHO_BUFFER];
    let mut transfer = Transfer::start();
    loop {
        let length = read_or_end(stream, &mut buffer).await?;
        if length == 0 {
            return Ok(transfer);
        }
        if transfer.bytes == 0 {
            transfer = Transfer::start();
        }
        stream.write_all(&buffer[..length]).await?;
        stream.flush().await?;
        transfer.bytes += length as u64;
        transfer.end = Instant::now();
        if length == ECHO_BUFFER {
            buffer.resize(BULK_BUFFER, 0);
        }
    }
}

/// Reads a count (8 bytes, big-endian), sends that many bytes, and waits for the client to end.
async fn source<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<Transfer> {
    let count = stream.read_u64().await?;
    let buffer = vec![b'x'; BULK_BUFFER];
    let mut transfer = Transfer::start();
    while transfer.bytes < count {
        let length = (count - transfer.bytes).min(BULK_BUFFER as u64) as usize;
        stream.write_all(&buffer[..length]).await?;
        transfer.bytes += length as u64;
    }
    stream.flush().await?;
    // The last bytes sit in the kernel's buffers now. The client ends once it has read them all.
    let mut rest = [0; 1];
    let _ = stream.read(&mut rest).await;
    transfer.end = Instant::now();
    Ok(transfer)
}

/// Reads a count (8 bytes, big-endian), then that many bytes, acknowledges with one byte, and waits for the
/// client to end.
async fn sink<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<Transfer> {
    let count = stream.read_u64().await?;
    let mut buffer = vec![0; BULK_BUFFER];
    let mut transfer = Transfer::start();
    while transfer.bytes < count {
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        transfer.bytes += length as u64;
    }
    transfer.end = Instant::now();
    // A client that sends more than it announced is wrong, and must not pass for a fast one.
    if transfer.bytes > count {
        return Err(io::ErrorKind::InvalidData.into());
    }
    stream.write_all(&ACKNOWLEDGEMENT).await?;
    stream.flush().await?;
    let _ = stream.read(&mut buffer).await;
    Ok(transfer)
}

/// Reads, and takes the end of a TLS connection without a `close_notify` for an end: Node's `destroy()` sends none.
async fn read_or_end<S: AsyncRead + Unpin>(stream: &mut S, buffer: &mut [u8]) -> io::Result<usize> {
    match stream.read(buffer).await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
        result => result,
    }
}
