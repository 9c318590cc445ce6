//! NATS JetStream: a subject for each session in a stream on disk.

use std::sync::atomic::{AtomicU64, Ordering};

use async_nats::{
    HeaderMap,
    jetstream::{self, Context, stream},
};
use bytes::Bytes;
use rustix::process::Signal;
use tempfile::TempDir;

use super::Peer;
use crate::{
    Outcome,
    client::unary::record,
    daemon::{self, Daemon, User},
    load::{Laps, Worker},
};

/// The first release that can be told to sync before it acknowledges; Debian 12 has an older one.
const SYNCS_SINCE: (u32, u32) = (2, 10);

pub struct Nats {
    context: Context,
    _daemon: Daemon,
    _folder: TempDir,
}

impl Peer for Nats {
    const NAME: &str = "NATS JetStream";
    const KEY: &str = "nats";
    const HOW: &str = "two acknowledged publishes to the session's subject, and one that rolls it up into a tombstone, on one \
                       connection; file storage, sync_interval always";
    type Worker = Session;

    async fn start() -> Outcome<Self> {
        let installed = daemon::build_folder()?.join("bench-peers/nats-server");
        let program = if installed.exists() { installed } else { daemon::find(&["nats-server"])? };
        check_version(&program)?;
        let folder = daemon::folder(User::Nobody)?;
        let address = daemon::free_address()?;
        let config = folder.path().join("nats.conf");
        std::fs::write(
            &config,
            format!(
                "listen: \"{address}\"\njetstream {{ store_dir: {:?}, sync_interval: always }}\n",
                folder.path().join("data")
            ),
        )?;
        let mut command = daemon::command(program, User::Nobody);
        command.arg("--config").arg(config);
        let mut daemon = Daemon::start(command, folder.path(), Signal::TERM)?;
        daemon.listening(address).await?;
        let context = jetstream::new(async_nats::connect(address.to_string()).await?);
        let config = stream::Config {
            name: "sessions".to_owned(),
            subjects: vec!["session.*".to_owned()],
            storage: stream::StorageType::File,
            allow_rollup: true,
            ..stream::Config::default()
        };
        context.create_stream(config).await?;
        Ok(Self { context, _daemon: daemon, _folder: folder })
    }

    async fn workers(&self, in_flight: usize, _: usize) -> Outcome<Vec<Session>> {
        Ok((0..in_flight).map(|_| Session { context: self.context.clone(), record: record() }).collect())
    }
}

fn check_version(program: &std::path::Path) -> Outcome<()> {
    let said = std::process::Command::new(program).arg("--version").output()?.stdout;
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    let mut numbers = said.split(['v', '.', ' ']).filter_map(|part| part.parse::<u32>().ok());
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version < SYNCS_SINCE {
        let (major, minor) = SYNCS_SINCE;
        return Err(
            format!("{said} cannot sync before it acknowledges; {major}.{minor} can: .ci/bench-peers gets it").into()
        );
    }
    Ok(())
}

/// One workflow in flight.
pub struct Session {
    context: Context,
    record: Bytes,
}

impl Worker for Session {
    async fn turn(&mut self, laps: &mut Laps) -> Outcome<()> {
        let subject = format!("session.{}", NEXT.fetch_add(1, Ordering::Relaxed));
        for step in 0..2 {
            self.context.publish(subject.clone(), self.record.clone()).await?.await?;
            laps.lap(step);
        }
        // All that came before on this subject goes; this message, empty, stays.
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Rollup", "sub");
        self.context.publish_with_headers(subject, headers, Bytes::new()).await?.await?;
        laps.lap(2);
        Ok(())
    }
}

static NEXT: AtomicU64 = AtomicU64::new(1);
