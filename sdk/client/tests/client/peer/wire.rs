//! Connections in memory, which can be broken, and a listener that can be away.

use std::{
    io,
    sync::{Arc, Mutex},
};

use hyper_util::rt::TokioIo;
use mpy6a_proto::v1::truba_server::TrubaServer;
use tokio::{
    io::{DuplexStream, copy_bidirectional, duplex},
    sync::mpsc,
    task::AbortHandle,
};
use tokio_stream::{StreamExt as _, wrappers::UnboundedReceiverStream};
use tonic::transport::{Channel, Endpoint, Server};
use tower::{layer::layer_fn, service_fn};

use super::{Guarded, Peer, Service};

/// Bytes under way in each direction: a few small requests.
const BUFFER: usize = 64 * 1024;

#[derive(Clone)]
pub struct Wire(Arc<Mutex<State>>);

struct State {
    up: bool,
    accept: mpsc::UnboundedSender<DuplexStream>,
    accepted: Option<mpsc::UnboundedReceiver<DuplexStream>>,
    /// What carries bytes between the two ends of each connection.
    carriers: Vec<AbortHandle>,
}

impl Wire {
    pub fn new() -> Self {
        let (accept, accepted) = mpsc::unbounded_channel();
        Self(Arc::new(Mutex::new(State { up: true, accept, accepted: Some(accepted), carriers: Vec::new() })))
    }

    /// Serve connections, for the life of the runtime.
    pub fn serve(&self, peer: Peer) {
        let accepted = self.0.lock().unwrap().accepted.take().expect("served once");
        let incoming = UnboundedReceiverStream::new(accepted).map(Ok::<_, io::Error>);
        let service = TrubaServer::new(Service(peer.clone()));
        let guard = layer_fn(move |inner| Guarded { inner, peer: peer.clone() });
        tokio::spawn(Server::builder().layer(guard).add_service(service).serve_with_incoming(incoming));
    }

    /// A channel that connects when it is first used.
    pub fn channel(&self) -> Channel {
        let wire = self.clone();
        let connector = service_fn(move |_| {
            let connection = wire.connect();
            async { connection.map(TokioIo::new) }
        });
        Endpoint::from_static("http://peer").connect_with_connector_lazy(connector)
    }

    fn connect(&self) -> io::Result<DuplexStream> {
        let mut state = self.0.lock().unwrap();
        if !state.up {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let (client, mut near) = duplex(BUFFER);
        let (server, mut far) = duplex(BUFFER);
        let carrier = tokio::spawn(async move { copy_bidirectional(&mut near, &mut far).await.map(drop) });
        state.carriers.push(carrier.abort_handle());
        state.accept.send(server).expect("the server is there");
        Ok(client)
    }

    pub fn set_up(&self, up: bool) {
        self.0.lock().unwrap().up = up;
        if !up {
            self.break_connections();
        }
    }

    pub fn break_connections(&self) {
        for carrier in self.0.lock().unwrap().carriers.drain(..) {
            carrier.abort();
        }
    }
}
