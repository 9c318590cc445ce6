//! A wire that can be cut, and that can eat answers: TCP passed on to a port of loopback.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// What the wire does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Passes,
    /// Requests pass, answers do not.
    EatsAnswers,
    Cut,
}

/// The wire, until it is dropped.
pub struct Proxy {
    pub url: String,
    /// What it does, and how often it was cut: a connection ends with the cut that it lives through, however short.
    state: watch::Sender<(State, u64)>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// A wire to this port.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (state, now) = watch::channel((State::Passes, 0));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass_on(stream, port, now.clone()));
            }
        });
        Self { url, state, task }
    }

    /// Cut every connection, and each new one, until [`mend`](Self::mend).
    pub fn cut(&self) {
        self.state.send_modify(|(state, cuts)| {
            *state = State::Cut;
            *cuts += 1;
        });
    }

    /// From now on no answer comes back. What it eats is missing in the connections: cut them before you mend.
    pub fn eat_answers(&self) {
        self.state.send_modify(|(state, _)| *state = State::EatsAnswers);
    }

    /// Let connections through again.
    pub fn mend(&self) {
        self.state.send_modify(|(state, _)| *state = State::Passes);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

async fn pass_on(near: TcpStream, port: u16, mut state: watch::Receiver<(State, u64)>) {
    let now = state.clone();
    let born = state.borrow().1;
    let both_ways = async {
        let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await else { return };
        let ((mut from_near, to_near), (from_far, mut to_far)) = (near.into_split(), far.into_split());
        let requests = async {
            let _ = copy(&mut from_near, &mut to_far).await;
            // The one side has said all: so does the other learn.
            let _ = to_far.shutdown().await;
        };
        // Broken from either side: the other learns of it when both streams are dropped.
        tokio::join!(requests, answers(from_far, to_near, &now));
    };
    tokio::select! {
        () = both_ways => {}
        _ = state.wait_for(|(state, cuts)| *state == State::Cut || *cuts != born) => {}
    }
}

async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, now: &watch::Receiver<(State, u64)>) {
    let mut bytes = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let eats = now.borrow().0 == State::EatsAnswers;
        if !eats && to.write_all(&bytes[..count]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
