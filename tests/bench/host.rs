//! The real host, in a process of its own, over a store on this disk.

use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

pub struct Host {
    pub url: String,
    /// What it logs, one JSON event a line.
    pub log: PathBuf,
    child: Child,
    _folder: TempDir,
}

impl Host {
    pub async fn start() -> Self {
        // Beside the build, not in /tmp, which may be memory: the fsync is what is measured.
        let folder = tempfile::tempdir_in(".").unwrap();
        let address = free_address();
        let config = folder.path().join("mpy6a.toml");
        std::fs::write(&config, config_text(address)).unwrap();
        let log = folder.path().join("log.json");
        let child = Command::new(env!("CARGO_BIN_EXE_mpy6a"))
            .args(["serve", "--config"])
            .arg(&config)
            .stdin(Stdio::null())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        wait_until_connectable(address).await;
        Self { url: format!("http://{address}"), log, child, _folder: folder }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn config_text(address: SocketAddr) -> String {
    let guest = guest("misbehave");
    let kind = crate::load::CLIENT_KIND;
    format!(
        "listen = \"{address}\"\n\
         [log]\nformat = \"json\"\n\
         [[kind]]\nid = {kind}\nname = \"bench\"\njitter = \"0s\"\n\
         [kind.plugin]\nfile = {guest:?}\n\
         # The guest imports wasi:http, though it is not asked to send anything here.\n\
         [[kind.plugin.http]]\nallow = \"http://127.0.0.1:9\"\n"
    )
}

/// Where `.ci/build-guests` put a guest.
fn guest(name: &str) -> PathBuf {
    let program = std::env::current_exe().unwrap();
    // target/release/deps/quick-… -> target
    let target = program.ancestors().nth(3).unwrap();
    let file = target.join("guests").join(name).with_extension("wasm");
    assert!(file.exists(), "{} is missing: run .ci/build-guests first", file.display());
    file
}

pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

pub async fn wait_until_connectable(address: SocketAddr) {
    for _ in 0..1000 {
        if tokio::net::TcpStream::connect(address).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nothing listens on {address} after 20 s");
}
