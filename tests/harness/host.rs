//! A host as a process of its own, in a folder of its own, at ports of its own.
//!
//! It is killed when the test ends, and the end of its log is printed when the test failed.

use std::{
    fs::{self, OpenOptions},
    ops::Deref,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tonic::transport::ClientTlsConfig;

use super::{
    Config, PATIENCE, Wire,
    program::{Ports, serve},
    until, until_within,
};

/// The exit code of a host whose address is taken.
const ADDRESS_TAKEN: Option<i32> = Some(4);

/// A host. Dereferences to a [`Wire`] to it.
pub struct Host {
    folder: TempDir,
    ports: Ports,
    /// What the config says, for when it has to say other ports.
    config: Config,
    /// Whether somebody may know the ports already.
    ports_are_known: bool,
    child: Option<Child>,
    /// How long a start may take.
    start_within: Duration,
    /// How to speak to it; none: in plain text.
    tls: Option<ClientTlsConfig>,
    /// How long the log was when the host was last started.
    pub(super) log_from: usize,
    wire: Wire,
}

/// How a host ended.
#[derive(Debug)]
pub struct Exit {
    /// The exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to stderr since it was started.
    pub text: String,
}

impl Host {
    /// A host with this config that serves.
    pub async fn start(config: &Config) -> Self {
        let mut host = Self::prepare(config);
        host.launch().await;
        host
    }

    /// A folder with this config, and no host yet.
    pub fn prepare(config: &Config) -> Self {
        let ports = Ports::free();
        let host = Self {
            folder: tempfile::tempdir().unwrap(),
            ports,
            config: config.clone(),
            ports_are_known: false,
            child: None,
            start_within: PATIENCE,
            tls: None,
            log_from: 0,
            wire: Wire::to(ports),
        };
        host.configure(config);
        host
    }

    /// Write another config, or another text in its place: what a running host is to reload.
    pub fn configure(&self, config: &Config) {
        self.write_config(&config.text(self.ports));
    }

    /// Use another config from the start.
    pub fn reconfigure(&mut self, config: &Config) {
        self.config = config.clone();
        self.configure(config);
    }

    /// Write any text as the config.
    pub fn write_config(&self, text: &str) {
        // Aside and renamed, as good editors do: no host sees half of it.
        fs::write(self.path("new.toml"), text).unwrap();
        fs::rename(self.path("new.toml"), self.path("mpy6a.toml")).unwrap();
    }

    /// Start it, and wait until it serves.
    pub async fn launch(&mut self) {
        if let Err(exit) = self.try_launch(serve).await {
            panic!("the host did not start: {exit:?}");
        }
    }

    /// Start it, and wait until it ends, which it should.
    pub async fn exit_of_start(&mut self) -> Exit {
        self.try_launch(serve).await.expect_err("it serves")
    }

    /// Start it by this command, and wait until it serves or ends.
    pub async fn try_launch(&mut self, command: impl Fn() -> Command) -> Result<(), Exit> {
        loop {
            self.spawn(command());
            match self.ready().await {
                Err(exit) if exit.code == ADDRESS_TAKEN && !self.ports_are_known => {
                    self.ports = Ports::free();
                    self.configure(&self.config);
                }
                Err(exit) => return Err(exit),
                Ok(()) => {
                    self.ports_are_known = true;
                    return Ok(());
                }
            }
        }
    }

    /// Let it take longer to start than hosts do: it has to compile a large handler.
    pub fn allow_to_start(&mut self, within: Duration) {
        self.start_within = within;
    }

    /// Let it try this port for clients, and no other.
    pub fn insist_on(&mut self, port: u16) {
        (self.ports.clients, self.ports_are_known) = (port, true);
        self.configure(&self.config);
    }

    fn spawn(&mut self, mut command: Command) {
        assert!(self.child.is_none(), "it runs already");
        self.log_from = self.whole_log().len();
        let log = OpenOptions::new().create(true).append(true).open(self.path("host.log")).unwrap();
        command.args(["serve", "--config"]).arg(self.path("mpy6a.toml")).env_remove("RUST_LOG");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.child = Some(command.spawn().unwrap());
        // A connection of its own for each life of the host.
        self.wire = Wire::over(self.ports, self.tls());
    }

    async fn ready(&mut self) -> Result<(), Exit> {
        until_within(self.start_within, "the host serves", async || {
            if let Some(exit) = self.ended() {
                return Some(Err(exit));
            }
            self.wire.is_serving().await.then_some(Ok(()))
        })
        .await
    }

    /// End it at once, as a crash would: SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Kill it and start it again on the same store.
    pub async fn restart(&mut self) {
        self.kill();
        self.launch().await;
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Send it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = self.child.as_ref().and_then(|child| Pid::from_raw(child.id().cast_signed())).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Tell it to stop, and wait until it has.
    pub async fn stop(&mut self) -> Exit {
        self.signal(Signal::TERM);
        self.exit().await
    }

    /// Wait until it ends.
    pub async fn exit(&mut self) -> Exit {
        until("the host ends", async || self.ended()).await
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<Exit> {
        let status = self.child.as_mut()?.try_wait().unwrap()?;
        self.child = None;
        Some(Exit { code: status.code(), text: self.text() })
    }

    /// A file in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Another connection to it.
    pub fn connect(&self) -> Wire {
        Wire::over(self.ports, self.tls())
    }

    /// Speak TLS with it from now on.
    pub fn speak(&mut self, tls: ClientTlsConfig) {
        self.tls = Some(tls);
        self.wire = Wire::over(self.ports, self.tls());
    }

    /// How to speak to it.
    pub fn tls(&self) -> Option<ClientTlsConfig> {
        self.tls.clone()
    }

    /// Its address for clients, as a URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.clients)
    }

    /// Its address for operators, as a URL.
    pub fn admin_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.operators)
    }

    /// Its port for clients.
    pub fn port(&self) -> u16 {
        self.ports.clients
    }

    /// Where it listens.
    pub fn ports(&self) -> Ports {
        self.ports
    }
}

impl Deref for Host {
    type Target = Wire;

    fn deref(&self) -> &Wire {
        &self.wire
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            self.print_tail();
        }
    }
}
