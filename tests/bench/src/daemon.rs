//! Other programs that the bench runs: its host, its echo server, and the peers.
//!
//! Each is a process of its own on loopback that ends with the bench, however the bench ends: by `drop` on return, error,
//! panic and Ctrl-C, and by the parent's death signal (`setpriv --pdeathsig`) should the bench itself be killed. That
//! signal is tied to the thread that started the process, so daemons are started from the main task only.

use std::{
    ffi::OsStr,
    fs::File,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

use crate::Outcome;

/// How long a program may take until it listens.
const START_MAX: Duration = Duration::from_secs(30);
/// How long one may take to end when asked; then it is killed.
const STOP_MAX: Duration = Duration::from_secs(5);
/// How often either is looked at.
const LOOK: Duration = Duration::from_millis(10);
/// Debian's `nobody` and `nogroup`. PostgreSQL insists on not being root, and nobody else needs to be.
const NOBODY: u32 = 65_534;

/// As whom a program runs, where the bench is root.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// As whoever runs the bench.
    Same,
    /// As nobody, with a folder that is nobody's.
    Nobody,
}

/// A running program.
pub struct Daemon {
    child: Child,
    stop: Signal,
}

impl Daemon {
    /// Start a program in this folder. What it says goes to `log` there.
    pub fn start(mut command: Command, folder: &Path, stop: Signal) -> Outcome<Self> {
        let log = File::options().create(true).append(true).open(folder.join("log"))?;
        let child = command.current_dir(folder).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn();
        let program = command.get_program().to_string_lossy().into_owned();
        Ok(Self { child: child.map_err(|error| format!("{program} cannot be started: {error}"))?, stop })
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Wait until it listens there.
    pub async fn listening(&mut self, address: SocketAddr) -> Outcome<()> {
        let deadline = Instant::now() + START_MAX;
        while Instant::now() < deadline {
            if tokio::net::TcpStream::connect(address).await.is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("it ended with {status} before it listened").into());
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(format!("it does not listen on {address} after {} s", START_MAX.as_secs()).into())
    }

    /// End it as a crash does.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Errors mean that it has ended already.
        let _ = kill_process(Pid::from_child(&self.child), self.stop);
        let deadline = Instant::now() + STOP_MAX;
        while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(LOOK);
        }
        self.kill();
    }
}

/// A command that ends when the bench ends.
pub fn command(program: impl AsRef<OsStr>, user: User) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if user == User::Nobody && geteuid().is_root() {
        let nobody = NOBODY.to_string();
        command.args(["--reuid", &nobody, "--regid", &nobody, "--clear-groups"]);
        // The build may lie in a folder that only root may enter, /root for example.
        command.args(["--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"]);
    }
    command.arg("--").arg(program);
    command
}

/// A folder for a program's data, on the disk that holds the build: not in /tmp, which may be memory. The fsync is what is
/// measured.
pub fn folder(user: User) -> Outcome<TempDir> {
    let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(build_folder()?)?;
    if user == User::Nobody && geteuid().is_root() {
        std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY))?;
    }
    Ok(folder)
}

/// The folder that cargo builds in: target, or what CARGO_TARGET_DIR names.
pub fn build_folder() -> Outcome<PathBuf> {
    // target/release/mpy6a-bench -> target
    let program = std::env::current_exe()?;
    Ok(program.ancestors().nth(2).ok_or("the bench does not run from a build folder")?.to_owned())
}

/// The first of these that exists: a path, or a name to look for in PATH and where Debian puts servers.
pub fn find(names: &[&str]) -> Outcome<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places: Vec<_> = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]).collect();
    let found =
        names.iter().flat_map(|name| places.iter().map(move |place| place.join(name))).find(|file| file.exists());
    Ok(found.ok_or_else(|| format!("{} is not installed: .ci/bench-peers installs it", names.join(" or ")))?)
}

/// An address on loopback that nobody listens on.
pub fn free_address() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// What a process holds in memory now, in bytes.
pub fn resident_bytes(pid: u32) -> Outcome<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS in its status")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024)
}
