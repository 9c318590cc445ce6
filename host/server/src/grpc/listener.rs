//! The listening socket: bounds on how many connections are open at once, over all and for each address, and TLS.
//!
//! ```text
//! accept --slot free?--> address has room? --> own task: TLS handshake, bounded in time --> served
//! ```
//!
//! Past the bound over all, new connections wait in the kernel's queue until another closes. Past the bound of their
//! address, which is lower, they are closed at once: one address cannot take all the places. Both are counted and logged. Handshakes run beside the accept loop, each a
//! task of its own that holds its place among the connections, so a slow one keeps nobody waiting.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    net::TcpListener,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
};
use tokio_stream::wrappers::ReceiverStream;
use tracing::warn;

use super::{
    addresses::Addresses,
    connection::Connection,
    handshake::{Slots, begin},
    pulse::Patience,
};
use crate::{
    log_rate::LogRate,
    metrics::connections::{Bound, Open},
    tls::Slot,
};

/// How long to wait after the kernel refused to accept, out of file descriptors most likely.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// A bound socket. Clients that connect before it is served wait.
pub struct Listener {
    /// The key of its address in the config.
    key: &'static str,
    socket: TcpListener,
    bounds: Bounds,
    tls: Option<Arc<Slot>>,
}

/// How many connections, and how long they may rest.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Most at once.
    pub connections_max: u32,
    /// Most at once from one address.
    pub connections_per_address_max: u32,
    /// How long they may rest.
    pub patience: Patience,
}

/// The address cannot be listened at.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen at {address}: {}", .advice)]
pub struct ListenError {
    address: SocketAddr,
    advice: String,
}

impl Listener {
    /// Take the address, which the config has under this key. Port 0 takes any free one.
    ///
    /// # Errors
    ///
    /// Why it cannot be had, and what to do.
    pub async fn bind(
        key: &'static str,
        address: SocketAddr,
        bounds: Bounds,
        tls: Option<Arc<Slot>>,
    ) -> Result<Self, ListenError> {
        let socket = TcpListener::bind(address).await.map_err(|error| {
            let advice = match error.kind() {
                io::ErrorKind::AddrInUse => {
                    format!("the port is in use: end the program that has it, or set `{key}` to another port")
                }
                io::ErrorKind::AddrNotAvailable => {
                    format!("this machine has no such address: set `{key}` to one of its own")
                }
                io::ErrorKind::PermissionDenied => {
                    format!("not permitted: set `{key}` to a port from 1024 on, or grant the right to low ports")
                }
                _ => format!("{error}: set `{key}` to an address that can be had"),
            };
            ListenError { address, advice }
        })?;
        Ok(Self { key, socket, bounds, tls })
    }

    /// The address taken, with its port.
    ///
    /// # Errors
    ///
    /// The system's, if the socket is broken.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Connections as they come, until the stream is dropped. `open`: counts those that a bound keeps out.
    #[must_use]
    pub fn incoming(self, open: Open) -> ReceiverStream<io::Result<Connection>> {
        let (sender, receiver) = mpsc::channel(1);
        let kept_out = KeptOut { open, rate: LogRate::default() };
        tokio::spawn(async move {
            tokio::select! {
                () = sender.closed() => {}
                () = accept(&self, &kept_out, &sender) => {}
            }
        });
        ReceiverStream::new(receiver)
    }
}

/// Tells of connections that a bound keeps out.
struct KeptOut {
    open: Open,
    rate: LogRate,
}

impl KeptOut {
    fn by(&self, bound: Bound, listener: &Listener, address: Option<SocketAddr>) {
        self.open.keep_out(bound);
        let Some(unlogged_before) = self.rate.take(Instant::now()) else { return };
        let Bounds { connections_max, connections_per_address_max: share, .. } = listener.bounds;
        let listener = listener.key;
        match address {
            Some(address) => warn!(
                listener, %address, most = share, unlogged_before,
                "a connection is closed: its address has as many as one may have (limits.connections_per_address)"
            ),
            None => warn!(
                listener,
                most = connections_max,
                unlogged_before,
                "every place for connections is taken: the next one waits until another closes (limits.connections)"
            ),
        }
    }
}

