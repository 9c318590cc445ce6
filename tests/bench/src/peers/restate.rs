//! Restate: a durable handler of two steps, in its own SDK for Node.
//!
//! The call carries 200 bytes (our New), the first step's journaled result another 200 (our Append), the second step's result and
//! the end of the call are our Delete.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use bytes::Bytes;
use rustix::process::Signal;
use tempfile::TempDir;

use super::Peer;
use crate::{
    Outcome,
    daemon::{self, Daemon, User},
    load::{Laps, RECORD_BYTES, Worker},
};

/// How long its parts may take to find each other.
const REGISTER_MAX: Duration = Duration::from_secs(30);

pub struct Restate {
    ingress: SocketAddr,
    // Ended in this order.
    _server: Daemon,
    _handler: Daemon,
    _folder: TempDir,
}

impl Peer for Restate {
    const NAME: &str = "Restate";
    const KEY: &str = "restate";
    const HOW: &str = "one call of 200 bytes to a handler with two durable steps, the first of which answers 200 bytes; the \
                       server's defaults, which sync its log, without retention of journals";
    type Worker = Caller;

    async fn start() -> Outcome<Self> {
        let packages = packages()?;
        let folder = daemon::folder(User::Nobody)?;
        let handler = daemon::free_address()?;
        let mut command = daemon::command(daemon::find(&["node"])?, User::Nobody);
        command.arg(packages.join("handler.mjs")).arg(handler.port().to_string()).arg(RECORD_BYTES.to_string());
        let mut node = Daemon::start(command, folder.path(), Signal::TERM)?;
        node.listening(handler).await?;

        let [ingress, admin, fabric] = [daemon::free_address()?, daemon::free_address()?, daemon::free_address()?];
        let config = folder.path().join("restate.toml");
        std::fs::write(&config, settings(ingress, admin, fabric, folder.path()))?;
        let mut command = daemon::command(server(&packages)?, User::Nobody);
        command.arg("--no-logo").arg("--config-file").arg(config);
        let mut server = Daemon::start(command, folder.path(), Signal::TERM)?;
        server.listening(admin).await?;
        register(admin, handler).await?;
        server.listening(ingress).await?;
        Ok(Self { ingress, _server: server, _handler: node, _folder: folder })
    }

    async fn workers(&self, in_flight: usize, _: usize) -> Outcome<Vec<Caller>> {
        let client = reqwest::Client::builder().tcp_nodelay(true).pool_max_idle_per_host(in_flight).build()?;
        let url = format!("http://{}/bench/run", self.ingress);
        let body = Bytes::from(vec![b'7'; RECORD_BYTES]);
        Ok((0..in_flight).map(|_| Caller { client: client.clone(), url: url.clone(), body: body.clone() }).collect())
    }
}

/// Where .ci/bench-peers put its packages and the handler.
fn packages() -> Outcome<PathBuf> {
    let folder = daemon::build_folder()?.join("bench-peers/restate");
    match folder.join("node_modules/@restatedev").exists() {
        true => Ok(folder),
        false => Err("Restate is not installed: .ci/bench-peers installs it".into()),
    }
}

/// Its server for this machine: npm installs that one alone.
fn server(packages: &std::path::Path) -> Outcome<PathBuf> {
    let entries = std::fs::read_dir(packages.join("node_modules/@restatedev"))?.flatten();
    let found = entries.map(|entry| entry.path().join("bin/restate-server")).find(|file| file.exists());
    Ok(found.ok_or("npm has no Restate server for this machine")?)
}

fn settings(ingress: SocketAddr, admin: SocketAddr, fabric: SocketAddr, folder: &std::path::Path) -> String {
    format!(
        "base-dir = {:?}\n\
         bind-address = \"{fabric}\"\nadvertised-address = \"http://{fabric}\"\nlisten-mode = \"tcp\"\n\
         disable-telemetry = true\nlog-filter = \"warn\"\n\
         default-journal-retention = \"0s\"\n\
         [ingress]\nbind-address = \"{ingress}\"\n[admin]\nbind-address = \"{admin}\"\ndisable-web-ui = true\n",
        folder.join("data")
    )
}

/// Tell the server where the handler is, once it is ready to be told.
async fn register(admin: SocketAddr, handler: SocketAddr) -> Outcome<()> {
    let client = reqwest::Client::new();
    let deadline = std::time::Instant::now() + REGISTER_MAX;
    loop {
        let body = serde_json::json!({ "uri": format!("http://{handler}") });
        let answer = client.post(format!("http://{admin}/deployments")).json(&body).send().await;
        match answer {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) if std::time::Instant::now() > deadline => {
                return Err(format!("its handler is refused: {}", answer.text().await?).into());
            }
            Err(error) if std::time::Instant::now() > deadline => return Err(error.into()),
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// One call in flight.
pub struct Caller {
    client: reqwest::Client,
    url: String,
    body: Bytes,
}

impl Worker for Caller {
    async fn turn(&mut self, laps: &mut Laps) -> Outcome<()> {
        let request = self.client.post(&self.url).header("content-type", "application/octet-stream");
        let answer = request.body(self.body.clone()).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            return Err(format!("{status}: {text}").into());
        }
        // The steps are the server's own: only the whole is seen from outside.
        laps.lap(2);
        Ok(())
    }
}
