//! What may ail a host, made to happen.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use mpy6a_proto::v1::{NewRequest, PauseKindRequest};
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::sleep};

use super::slow::set_ahead;
use crate::{
    harness::{Authority, Config, Host, Kind, Wire},
    security::{place, trusting},
};

/// A small disk; it needs root.
pub struct Disk(TempDir);

impl Disk {
    const BYTES: u64 = 256 << 20;

    pub fn mount() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={}", Self::BYTES), "mpy6a-test"]).arg(folder.path());
        assert!(command.status().unwrap().success(), "cannot mount a tmpfs: run as root, where mounting is allowed");
        Self(folder)
    }

    pub fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    /// Leave so many hundredths of it free.
    pub fn fill(&self, free: u64) {
        let used = rustix::fs::statvfs(self.0.path()).unwrap();
        let ballast = used.f_bavail * used.f_frsize - Self::BYTES * free / 100;
        let file = fs::File::create(self.0.path().join("ballast")).unwrap();
        rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, ballast).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

/// A host whose clients speak TLS with it, by a certificate for so long; operators do not.
pub async fn certified(config: &Config, time: Duration) -> Host {
    let authority = Authority::new("one");
    let mut host = Host::prepare(&config.clone().set("tls.certificate", "cert.pem").set("tls.key", "key.pem"));
    place(&host, &authority.host_for(time));
    host.speak(trusting(&authority));
    host.launch().await;
    host
}

/// Kinds for everything that may ail one.
pub fn kinds() -> Config {
    let kind = |id, name: &str| Kind::misbehave(id).set("name", name).set("max_running", 1);
    Config::of([
        kind(1, "works"),
        kind(2, "late").set("plugin.time", "10m"),
        kind(3, "gives-up"),
        kind(4, "retries").set("max_repeats", 100_000),
        kind(5, "traps").set("max_repeats", 100_000),
        Kind::new(6, "/nowhere/no.wasm").set("name", "no-plugin"),
        kind(7, "paused"),
        kind(8, "paused-late").set("paused", true),
    ])
}

/// What ails the host of [`kinds`].
pub async fn ail(host: &Host) {
    host.admin.clone().pause_kind(PauseKindRequest { kind: 7 }).await.unwrap();
    host.left(2, &["sleep 600000"]).await;
    host.left(2, &["delete"]).await;
    host.left(3, &["permanent no such user"]).await;
    host.left(4, &["retry not yet"]).await;
    host.left(5, &["trap"]).await;
    host.left(8, &["delete"]).await;
    set_ahead(host, 3_600);
}

/// Work, from several clients at once, until it is dropped.
pub struct Busy(Vec<JoinHandle<()>>);

impl Busy {
    pub fn over(host: &Host, clients: usize) -> Self {
        let work = |wire: Wire| async move {
            loop {
                let request = NewRequest { kind: 1, ..Default::default() };
                if let Ok(opened) = wire.new_session(request).await {
                    let _ = wire.delete(opened.handle.unwrap(), 0).await;
                }
                // What was refused is tried again after a while, or it would be a flood.
                sleep(Duration::from_millis(5)).await;
            }
        };
        Self((0..clients).map(|_| tokio::spawn(work(host.connect()))).collect())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}