async fn accept(listener: &Listener, kept_out: &KeptOut, sender: &mpsc::Sender<io::Result<Connection>>) {
    let over_all = Arc::new(Semaphore::new(listener.bounds.connections_max as usize));
    let addresses = Addresses::new(listener.bounds.connections_per_address_max);
    loop {
        let Some(slot) = slot(&over_all, listener, kept_out).await else { return };
        match listener.socket.accept().await {
            Ok((stream, address)) => {
                let Some(place) = addresses.place(address.ip()) else {
                    kept_out.by(Bound::Address, listener, Some(address));
                    continue;
                };
                let slots = Slots { over_all: slot, at_its_address: place };
                let begun = begin(stream, address, slots, listener.bounds.patience, listener.tls.clone());
                if listener.tls.is_none() {
                    // Nothing is waited for.
                    let Some(connection) = begun.await else { continue };
                    if sender.send(Ok(connection)).await.is_err() {
                        return;
                    }
                    continue;
                }
                let sender = sender.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        // The host is stopping.
                        () = sender.closed() => {}
                        Some(connection) = begun => drop(sender.send(Ok(connection)).await),
                        else => {}
                    }
                });
            }
            Err(error) => {
                warn!(%error, "cannot accept a connection: raise the limit of open files, or lower limits.connections");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

/// A place among all connections, waited for if there is none; none once the semaphore is closed, which it never is.
async fn slot(over_all: &Arc<Semaphore>, listener: &Listener, kept_out: &KeptOut) -> Option<OwnedSemaphorePermit> {
    if let Ok(slot) = Arc::clone(over_all).try_acquire_owned() {
        return Some(slot);
    }
    kept_out.by(Bound::Total, listener, None);
    Arc::clone(over_all).acquire_owned().await.ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::{net::TcpStream, time::timeout};
    use tokio_stream::StreamExt as _;

    use super::*;

    fn bounds(connections_max: u32, connections_per_address_max: u32) -> Bounds {
        let patience = Patience { first_request: Duration::from_secs(60), idle: Duration::from_secs(60) };
        Bounds { connections_max, connections_per_address_max, patience }
    }

    async fn listener(bounds: Bounds) -> Listener {
        Listener::bind("listen", "127.0.0.1:0".parse().unwrap(), bounds, None).await.unwrap()
    }

    #[tokio::test]
    async fn a_port_in_use_is_an_error_that_says_what_to_do() {
        let first = listener(bounds(1, 1)).await;
        let second = Listener::bind("listen", first.address().unwrap(), bounds(1, 1), None).await;
        let error = second.err().unwrap().to_string();
        assert!(error.contains("in use") && error.contains("`listen`"), "{error}");
    }

    #[tokio::test]
    async fn past_the_bound_a_connection_waits_until_another_closes() {
        let listener = listener(bounds(1, 9)).await;
        let address = listener.address().unwrap();
        let open = Open::default();
        let mut incoming = listener.incoming(open.clone());
        let _clients = (TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap());
        let first = incoming.next().await.unwrap().unwrap();
        // Whether it is refused for ever cannot be seen; that it has not come while the first is open, can.
        assert!(timeout(Duration::from_millis(50), incoming.next()).await.is_err());
        assert!(open.kept_out().any(|kept_out| kept_out == (Bound::Total, 1)));
        drop(first);
        incoming.next().await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn past_the_bound_of_its_address_a_connection_is_closed_and_another_address_gets_in() {
        let listener = listener(bounds(9, 1)).await;
        let address = listener.address().unwrap();
        let open = Open::default();
        let mut incoming = listener.incoming(open.clone());
        let _first = TcpStream::connect(address).await.unwrap();
        let _served = incoming.next().await.unwrap().unwrap();
        let second = TcpStream::connect(address).await.unwrap();
        second.readable().await.unwrap();
        assert!(matches!(second.try_read(&mut [0]), Ok(0) | Err(_)), "it is closed");
        assert!(open.kept_out().any(|kept_out| kept_out == (Bound::Address, 1)));

        let other = tokio::net::TcpSocket::new_v4().unwrap();
        other.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        let _other = other.connect(address).await.unwrap();
        let served = incoming.next().await.unwrap().unwrap();
        assert_eq!(tonic::transport::server::Connected::connect_info(&served).address.ip().to_string(), "127.0.0.2");
    }
}
