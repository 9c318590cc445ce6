//! The listening socket: bounds on how many connections are open at once, over all and for each address, and TLS.
//!
//! ```text
//! accept --> address has room? --> slot free? --> own task: TLS handshake, bounded in time --> served
//! ```
//!
//! Past the bound of its address, which is lower than the one over all, the oldest connection on which nobody was let in lately makes
//! room, or the new one is closed at once: one address cannot take all the places. Past the bound over all, likewise, but that the
//! new one waits until another closes, and asks again meanwhile: who held a place may be nobody by then. Both are counted and logged.
//! Handshakes run beside the accept loop, each a task of its own that holds its place among the connections, so a slow one keeps
//! nobody waiting.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    net::TcpListener,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::timeout,
};
use tokio_stream::wrappers::ReceiverStream;
use tracing::warn;

use super::{
    addresses::{Addresses, Place, Placed},
    connection::Connection,
    handshake::{Slots, begin},
    pulse::{Patience, Pulse},
};
use crate::{
    log_rate::LogRate,
    metrics::connections::{Bound, Open},
    tls::Slot,
};

/// How long to wait after the kernel refused to accept, out of file descriptors most likely.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// How often a connection that waits for a place asks again for one of a stranger to make room: one that was asked ends at once,
/// unless its peer keeps the host from it.
const ROOM_ASKED_AGAIN: Duration = Duration::from_secs(1);

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
    /// `closed`: which connection, if one is.
    fn by(&self, bound: Bound, listener: &Listener, address: SocketAddr, closed: &'static str) {
        self.open.keep_out(bound);
        let Some(unlogged_before) = self.rate.take(Instant::now()) else { return };
        let Bounds { connections_max, connections_per_address_max: share, .. } = listener.bounds;
        let listener = listener.key;
        match bound {
            Bound::Address => warn!(
                listener, %address, most = share, closed, unlogged_before,
                "the address has as many connections as one may have (limits.connections_per_address)"
            ),
            Bound::Total => warn!(
                listener, %address, most = connections_max, closed, unlogged_before,
                "every place for connections is taken (limits.connections)"
            ),
        }
    }
}

/// The oldest connection without anybody who was let in is closed.
const OLDEST: &str = "the oldest on which nobody was let in";

/// A place over all, once another connection closes. None: never, since the semaphore is closed, which it never is.
async fn waited_for(
    over_all: &Arc<Semaphore>,
    addresses: &Addresses,
    at_its_address: &Place,
) -> Option<OwnedSemaphorePermit> {
    loop {
        match timeout(ROOM_ASKED_AGAIN, Arc::clone(over_all).acquire_owned()).await {
            Ok(slot) => return slot.ok(),
            Err(_) => {
                let _ = addresses.make_room_for(at_its_address);
            }
        }
    }
}

