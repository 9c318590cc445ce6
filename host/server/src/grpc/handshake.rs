//! From an accepted socket to a connection: a TLS handshake, where there is a certificate, bounded in time.

use std::{net::SocketAddr, sync::Arc};

use tokio::{net::TcpStream, sync::OwnedSemaphorePermit, time::timeout};
use tokio_rustls::TlsAcceptor;
use tracing::debug;

use super::{
    addresses::Place,
    connection::{Connection, Peer, Wire},
    pulse::{Patience, Pulse},
};
use crate::tls::{Slot, names::Certified};

/// What a connection takes.
pub struct Slots {
    /// Of all connections.
    pub over_all: OwnedSemaphorePermit,
    /// Of those of its address.
    pub at_its_address: Place,
}

/// Make a connection of a stream; none if its handshake fails, takes too long, or makes room for another.
pub async fn begin(
    (stream, address): (TcpStream, SocketAddr),
    pulse: Arc<Pulse>,
    slots: Slots,
    patience: Patience,
    tls: Option<Arc<Slot>>,
) -> Option<Connection> {
    // Answers are small and awaited: none may wait for the next. Where it fails the connection is gone already.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        let peer = Peer { address, certificate: None, is_encrypted: false, pulse: Arc::clone(&pulse) };
        return Some(Connection::new(Wire::Plain(stream), peer, slots, pulse.stops()));
    };
    let now = tls.now();
    let acceptor = TlsAcceptor::from(now.config());
    let shaken = tokio::select! {
        shaken = timeout(patience.first_request, acceptor.accept(stream)) => shaken,
        () = pulse.made_room() => return None,
    };
    let stream = match shaken {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            debug!(%address, %error, "a TLS handshake failed");
            return None;
        }
        Err(_) => {
            debug!(%address, "a TLS handshake took longer than limits.first_request");
            return None;
        }
    };
    let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let certificate = shown.and_then(Certified::of).map(Arc::new);
    let peer = Peer { address, certificate, is_encrypted: true, pulse: Arc::clone(&pulse) };
    let ends = async move {
        tokio::select! {
            () = pulse.stops() => {}
            () = now.distrusted() => {}
        }
    };
    Some(Connection::new(Wire::Tls(Box::new(stream)), peer, slots, ends))
}
