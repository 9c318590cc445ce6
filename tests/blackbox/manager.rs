//! What a service manager hears, at the socket that it named: the truth, and in time.

use std::{path::Path, process::Command, time::Duration};

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::{net::UnixDatagram, time};

use crate::{
    disk::Disk,
    harness::{Config, Host, Kind, PATIENCE, Wire, serve, wat},
};

/// How often the manager of these tests wants to hear of the writer.
const WATCHDOG: Duration = Duration::from_millis(400);

/// A service manager that listens.
struct Manager {
    folder: TempDir,
    socket: UnixDatagram,
}

impl Manager {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        Self { folder, socket }
    }

    /// The host as this manager starts it.
    fn starts(&self) -> Command {
        let mut command = serve();
        command.env("NOTIFY_SOCKET", self.folder.path().join("notify"));
        command.env("WATCHDOG_USEC", WATCHDOG.as_micros().to_string());
        command
    }

    /// The next message, in which each line is a state.
    async fn next(&self) -> Vec<String> {
        let mut message = [0; 4096];
        let heard = time::timeout(PATIENCE, self.socket.recv(&mut message)).await.expect("nothing is heard");
        String::from_utf8(message[..heard.unwrap()].to_vec()).unwrap().lines().map(str::to_owned).collect()
    }

    /// The next message with this state.
    async fn hears(&self, state: &str) -> Vec<String> {
        loop {
            let message = self.next().await;
            if message.iter().any(|told| told == state) {
                return message;
            }
        }
    }

    /// Whether it hears this state within a time.
    async fn hears_within(&self, state: &str, within: Duration) -> bool {
        time::timeout(within, self.hears(state)).await.is_ok()
    }
}

