//! A connected, non-blocking TCP stream, whichever reactor watches it.

use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;

/// The stream; closing it is dropping it.
#[derive(Debug)]
pub(crate) enum Stream {
    /// Watched by libuv: plain system calls.
    Plain(TcpStream),
    /// Watched by tokio, which has to see each `WouldBlock`; its tasks share the stream.
    Tokio(Arc<tokio::net::TcpStream>),
}

impl Stream {
    /// The stream without its reactor, whose watch has to have ended.
    pub(crate) fn into_std(self) -> io::Result<TcpStream> {
        match self {
            Self::Plain(stream) => Ok(stream),
            // A task of the watch may still hold the stream for a moment: another descriptor is free of that.
            Self::Tokio(stream) => SockRef::from(&*stream).try_clone().map(TcpStream::from),
        }
    }

    /// Starts a connect that goes on by itself; the socket has to be non-blocking.
    pub(crate) fn start_connect(&self, address: SocketAddr) -> io::Result<()> {
        match self.as_socket().connect(&address.into()) {
            Err(error) if !is_in_progress(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// Receives into `buffer`; 0 is the peer's FIN.
    pub(crate) fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        retry(|| match self {
            Self::Plain(stream) => (&*stream).read(buffer),
            Self::Tokio(stream) => stream.try_read(buffer),
        })
    }

    /// Sends what fits of `bytes`.
    pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        retry(|| match self {
            Self::Plain(stream) => (&*stream).write(bytes),
            Self::Tokio(stream) => stream.try_write(bytes),
        })
    }

    /// The same for bytes that more will follow at once: the kernel may wait for that, and send both together.
    pub(crate) fn send_with_more(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            #[cfg(any(target_os = "linux", target_os = "android"))]
            Self::Plain(stream) => {
                retry(|| SockRef::from(stream).send_with_flags(bytes, libc::MSG_MORE | libc::MSG_NOSIGNAL))
            }
            _ => self.send(bytes),
        }
    }

    /// Whether bytes can be received now; false at the end of the stream, on an error, and when there are none.
    pub(crate) fn has_input(&self) -> bool {
        let mut byte = [MaybeUninit::uninit(); 1];
        matches!(self.as_socket().peek(&mut byte), Ok(1))
    }

    /// Sends FIN.
    pub(crate) fn shutdown(&self) -> io::Result<()> {
        match self.as_socket().shutdown(Shutdown::Write) {
            // The connection is lost already; how, only the socket's pending error tells, if nobody took it.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => {
                Err(self.take_error()?.unwrap_or_else(|| io::ErrorKind::ConnectionReset.into()))
            }
            result => result,
        }
    }

    /// Makes the close that follows send RST.
    pub(crate) fn reset_on_close(&self) -> io::Result<()> {
        self.as_socket().set_linger(Some(Duration::ZERO))
    }

    /// How many bytes the peer's kernel has not acknowledged yet, FIN among them; 0 where the system does not tell.
    pub(crate) fn unacknowledged(&self) -> usize {
        #[cfg(target_os = "linux")]
        return send_queue(&self.as_socket());
        #[cfg(not(target_os = "linux"))]
        return 0;
    }

    /// The error that the operating system holds for this socket, if any: how a `connect` ended.
    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.as_socket().take_error()
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Plain(stream) => stream.local_addr(),
            Self::Tokio(stream) => stream.local_addr(),
        }
    }

    /// Whether it is a connection: not before it is connected, and not after a reset.
    pub(crate) fn is_connected(&self) -> bool {
        self.as_socket().peer_addr().is_ok()
    }

    fn as_socket(&self) -> SockRef<'_> {
        match self {
            Self::Plain(stream) => SockRef::from(stream),
            Self::Tokio(stream) => SockRef::from(&**stream),
        }
    }
}

fn is_in_progress(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(libc::EINPROGRESS) {
        return true;
    }
    error.kind() == io::ErrorKind::WouldBlock
}

/// Repeats a call that a signal interrupted.
fn retry(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "no safe wrapper of this ioctl is at hand")]
fn send_queue(socket: &SockRef<'_>) -> usize {
    use std::os::fd::AsRawFd;

    let mut count: libc::c_int = 0;
    // SAFETY: the descriptor is open, and SIOCOUTQ (which Linux also calls TIOCOUTQ) writes one int.
    let status = unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut count) };
    if status == 0 { usize::try_from(count).unwrap_or(0) } else { 0 }
}
