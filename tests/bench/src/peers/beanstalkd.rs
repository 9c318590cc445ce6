//! beanstalkd: a job for each session, delayed by what would be its lease. A job cannot be changed, so to append is to put the
//! whole session anew and delete what it was.

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufStream},
    net::TcpStream,
};

use rustix::process::Signal;

use super::Peer;
use crate::{
    Outcome,
    daemon::{self, Daemon, User},
    load::{Laps, RECORD_BYTES, Worker},
};

pub struct Beanstalkd {
    address: std::net::SocketAddr,
    _daemon: Daemon,
    _folder: TempDir,
}

impl Peer for Beanstalkd {
    const NAME: &str = "beanstalkd";
    const KEY: &str = "beanstalkd";
    const HOW: &str = "put 200 bytes, put all 400 and delete the first (one write), delete; a connection each; -f 0";
    type Worker = Session;

    async fn start() -> Outcome<Self> {
        let program = daemon::find(&["beanstalkd"])?;
        let folder = daemon::folder(User::Nobody)?;
        let address = daemon::free_address()?;
        let mut command = daemon::command(program, User::Nobody);
        command.args(["-l", "127.0.0.1", "-p", &address.port().to_string(), "-f", "0", "-b"]).arg(folder.path());
        let mut daemon = Daemon::start(command, folder.path(), Signal::TERM)?;
        daemon.listening(address).await?;
        Ok(Self { address, _daemon: daemon, _folder: folder })
    }

    async fn workers(&self, in_flight: usize, _: usize) -> Outcome<Vec<Session>> {
        let mut workers = Vec::new();
        for _ in 0..in_flight {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            workers.push(Session { stream: BufStream::new(stream) });
        }
        Ok(workers)
    }
}

/// One workflow in flight.
pub struct Session {
    stream: BufStream<TcpStream>,
}

impl Worker for Session {
    async fn turn(&mut self, laps: &mut Laps) -> Outcome<()> {
        self.put(RECORD_BYTES).await?;
        self.stream.flush().await?;
        let first = self.inserted().await?;
        laps.lap(0);

        self.put(2 * RECORD_BYTES).await?;
        self.delete(first).await?;
        self.stream.flush().await?;
        let second = self.inserted().await?;
        self.expect("DELETED").await?;
        laps.lap(1);

        self.delete(second).await?;
        self.stream.flush().await?;
        self.expect("DELETED").await?;
        laps.lap(2);
        Ok(())
    }
}

impl Session {
    /// Priority 0, due in 30 s, 30 s to run.
    async fn put(&mut self, bytes: usize) -> Outcome<()> {
        let mut command = format!("put 0 30 30 {bytes}\r\n").into_bytes();
        command.resize(command.len() + bytes, b'7');
        command.extend_from_slice(b"\r\n");
        Ok(self.stream.write_all(&command).await?)
    }

    async fn delete(&mut self, id: u64) -> Outcome<()> {
        Ok(self.stream.write_all(format!("delete {id}\r\n").as_bytes()).await?)
    }

    async fn inserted(&mut self) -> Outcome<u64> {
        let line = self.line().await?;
        Ok(line.strip_prefix("INSERTED ").ok_or_else(|| format!("put was answered {line:?}"))?.parse()?)
    }

    async fn expect(&mut self, wanted: &str) -> Outcome<()> {
        let line = self.line().await?;
        if line == wanted { Ok(()) } else { Err(format!("expected {wanted}, got {line:?}").into()) }
    }

    async fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line).await?;
        Ok(line.trim_end().to_owned())
    }
}
