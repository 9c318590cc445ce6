//! One connection: plain TCP or TLS, with what is known of its peer.
//!
//! It ends itself: without requests for too long, and to make room for another ([pulse](super::pulse)), and when its certificate is
//! no longer to be trusted. To whoever reads, that is as if the peer had ended it. HTTP/1 reads nothing while an answer is under way
//! and bytes of what follows are there already: then writing fails, be it of nothing. It also fails when the peer takes nothing
//! off it for too long.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

use super::{handshake::Slots, pulse::Pulse};
use crate::{limits::WRITE_STALL_MAX, tls::names::Certified};

/// Whoever is at the other end. Found in the extensions of each request.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Where.
    pub address: SocketAddr,
    /// Who, by a client certificate that TLS has verified.
    pub certificate: Option<Arc<Certified>>,
    /// Whether the connection is encrypted.
    pub is_encrypted: bool,
    /// The connection's requests.
    pub pulse: Arc<Pulse>,
}

/// A connection, which frees its slots when it is dropped.
pub struct Connection {
    wire: Wire,
    peer: Peer,
    /// Resolves when the connection is to end.
    ends: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Whether it was read, and so asked for its end, since it was last flushed.
    is_asked: bool,
    /// Runs while the peer takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    _slots: Slots,
}

/// What bytes go over.
pub enum Wire {
    /// TCP.
    Plain(TcpStream),
    /// TLS over TCP.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Connection {
    /// A connection to this peer, which takes these slots for as long as it lives, at most until `ends` resolves.
    #[must_use]
    pub fn new(wire: Wire, peer: Peer, slots: Slots, ends: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { wire, peer, ends: Box::pin(ends), is_asked: false, stalled: None, _slots: slots }
    }

    /// Writing made headway, or did not: not for too long, and not past the connection's end. A connection whose peer takes
    /// little of what it is sent is written to and not read.
    fn headway<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        if self.is_over(context) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(WRITE_STALL_MAX)));
        match stalled.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Whether it is to end, where reading did not ask: HTTP/2 reads before each flush, and asking twice would only cost.
    fn is_over_unread(&mut self, context: &mut Context<'_>) -> bool {
        !std::mem::take(&mut self.is_asked) && self.is_over(context)
    }

    fn inner_flushed(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_flush(context),
            Wire::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn inner_shut(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Wire::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }

    /// Whether it is to end: then it stays so.
    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        let is_over = self.ends.as_mut().poll(context).is_ready();
        if is_over {
            self.ends = Box::pin(std::future::ready(()));
        }
        is_over
    }
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.is_asked = true;
        if self.is_over(context) {
            // Nothing was read: to the caller, that is the end.
            return Poll::Ready(Ok(()));
        }
        match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Wire::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Wire::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        };
        self.headway(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Wire::Tls(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        };
        self.headway(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.wire {
            Wire::Plain(stream) => stream.is_write_vectored(),
            Wire::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.inner_flushed(context);
        if self.is_over_unread(context) {
            // TLS tells the peer that this was the end.
            let _ = self.inner_shut(context);
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        self.headway(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = self.inner_shut(context);
        self.headway(context, shut)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use std::time::Duration;

    use tokio::{
        io::AsyncWriteExt as _,
        net::TcpListener,
        sync::{Semaphore, oneshot},
        time::timeout,
    };

    use super::*;
    use crate::grpc::{
        addresses::{Addresses, Placed},
        pulse::Patience,
    };

    /// A connection, its peer, and what ends it when dropped.
    async fn connection() -> (Connection, TcpStream, oneshot::Sender<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let other = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, address) = listener.accept().await.unwrap();
        let over_all = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
        let pulse = Pulse::new(Patience { first_request: Duration::from_secs(60), idle: Duration::from_secs(60) });
        let Placed::Free(at_its_address) = Addresses::new(1).place(address.ip(), &pulse) else { panic!("no place") };
        let slots = Slots { over_all, at_its_address };
        let peer = Peer { address, certificate: None, is_encrypted: false, pulse };
        let (end, ends) = oneshot::channel::<()>();
        (Connection::new(Wire::Plain(stream), peer, slots, async { drop(ends.await) }), other, end)
    }

    #[tokio::test]
    async fn a_connection_that_is_only_flushed_is_woken_by_its_end() {
        let (mut connection, _peer, end) = connection().await;
        // As HTTP/1 does while an answer is under way: one read, then flushes of nothing.
        let (mut is_read, polled) = (false, Arc::new(tokio::sync::Notify::new()));
        let tells = Arc::clone(&polled);
        let flushed = tokio::spawn(std::future::poll_fn(move |context| {
            if !std::mem::replace(&mut is_read, true) {
                let _ = Pin::new(&mut connection).poll_read(context, &mut ReadBuf::new(&mut [0]));
            }
            let flushed = Pin::new(&mut connection).poll_flush(context);
            tells.notify_one();
            if matches!(flushed, Poll::Ready(Ok(()))) { Poll::Pending } else { flushed }
        }));
        polled.notified().await;
        drop(end);
        let flushed = timeout(Duration::from_secs(10), flushed).await.unwrap();
        assert_eq!(flushed.unwrap().unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
    }

    #[tokio::test]
    async fn a_connection_that_is_written_to_and_not_read_ends_when_it_should() {
        let (mut connection, _peer, end) = connection().await;
        // The peer takes nothing: what it is sent fills the system's buffers.
        let bytes = vec![0; 1 << 20];
        while timeout(Duration::from_millis(200), connection.write_all(&bytes)).await.is_ok() {}
        drop(end);
        let written = timeout(Duration::from_secs(10), connection.write_all(&bytes)).await.unwrap();
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
    }
}
