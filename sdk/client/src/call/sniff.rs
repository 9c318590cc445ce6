//! A connection without TLS whose first bytes are looked at: a peer that does not speak HTTP/2 is no host.
//!
//! The HTTP/2 library only says that the connection broke, and then it is not known whether an operation was applied. Here it
//! is: by none that answers in another protocol.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How the words of the error begin. HTTP/2 keeps nothing else of it.
pub(super) const NOT_HTTP2: &str = "the other side does not speak HTTP/2";

/// The type of a TLS record that is an alert: the answer of TLS to anything else.
const TLS_ALERT: u8 = 21;

/// As many bytes as are looked at.
const FIRST_BYTES: usize = 16;

/// A connection whose first bytes are looked at.
#[derive(Debug)]
pub(crate) struct Sniffed<T> {
    inner: T,
    has_answered: bool,
}

impl<T> Sniffed<T> {
    /// A fresh connection.
    pub fn new(inner: T) -> Self {
        Self { inner, has_answered: false }
    }
}

/// Judge the first bytes of the other side. HTTP/2 begins with a frame: three bytes of length, of which the first is 0 in any
/// that are allowed yet.
fn judge(first: &[u8]) -> io::Result<()> {
    let what = match first {
        [0, ..] => return Ok(()),
        [] => {
            // It may have died as well.
            let words =
                "the other side closed the connection without a word: does this port speak HTTP/2, without TLS?";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, words));
        }
        [TLS_ALERT, ..] => "but TLS: write https://, or the port without TLS",
        [b'H', b'T', b'T', b'P', ..] => "but HTTP/1: is this the host's port, or a proxy that does not pass HTTP/2 on?",
        _ => "as a host does: is this its port?",
    };
    Err(io::Error::new(io::ErrorKind::InvalidData, format!("{NOT_HTTP2} {what}")))
}

impl<T: AsyncRead + Unpin> Sniffed<T> {
    /// A write failed. If the other side has said nothing yet, look at what it says before the connection is given up: one that
    /// does not understand us answers and closes, and the write may meet the closing before the answer is read.
    fn written<W>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<W>>) -> Poll<io::Result<W>> {
        let Poll::Ready(Err(error)) = written else { return written };
        if self.has_answered {
            return Poll::Ready(Err(error));
        }
        let mut first = [0; FIRST_BYTES];
        let mut first = ReadBuf::new(&mut first);
        // The connection has failed, so this ends soon: with bytes, with their end, or with an error.
        let read = ready!(Pin::new(&mut self.inner).poll_read(cx, &mut first));
        self.has_answered = true;
        let judged = read.and_then(|()| if first.filled().is_empty() { Ok(()) } else { judge(first.filled()) });
        Poll::Ready(Err(judged.err().filter(|judged| judged.kind() == io::ErrorKind::InvalidData).unwrap_or(error)))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Sniffed<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.has_answered || buf.remaining() == 0 {
            return Pin::new(&mut this.inner).poll_read(cx, buf);
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.inner).poll_read(cx, buf))?;
        this.has_answered = true;
        Poll::Ready(judge(&buf.filled()[before..]))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Sniffed<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write(cx, buf);
        this.written(cx, written)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.inner).poll_flush(cx);
        this.written(cx, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write_vectored(cx, bufs);
        this.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[tokio::test]
    async fn only_the_first_bytes_are_judged() {
        let (first, later) = ([0, 0, 18, 4, 0].as_slice(), b"HTTP".as_slice());
        let mut sniffed = Sniffed::new(first.chain(later));
        let mut read = Vec::new();
        sniffed.read_to_end(&mut read).await.unwrap();
        assert_eq!(read, [first, later].concat());
    }

    #[test]
    fn other_protocols_are_named() {
        for (first, says) in
            [(&[21, 3, 3, 0, 2][..], "https://"), (b"HTTP/1.1 400", "HTTP/1"), (b"SSH-2.0", "its port")]
        {
            let error = judge(first).unwrap_err().to_string();
            assert!(error.starts_with(NOT_HTTP2) && error.contains(says), "{error}");
        }
        assert!(!judge(&[]).unwrap_err().to_string().starts_with(NOT_HTTP2), "a host that died says nothing either");
    }
}
