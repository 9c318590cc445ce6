//! A sandbox, a session to run over, a barrier that writes down what it commits, and an HTTP server that does as told.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use mpy6a_plugins::{
    Barrier, Grants, HttpRule, Job, LoadError, Plugin, PluginSpec, RunEnd, RunLimits, Sandbox, SandboxConfig,
    barrier::Committing,
};
use mpy6a_sessions::{Claimed, Client, Due, Error, Handle, Index, Key, Limits, Session, SessionOp, Standing, State};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What happened, in order.
pub type Events = Arc<Mutex<Vec<String>>>;

pub struct Rig {
    pub sandbox: Arc<Sandbox>,
    pub dir: TempDir,
    pub events: Events,
    /// What the barrier answers.
    pub barrier_answer: Result<(), Error>,
    pub records: Vec<Bytes>,
    pub spec: PluginSpec,
}

pub fn config() -> SandboxConfig {
    let limits =
        Limits { record_bytes_max: 1000, session_bytes_max: 2000, session_records_max: 5, ..Limits::default() };
    SandboxConfig { runs_max: 4, memory_bytes_max: 64 << 20, cache_dir: None, limits }
}

impl Rig {
    pub fn new() -> Self {
        Self::with(Sandbox::new(config()).unwrap())
    }

    pub fn with(sandbox: Arc<Sandbox>) -> Self {
        Self {
            sandbox,
            dir: TempDir::new().unwrap(),
            events: Events::default(),
            barrier_answer: Ok(()),
            records: vec![Bytes::from_static(b"first"), Bytes::from_static(b"second")],
            spec: PluginSpec {
                limits: RunLimits { time: Duration::from_secs(20), ..limits() },
                ..PluginSpec::default()
            },
        }
    }

    pub fn file(&self, name: &str, contents: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, contents).unwrap();
        path
    }

    pub async fn load(&self, wat: &str) -> Result<Arc<Plugin>, LoadError> {
        let file = self.file("handler.wasm", &wat::parse_str(wat).unwrap());
        self.sandbox.load(&PluginSpec { file, ..self.spec.clone() }).await
    }

    /// Load the file that the spec names.
    pub async fn load_again(&self) -> Result<Arc<Plugin>, LoadError> {
        self.sandbox.load(&self.spec).await
    }

    pub async fn run(&self, wat: &str) -> RunEnd {
        let plugin = self.load(wat).await.unwrap();
        self.run_loaded(&plugin).await
    }

    pub async fn run_loaded(&self, plugin: &Plugin) -> RunEnd {
        let barrier = Arc::new(Recording { events: Arc::clone(&self.events), answer: self.barrier_answer.clone() });
        plugin.run(self.job(), barrier).await
    }

    /// Allow this target and let the first record be this URL.
    pub fn target(mut self, allow: &str, url: &str) -> Self {
        self.spec.grants = Grants { http: vec![HttpRule::parse(allow, &[] as &[&str]).unwrap()], ..Grants::default() };
        self.records = vec![Bytes::from(url.to_owned())];
        self
    }

    pub fn limits(mut self, change: impl FnOnce(&mut RunLimits)) -> Self {
        change(&mut self.spec.limits);
        self
    }

    pub fn events(&self) -> Vec<String> {
        self.events.lock().unwrap().clone()
    }

    pub fn job(&self) -> Job {
        let index = |index| Index { term: 1, index };
        let due = Due { at_ms: 5_000, stored: index(8) };
        let session = Session {
            id: index(7),
            kind: 3,
            change_id: index(9),
            fence: index(9),
            client: Client { key: Key(1), lease_ms: 0, standing: Standing::GaveUp, last: None },
            state: State::Repeating { key: Key(2), due, since_ms: 6_000 },
            created_ms: 1_000,
            stored_ms: 2_000,
            repeats: 2,
            records: u32::try_from(self.records.len()).unwrap(),
            bytes: self.records.iter().map(|record| record.len() as u64).sum(),
            attempts: 1,
            traceparent: None,
            origin: mpy6a_sessions::Origin::default(),
        };
        let claimed = Claimed {
            handle: Handle { id: session.id, key: Key(2) },
            session,
            records: self.records.clone(),
            due,
            claimed_ms: 6_000,
            late: Duration::ZERO,
            claimed_at: Duration::ZERO,
        };
        Job { claimed, kind_name: "create-user".to_owned(), max_repeats: 10 }
    }
}

/// Limits under which a well-behaved guest of this suite ends at once and a bad one soon.
fn limits() -> RunLimits {
    RunLimits { fuel: 50_000_000, memory_bytes: 8 << 20, ..RunLimits::default() }
}

struct Recording {
    events: Events,
    answer: Result<(), Error>,
}

impl Barrier for Recording {
    fn commit(&self, handle: Handle, ops: Vec<SessionOp>) -> Committing<'_> {
        Box::pin(async move {
            assert_eq!(handle.key, Key(2), "the run's own key");
            // Long enough for a request that did not wait to overtake.
            tokio::time::sleep(Duration::from_millis(20)).await;
            self.events.lock().unwrap().push(format!("commit {ops:?}"));
            self.answer.clone()
        })
    }
}

/// What the server does with a request.
#[derive(Clone)]
pub enum Answer {
    /// Send these bytes and close.
    Bytes(Vec<u8>),
    /// Send these bytes, and then `x` for ever.
    Endless(Vec<u8>),
    /// Send these bytes, and then one `x` every now and then.
    Trickling(Vec<u8>),
    /// Send a body in chunks of a megabyte, without end.
    Chunks,
    /// Take the request and say nothing.
    Silence,
}

impl Answer {
    pub fn ok(body: &str) -> Self {
        let length = body.len();
        Self::Bytes(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes())
    }
}

/// Serve on a loopback port. Each request becomes an event: its head.
pub async fn serve(events: Events, answer: Answer) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(exchange(stream, Arc::clone(&events), answer.clone()));
        }
    });
    port
}

async fn exchange(mut stream: TcpStream, events: Events, answer: Answer) {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            // Of TLS, which this server does not speak: 0x16 begins a handshake.
            Ok(count) if count > 0 && head.is_empty() && buffer[0] == 0x16 => break,
            Ok(count) if count > 0 => head.extend_from_slice(&buffer[..count]),
            // A connection without a request.
            _ => return,
        }
    }
    if !head.is_empty() {
        events.lock().unwrap().push(String::from_utf8(head).unwrap());
    }
    match answer {
        Answer::Bytes(bytes) => stream.write_all(&bytes).await.unwrap(),
        Answer::Endless(bytes) => {
            let mut sent = stream.write_all(&bytes).await;
            while sent.is_ok() {
                sent = stream.write_all(&[b'x'; 4096]).await;
            }
        }
        Answer::Trickling(bytes) => {
            let mut sent = stream.write_all(&bytes).await;
            while sent.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
                sent = stream.write_all(b"x").await;
            }
        }
        Answer::Chunks => {
            let chunk = [b"100000\r\n".as_slice(), &vec![b'x'; 1 << 20], b"\r\n"].concat();
            let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
            while sent.is_ok() {
                sent = stream.write_all(&chunk).await;
            }
        }
        // Until the other side hangs up.
        Answer::Silence => drop(stream.read(&mut buffer).await),
    }
}
