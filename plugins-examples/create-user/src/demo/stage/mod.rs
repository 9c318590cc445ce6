//! The stage: a folder, a config, and services A and B and the host as processes of their own.

mod places;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use self::places::{Folder, Ports, folder, free_ports, known_ports, loopback_url, write_config};
use super::{Trouble, admin, args::Args, program::Program};
use crate::{
    calls::{ServiceA, ServiceB},
    service::faults::{Counts, Setting},
};

/// How often to look whether all programs still run.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Everything that runs. Dropping it ends it all, and removes the folder if it is a temporary one.
pub struct Stage {
    // Fields are dropped in this order: the programs before the folder they write to.
    host: Program,
    service_a: Program,
    service_b: Program,
    ports: Ports,
    folder: Folder,
    /// Service A, to be called.
    pub a: ServiceA,
    /// Service B, to be called.
    pub b: ServiceB,
}

impl Stage {
    /// Start everything, and wait until everything answers.
    pub async fn set(args: &Args) -> Result<Self, Trouble> {
        let folder = folder(args)?;
        let ports = if args.serve { known_ports()? } else { free_ports()? };
        let path = folder.path();
        let host_args = ["serve".into(), "--config".into(), write_config(args, path, ports)?.into()].into();
        let host_bin = Args::program(args.host_bin.as_ref(), "mpy6a")?;
        let mut stage = Self {
            host: Program::new("the host", host_bin, host_args, path.join("host.log")),
            service_a: service("service-a", args.a_bin.as_ref(), ports.a, path)?,
            service_b: service("service-b", args.b_bin.as_ref(), ports.b, path)?,
            a: ServiceA::new(&loopback_url(ports.a))?,
            b: ServiceB::new(&loopback_url(ports.b))?,
            ports,
            folder,
        };
        stage.start_all().await.map_err(|why| stage.keep_and_explain(&why))?;
        Ok(stage)
    }

    async fn start_all(&mut self) -> Result<(), Trouble> {
        let (a, b) = (self.a.clone(), self.b.clone());
        self.service_a.start(async || a.faults().await.is_ok()).await?;
        self.service_b.start(async || b.faults().await.is_ok()).await?;
        self.start_host().await
    }

    /// Start the host, and wait until it answers and its handler is in service.
    pub async fn start_host(&mut self) -> Result<(), Trouble> {
        let url = self.admin_url();
        self.host.start(async || admin::list_kinds(&url).await.is_ok()).await?;
        admin::check_handler(&url).await
    }

    /// SIGKILL.
    pub async fn kill_host(&mut self) -> Result<(), Trouble> {
        self.host.kill().await
    }

    /// An error if any of the programs has ended by itself.
    pub fn check_runs(&mut self) -> Result<(), Trouble> {
        self.host.check_runs()?;
        self.service_a.check_runs()?;
        self.service_b.check_runs()
    }

    /// Returns only if one of the programs ends by itself.
    pub async fn watch(&mut self) -> Trouble {
        loop {
            if let Err(why) = self.check_runs() {
                return why;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Tell everything to end, the host first, and wait until it has.
    pub async fn end(&mut self) -> Result<(), Trouble> {
        self.host.end().await?;
        self.service_a.end().await?;
        self.service_b.end().await
    }

    /// Set the fault switches of both services. B gets another seed, or the two would fail in step.
    pub async fn set_faults(&self, setting: &Setting) -> Result<(), Trouble> {
        self.a.set_faults(setting).await?;
        let other = Setting { seed: setting.seed.wrapping_add(1), ..setting.clone() };
        self.b.set_faults(&other).await?;
        Ok(())
    }

    /// What became of the calls of A and of B.
    pub async fn fault_counts(&self) -> Result<(Counts, Counts), Trouble> {
        Ok((self.a.faults().await?.counts, self.b.faults().await?.counts))
    }

    /// Where the host listens.
    pub fn host_url(&self) -> String {
        loopback_url(self.ports.host)
    }

    /// Where it listens for operators.
    pub fn admin_url(&self) -> String {
        loopback_url(self.ports.admin)
    }

    /// Where services A and B listen.
    pub fn service_urls(&self) -> (String, String) {
        (loopback_url(self.ports.a), loopback_url(self.ports.b))
    }

    /// The host's log, of all its lives.
    pub fn host_log(&self) -> &Path {
        self.host.log()
    }

    /// The folder with data, config and logs.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Leave the folder behind; give its path.
    pub fn keep(&mut self) -> &Path {
        self.folder.keep();
        self.folder.path()
    }

    /// Leave the folder behind, and say so together with what went wrong.
    pub fn keep_and_explain(&mut self, why: &Trouble) -> Trouble {
        format!("{why}\nLogs, config and data are in {}", self.keep().display()).into()
    }
}

/// A service, to be started.
fn service(name: &'static str, named: Option<&PathBuf>, port: u16, folder: &Path) -> Result<Program, Trouble> {
    let data = folder.join(format!("{name}.sqlite"));
    let listen = format!("127.0.0.1:{port}");
    let args: Vec<OsString> = vec!["--listen".into(), listen.into(), "--data".into(), data.into()];
    Ok(Program::new(name, Args::program(named, name)?, args, folder.join(format!("{name}.log"))))
}
