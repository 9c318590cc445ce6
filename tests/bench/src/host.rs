//! The real host, in a process of its own, over a store on the disk that holds the build.

mod config;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use mpy6a_proto::v1::{Kind, ListKindsRequest, admin_client::AdminClient, truba_client::TrubaClient};
use rustix::process::Signal;
use tempfile::TempDir;
use tonic::transport::{Channel, Endpoint};

pub use self::config::{DUE, Due, PLAIN};
use crate::{
    Outcome,
    daemon::{self, Daemon, User},
};

/// How long a host may take to answer after its start, and a kind to become what the config says.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(5);
/// What HTTP/2 lets a stream have under way: enough for a pipeline, for host and echo alike.
const WINDOW_BYTES: u32 = 4 << 20;

/// A host.
pub struct Host {
    pub url: String,
    address: SocketAddr,
    /// Where operators ask it.
    admin: SocketAddr,
    daemon: Daemon,
    folder: TempDir,
}

impl Host {
    /// A host with an empty store, serving.
    pub async fn start(due: Due) -> Outcome<Self> {
        let folder = daemon::folder(User::Same)?;
        let (address, admin) = (daemon::free_address()?, daemon::free_address()?);
        std::fs::write(folder.path().join("mpy6a.toml"), config::text(address, admin, due)?)?;
        let daemon = spawn(folder.path())?;
        let mut host = Self { url: format!("http://{address}"), address, admin, daemon, folder };
        host.daemon.listening(address).await?;
        host.kind_until(PLAIN, |kind| kind.plugin.is_some()).await?;
        host.kind_until(DUE, |kind| kind.plugin.is_some()).await?;
        Ok(host)
    }

    /// Kill it as a crash does and start it anew over the same store. Answers how long it took from the start to the first
    /// answer.
    pub async fn crash_and_restart(&mut self) -> Outcome<Duration> {
        self.daemon.kill();
        let began = Instant::now();
        self.daemon = spawn(self.folder.path())?;
        self.daemon.listening(self.address).await?;
        self.kinds().await?;
        Ok(began.elapsed())
    }

    /// Have it take this into service.
    pub async fn reconfigure(&self, due: Due) -> Outcome<()> {
        let file = self.folder.path().join("mpy6a.toml");
        let new = file.with_extension("new");
        std::fs::write(&new, config::text(self.address, self.admin, due)?)?;
        std::fs::rename(new, file)?;
        self.kind_until(DUE, |kind| kind.paused == due.paused).await?;
        Ok(())
    }

    /// Its kinds, with their sessions by state.
    pub async fn kinds(&self) -> Outcome<Vec<Kind>> {
        let mut admin = AdminClient::new(channel(&format!("http://{}", self.admin)).await?);
        Ok(admin.list_kinds(ListKindsRequest {}).await?.into_inner().kinds)
    }

    /// Wait until a kind is so, and answer it.
    pub async fn kind_until(&self, id: u32, so: impl Fn(&Kind) -> bool) -> Outcome<Kind> {
        let mut admin = AdminClient::new(channel(&format!("http://{}", self.admin)).await?);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let kinds = admin.list_kinds(ListKindsRequest {}).await?.into_inner().kinds;
            match kinds.into_iter().find(|kind| kind.id == id) {
                Some(kind) if so(&kind) => return Ok(kind),
                _ if Instant::now() > deadline => {
                    return Err(format!("kind {id} is not as expected after {} s", PATIENCE.as_secs()).into());
                }
                _ => tokio::time::sleep(LOOK).await,
            }
        }
    }

    pub fn resident_bytes(&self) -> Outcome<u64> {
        daemon::resident_bytes(self.daemon.pid())
    }

    /// What its store takes on disk, in bytes: everything in its folder but log, config and compiled plugins.
    pub fn stored_bytes(&self) -> Outcome<u64> {
        let mut bytes = 0;
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                let name = entry.file_name();
                // A file may be gone by the time it is looked at.
                let Ok(metadata) = entry.metadata() else { continue };
                if metadata.is_dir() && name != "mpy6a.cache" {
                    folders.push(entry.path());
                } else if metadata.is_file() && name != "log" && name != "mpy6a.toml" {
                    bytes += metadata.len();
                }
            }
        }
        Ok(bytes)
    }

    /// Its log: one JSON event a line.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    pub async fn client(&self) -> Outcome<TrubaClient<Channel>> {
        connect(&self.url).await
    }
}

/// One connection to a host, or to the echo server.
pub async fn connect(url: &str) -> Outcome<TrubaClient<Channel>> {
    Ok(TrubaClient::new(channel(url).await?))
}

async fn channel(url: &str) -> Outcome<Channel> {
    let endpoint = Endpoint::new(url.to_owned())?.tcp_nodelay(true);
    Ok(endpoint.initial_stream_window_size(WINDOW_BYTES).initial_connection_window_size(WINDOW_BYTES).connect().await?)
}

fn spawn(folder: &Path) -> Outcome<Daemon> {
    let mut command = daemon::command(program()?, User::Same);
    command.args(["serve", "--config"]).arg(folder.join("mpy6a.toml")).env_remove("RUST_LOG");
    Daemon::start(command, folder, Signal::TERM)
}

/// The release build of the host, or what MPY6A names.
fn program() -> Outcome<PathBuf> {
    if let Some(named) = std::env::var_os("MPY6A") {
        return Ok(named.into());
    }
    let file = std::env::current_exe()?.with_file_name("mpy6a");
    match file.exists() {
        true => Ok(file),
        false => Err(format!("{} is missing: `make bench` builds it", file.display()).into()),
    }
}
