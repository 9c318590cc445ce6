//! The same over real sockets and real time: a host that dies and comes back at its address.

use std::{
    io::ErrorKind,
    net::{SocketAddr, TcpListener as StdListener},
    time::Duration,
};

use mpy6a_client::Client;
use mpy6a_proto::v1::truba_server::TrubaServer;
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
    time::sleep,
};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;

use super::WAY;
use crate::peer::{KIND, Peer, Service};

/// Serve on a runtime of its own: shut down, it takes every connection with it, as a process does.
fn serve(listener: StdListener, peer: &Peer) -> Runtime {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let service = TrubaServer::new(Service(peer.clone()));
    runtime.spawn(async move {
        let incoming = TcpListenerStream::new(TcpListener::from_std(listener).unwrap());
        Server::builder().add_service(service).serve_with_incoming(incoming).await.unwrap();
    });
    runtime
}

/// Listen there, as soon as the last owner of the address has let go of it.
async fn listen(address: SocketAddr) -> StdListener {
    loop {
        match StdListener::bind(address) {
            Ok(listener) => {
                listener.set_nonblocking(true).unwrap();
                return listener;
            }
            Err(error) if error.kind() == ErrorKind::AddrInUse => sleep(Duration::from_millis(5)).await,
            Err(error) => panic!("{address}: {error}"),
        }
    }
}

#[tokio::test]
async fn a_session_goes_on_over_a_restart() {
    let peer = Peer::start(WAY);
    let listener = listen(([127, 0, 0, 1], 0).into()).await;
    let address = listener.local_addr().unwrap();
    let host = serve(listener, &peer);
    let client = WAY.taken_by(Client::builder(format!("http://{address}"))).connect().unwrap();
    let mut session = client.new_session(KIND).await.unwrap();
    session.append("before").await.unwrap();

    host.shutdown_background();
    let appending = tokio::spawn(async move {
        session.append("after").await.unwrap();
        session
    });
    let host = serve(listen(address).await, &peer);

    let session = appending.await.unwrap();
    assert_eq!(peer.book().records(session.id()), ["before", "after"]);
    session.delete().await.unwrap();
    host.shutdown_background();
}
