//! A wire that can be cut: TCP passed on to a port of loopback.

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// The wire, until it is dropped.
pub struct Proxy {
    pub url: String,
    cut: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// A wire to this port.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (cut, is_cut) = watch::channel(false);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass_on(stream, port, is_cut.clone()));
            }
        });
        Self { url, cut, task }
    }

    /// Cut every connection, and each new one, until [`mend`](Self::mend).
    pub fn cut(&self) {
        self.cut.send_replace(true);
    }

    /// Let connections through again.
    pub fn mend(&self) {
        self.cut.send_replace(false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

async fn pass_on(mut near: TcpStream, port: u16, mut is_cut: watch::Receiver<bool>) {
    let both_ways = async {
        let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)).await else { return };
        // Broken from either side: the other learns of it when both streams are dropped.
        let _ = copy_bidirectional(&mut near, &mut far).await;
    };
    tokio::select! {
        () = both_ways => {}
        _ = is_cut.wait_for(|cut| *cut) => {}
    }
}