fn config() -> Config {
    Config::of([Kind::new(1, wat("bare-delete")).set("paused", true).set("lease", "1h")])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ready_is_told_when_health_says_serving_and_not_before() {
    let manager = Manager::new();
    let mut host = Host::prepare(&config());
    let wire = Wire::to(host.ports());
    let serves_when_ready = async {
        let first = manager.next().await;
        (first, wire.is_serving().await)
    };
    let (launched, (first, serves)) = tokio::join!(host.try_launch(|| manager.starts()), serves_when_ready);
    launched.unwrap();
    assert_eq!(first, ["READY=1", "STATUS=kinds: 1; active: 0, stored: 0, repeating: 0, parked: 0"]);
    assert!(serves, "it said READY and did not serve");
}

#[tokio::test]
async fn a_host_that_cannot_start_never_says_that_it_is_ready() {
    let manager = Manager::new();
    let mut host = Host::prepare(&config());
    std::fs::write(host.path("mpy6a.redb"), "no store").unwrap();
    let exit = host.try_launch(|| manager.starts()).await.unwrap_err();
    assert_eq!(exit.code, Some(5), "{exit:?}");
    assert!(manager.socket.try_recv(&mut [0; 4096]).is_err(), "it said something");
}

#[tokio::test]
async fn its_status_follows_what_it_has() {
    let manager = Manager::new();
    let mut host = Host::prepare(&config());
    host.try_launch(|| manager.starts()).await.unwrap();
    host.open(1, "one").await;
    manager.hears("STATUS=kinds: 1; active: 1, stored: 0, repeating: 0, parked: 0").await;
    host.write_config("nonsense");
    let wrong = "; the config is wrong, the old one is in service";
    manager.hears(&format!("STATUS=kinds: 1; active: 1, stored: 0, repeating: 0, parked: 0{wrong}")).await;
}

#[tokio::test]
async fn sighup_is_told_as_a_reload_and_over_when_the_new_config_is_in_service() {
    let manager = Manager::new();
    let mut host = Host::prepare(&config());
    host.try_launch(|| manager.starts()).await.unwrap();
    manager.hears("READY=1").await;
    host.configure(&config().with(Kind::new(2, wat("bare-delete"))));
    host.signal(Signal::HUP);
    let told = manager.hears("RELOADING=1").await;
    let when = told.iter().find_map(|state| state.strip_prefix("MONOTONIC_USEC=")).expect("no time");
    assert!(when.parse::<u64>().unwrap() > 0);
    manager.hears("READY=1").await;
    host.open(2, "a session of the new kind").await;
}

#[tokio::test]
async fn sigterm_is_told_with_the_time_that_stopping_may_take() {
    let manager = Manager::new();
    let mut host = Host::prepare(&config().set("limits.shutdown", "90s"));
    host.try_launch(|| manager.starts()).await.unwrap();
    let (exit, told) = tokio::join!(host.stop(), manager.hears("STOPPING=1"));
    assert_eq!(exit.code, Some(0), "{exit:?}");
    assert!(told.contains(&"EXTEND_TIMEOUT_USEC=150000000".to_owned()), "90 s and a minute: {told:?}");
}

#[tokio::test]
async fn a_manager_that_does_not_listen_holds_up_nothing() {
    let manager = Manager::new();
    // What its socket holds before whoever writes has to wait is a few messages: Linux's net.unix.max_dgram_qlen.
    let writer = std::os::unix::net::UnixDatagram::unbound().unwrap();
    writer.set_nonblocking(true).unwrap();
    while writer.send_to(b"full", manager.folder.path().join("notify")).is_ok() {}
    let mut host = Host::prepare(&config());
    host.try_launch(|| manager.starts()).await.unwrap();
    host.open(1, "one").await;
    assert_eq!(host.stop().await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_watchdog_is_fed_only_while_the_writer_answers() {
    let disk = Disk::mount().filter(|disk| disk.what == "an ext4 image");
    let Some(disk) = disk else {
        eprintln!("SKIPPED: this machine lets nobody mount a small disk; run it as root");
        return;
    };
    let manager = Manager::new();
    let store = disk.path().join("mpy6a.redb");
    let mut host = Host::prepare(&config().set("store.path", store.to_str().unwrap()));
    host.try_launch(|| manager.starts()).await.unwrap();
    manager.hears("WATCHDOG=1").await;

    let frozen = Frozen::freeze(&disk.path());
    let wire = host.connect();
    let waits = tokio::spawn(async move { wire.open(1, "waits for the disk").await });
    // What was said before the writer stood still is heard first; then nothing, for five times as long as allowed.
    while manager.hears_within("WATCHDOG=1", 5 * WATCHDOG).await {}
    assert!(!waits.is_finished(), "a session was acknowledged by a disk that stands still");
    assert!(host.ended().is_none(), "it waits for its disk");

    drop(frozen);
    manager.hears("WATCHDOG=1").await;
    waits.await.unwrap();
    host.stop().await;
}

#[tokio::test]
async fn a_container_is_healthy_while_its_host_serves_whatever_a_person_should_look_at() {
    let mut host = Host::start(&Config::of([Kind::misbehave(1)])).await;
    let code = |url: &str, options: &[&str]| {
        let status = serve().args(["--host", url, "status"]).args(options).output().unwrap().status;
        status.code().unwrap()
    };
    let parked = host.left(1, &["trap"]).await;
    host.parked(parked).await;
    let url = host.admin_url();
    assert_eq!((code(&url, &[]), code(&url, &["--serving"])), (1, 0), "somebody should look at what is parked");
    host.stop().await;
    assert_eq!(code(&url, &["--serving"]), 3);
}

/// A file system that lets nobody write, until this is dropped.
struct Frozen(std::path::PathBuf);

impl Frozen {
    fn freeze(place: &Path) -> Self {
        assert!(Command::new("fsfreeze").arg("--freeze").arg(place).status().unwrap().success());
        Self(place.to_owned())
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        let thawed = Command::new("fsfreeze").arg("--unfreeze").arg(&self.0).status();
        assert!(thawed.unwrap().success() || std::thread::panicking(), "the disk stays frozen");
    }
}