async fn accept(listener: &Listener, kept_out: &KeptOut, sender: &mpsc::Sender<io::Result<Connection>>) {
    let over_all = Arc::new(Semaphore::new(listener.bounds.connections_max as usize));
    let addresses = Addresses::new(listener.bounds.connections_per_address_max);
    loop {
        let (stream, address) = match listener.socket.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "cannot accept a connection: raise the limit of open files, or lower limits.connections");
                tokio::time::sleep(ACCEPT_RETRY).await;
                continue;
            }
        };
        let pulse = Pulse::new(listener.bounds.patience);
        let at_its_address = match addresses.place(address.ip(), &pulse) {
            Placed::Free(place) => place,
            Placed::InPlaceOfAnother(place) => {
                kept_out.by(Bound::Address, listener, address, OLDEST);
                place
            }
            Placed::Full => {
                kept_out.by(Bound::Address, listener, address, "this one");
                continue;
            }
        };
        let over_all = match Arc::clone(&over_all).try_acquire_owned() {
            Ok(slot) => slot,
            Err(_) => {
                let closed = if addresses.make_room_for(&at_its_address) { OLDEST } else { "none yet" };
                kept_out.by(Bound::Total, listener, address, closed);
                let Some(slot) = waited_for(&over_all, &addresses, &at_its_address).await else { return };
                slot
            }
        };
        let slots = Slots { over_all, at_its_address };
        let begun = begin((stream, address), pulse, slots, listener.bounds.patience, listener.tls.clone());
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
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::net::TcpStream;
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

    /// Somebody is let in.
    fn let_in(connection: &Connection) {
        tonic::transport::server::Connected::connect_info(connection).pulse.let_in();
    }

    /// A connection from this address of loopback.
    async fn connect_from(from: &str, to: SocketAddr) -> TcpStream {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
        socket.connect(to).await.unwrap()
    }

    #[tokio::test]
    async fn past_the_bound_a_connection_waits_until_another_closes() {
        let listener = listener(bounds(1, 9)).await;
        let address = listener.address().unwrap();
        let open = Open::default();
        let mut incoming = listener.incoming(open.clone());
        let _first = TcpStream::connect(address).await.unwrap();
        let first = incoming.next().await.unwrap().unwrap();
        let_in(&first);
        let _second = TcpStream::connect(address).await.unwrap();
        // Whether it is refused for ever cannot be seen; that it has not come while the first is open, can.
        assert!(timeout(Duration::from_millis(50), incoming.next()).await.is_err());
        assert!(open.kept_out().any(|kept_out| kept_out == (Bound::Total, 1)));
        drop(first);
        let second = incoming.next().await.unwrap().unwrap();
        let pulse = tonic::transport::server::Connected::connect_info(&second).pulse;
        assert!(timeout(Duration::from_millis(50), pulse.made_room()).await.is_err(), "it is served");
    }

    #[tokio::test]
    async fn a_connection_that_waits_is_let_in_though_the_first_one_asked_does_not_end() {
        let listener = listener(bounds(2, 9)).await;
        let address = listener.address().unwrap();
        let mut incoming = listener.incoming(Open::default());
        let (_stuck, _moving) =
            (TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap());
        // It is not polled, so it never hears that it is to end.
        let _unpolled = incoming.next().await.unwrap().unwrap();
        let mut polled = incoming.next().await.unwrap().unwrap();
        tokio::spawn(async move { tokio::io::AsyncReadExt::read(&mut polled, &mut [0]).await });
        let _third = TcpStream::connect(address).await.unwrap();
        let third = timeout(Duration::from_secs(20), incoming.next()).await.unwrap();
        third.unwrap().unwrap();
    }

    #[tokio::test]
    async fn past_the_bound_of_its_address_a_connection_is_closed_and_another_address_gets_in() {
        let listener = listener(bounds(9, 1)).await;
        let address = listener.address().unwrap();
        let open = Open::default();
        let mut incoming = listener.incoming(open.clone());
        let _first = TcpStream::connect(address).await.unwrap();
        let served = incoming.next().await.unwrap().unwrap();
        let_in(&served);
        let second = TcpStream::connect(address).await.unwrap();
        second.readable().await.unwrap();
        assert!(matches!(second.try_read(&mut [0]), Ok(0) | Err(_)), "it is closed");
        assert!(open.kept_out().any(|kept_out| kept_out == (Bound::Address, 1)));

        let _other = connect_from("127.0.0.2", address).await;
        let served = incoming.next().await.unwrap().unwrap();
        assert_eq!(tonic::transport::server::Connected::connect_info(&served).address.ip().to_string(), "127.0.0.2");
    }

    #[tokio::test]
    async fn connections_of_strangers_make_room_for_those_that_come() {
        for (connections_max, per_address) in [(2, 9), (9, 2)] {
            let listener = listener(bounds(connections_max, per_address)).await;
            let address = listener.address().unwrap();
            let mut incoming = listener.incoming(Open::default());
            let mut peers = Vec::new();
            for n in 0..5 {
                peers.push(TcpStream::connect(address).await.unwrap());
                let mut connection = incoming.next().await.unwrap().unwrap();
                // As it is served: it is read until it ends.
                tokio::spawn(async move { tokio::io::AsyncReadExt::read(&mut connection, &mut [0]).await });
                if n >= 2 {
                    let mut oldest = peers.remove(0);
                    let read = tokio::io::AsyncReadExt::read(&mut oldest, &mut [0]).await;
                    assert!(matches!(read, Ok(0) | Err(_)), "the oldest is closed");
                }
            }
        }
    }
}
