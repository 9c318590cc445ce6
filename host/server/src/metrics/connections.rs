//! How many connections are open: each carries a mark for as long as it lives; and how many a bound kept out.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tonic::transport::server::Connected;

/// The connections of one listener. Clones count the same.
#[derive(Clone, Debug, Default)]
pub struct Open(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    open: AtomicUsize,
    kept_out: [AtomicU64; Bound::ALL.len()],
}

/// A bound on the connections of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// On those of one address.
    Address,
    /// On all of them.
    Total,
}

impl Bound {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Address, Self::Total];

    /// As metrics have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Total => "total",
        }
    }
}

impl Open {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.open.load(Relaxed)
    }

    /// Count a connection until it is dropped.
    pub fn marked<C>(&self, connection: C) -> Marked<C> {
        self.0.open.fetch_add(1, Relaxed);
        Marked { connection, _mark: Mark(Arc::clone(&self.0)) }
    }

    /// One came when there was no place: a stranger's makes room, or it is closed, or it has to wait.
    pub fn keep_out(&self, bound: Bound) {
        self.0.kept_out[bound as usize].fetch_add(1, Relaxed);
    }

    /// How many came past each bound.
    pub fn kept_out(&self) -> impl Iterator<Item = (Bound, u64)> + '_ {
        Bound::ALL.into_iter().zip(&self.0.kept_out).map(|(bound, count)| (bound, count.load(Relaxed)))
    }
}

/// A connection that counts.
#[derive(Debug)]
pub struct Marked<C> {
    connection: C,
    _mark: Mark,
}

#[derive(Debug)]
struct Mark(Arc<Counts>);

impl Drop for Mark {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}

impl<C: Connected> Connected for Marked<C> {
    type ConnectInfo = C::ConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.connection.connect_info()
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for Marked<C> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(cx, buffer)
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Marked<C> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_counts_until_it_is_dropped() {
        let open = Open::default();
        let (one, two) = (open.marked(1), open.marked(2));
        assert_eq!(open.count(), 2);
        drop(one);
        assert_eq!(open.count(), 1);
        drop(two);
        assert_eq!(open.count(), 0);
    }

    #[test]
    fn what_a_bound_keeps_out_is_counted_by_the_bound() {
        let open = Open::default();
        open.keep_out(Bound::Total);
        open.clone().keep_out(Bound::Total);
        assert_eq!(open.kept_out().collect::<Vec<_>>(), [(Bound::Address, 0), (Bound::Total, 2)]);
    }
}
