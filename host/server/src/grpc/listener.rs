//! The listening socket, with a bound on how many connections are open at once. Past it, new ones wait in the kernel's
//! queue until another closes.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    sync::{Semaphore, mpsc},
};
use tokio_stream::wrappers::ReceiverStream;
use tracing::warn;

use super::connection::Connection;

/// How long to wait after the kernel refused to accept, out of file descriptors most likely.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// A bound socket. Clients that connect before it is served wait.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    connections_max: u32,
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
    pub async fn bind(key: &str, address: SocketAddr, connections_max: u32) -> Result<Self, ListenError> {
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
        Ok(Self { socket, connections_max })
    }

    /// The address taken, with its port.
    ///
    /// # Errors
    ///
    /// The system's, if the socket is broken.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Connections as they come, until the stream is dropped.
    #[must_use]
    pub fn incoming(self) -> ReceiverStream<io::Result<Connection>> {
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            tokio::select! {
                () = sender.closed() => {}
                () = accept(&self, &sender) => {}
            }
        });
        ReceiverStream::new(receiver)
    }
}

async fn accept(listener: &Listener, sender: &mpsc::Sender<io::Result<Connection>>) {
    let slots = Arc::new(Semaphore::new(listener.connections_max as usize));
    loop {
        // The semaphore is never closed.
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        match listener.socket.accept().await {
            Ok((stream, _)) => {
                // Answers are small and awaited: none may wait for the next. Where it fails the connection is gone
                // already.
                let _ = stream.set_nodelay(true);
                if sender.send(Ok(Connection::new(stream, slot))).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                warn!(%error, "cannot accept a connection: raise the limit of open files, or lower limits.connections");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::net::TcpStream;
    use tokio_stream::StreamExt as _;

    use super::*;

    fn local() -> SocketAddr {
        "127.0.0.1:0".parse().unwrap()
    }

    #[tokio::test]
    async fn a_port_in_use_is_an_error_that_says_what_to_do() {
        let first = Listener::bind("listen", local(), 1).await.unwrap();
        let error = Listener::bind("listen", first.address().unwrap(), 1).await.unwrap_err().to_string();
        assert!(error.contains("in use") && error.contains("`listen`"), "{error}");
    }

    #[tokio::test]
    async fn past_the_bound_a_connection_waits_until_another_closes() {
        let listener = Listener::bind("listen", local(), 1).await.unwrap();
        let address = listener.address().unwrap();
        let mut incoming = listener.incoming();
        let _clients = (TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap());
        let first = incoming.next().await.unwrap().unwrap();
        // Whether it is refused for ever cannot be seen; that it has not come while the first is open, can.
        assert!(tokio::time::timeout(Duration::from_millis(50), incoming.next()).await.is_err());
        drop(first);
        incoming.next().await.unwrap().unwrap();
    }
}
