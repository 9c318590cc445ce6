//! The stage: a folder, a config, and services A and B and the host as processes of their own.

use std::{
    ffi::OsString,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;

use super::{
    Trouble, admin,
    args::Args,
    config::{self, Facts},
    program::Program,
};
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

#[derive(Clone, Copy)]
struct Ports {
    host: u16,
    a: u16,
    b: u16,
}

enum Folder {
    Temporary(TempDir),
    Given(PathBuf),
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Given(path) => path,
        }
    }
}

impl Stage {
    /// Start everything, and wait until everything answers.
    pub async fn set(args: &Args) -> Result<Self, Trouble> {
        let handler = args.handler()?;
        let folder = folder(args)?;
        let ports = if args.serve { Ports { host: 7340, a: 8081, b: 8082 } } else { free_ports()? };
        let (path, a_url, b_url) = (folder.path(), loopback_url(ports.a), loopback_url(ports.b));
        let config_file = path.join("mpy6a.toml");
        let config = config::render(&Facts {
            listen: &format!("127.0.0.1:{}", ports.host),
            store: &path.join("mpy6a.redb"),
            handler: &handler,
            service_a: &a_url,
            service_b: &b_url,
            log_format: "json",
        });
        std::fs::write(&config_file, config)
            .map_err(|why| format!("{} cannot be written: {why}", config_file.display()))?;

        let host_args = ["serve".into(), "--config".into(), config_file.into()].into();
        let host_bin = Args::program(args.host_bin.as_ref(), "mpy6a")?;
        let service = |name: &'static str, named: Option<&PathBuf>, port: u16| {
            let data = path.join(format!("{name}.sqlite"));
            let listen = format!("127.0.0.1:{port}");
            let arguments: Vec<OsString> = vec!["--listen".into(), listen.into(), "--data".into(), data.into()];
            let program = Args::program(named, name)?;
            Ok::<_, Trouble>(Program::new(name, program, arguments, path.join(format!("{name}.log"))))
        };
        let mut stage = Self {
            host: Program::new("the host", host_bin, host_args, path.join("host.log")),
            service_a: service("service-a", args.a_bin.as_ref(), ports.a)?,
            service_b: service("service-b", args.b_bin.as_ref(), ports.b)?,
            a: ServiceA::new(&a_url)?,
            b: ServiceB::new(&b_url)?,
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
        let url = self.host_url();
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

    /// Wait for Ctrl-C; an error if any of the programs ends by itself before.
    pub async fn wait(&mut self) -> Result<(), Trouble> {
        let interrupted = tokio::signal::ctrl_c();
        tokio::pin!(interrupted);
        loop {
            tokio::select! {
                interrupted = &mut interrupted => return Ok(interrupted?),
                () = tokio::time::sleep(LOOK_EVERY) => self.check_runs()?,
            }
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
        if let Folder::Temporary(folder) = &mut self.folder {
            folder.disable_cleanup(true);
        }
        self.folder.path()
    }

    /// Leave the folder behind, and say so together with what went wrong.
    pub fn keep_and_explain(&mut self, why: &Trouble) -> Trouble {
        format!("{why}\nLogs, config and data are in {}", self.keep().display()).into()
    }
}

/// The folder: the one asked for, or a temporary one.
fn folder(args: &Args) -> Result<Folder, Trouble> {
    let Some(path) = &args.dir else {
        return Ok(Folder::Temporary(tempfile::Builder::new().prefix("mpy6a-demo-").tempdir()?));
    };
    std::fs::create_dir_all(path).map_err(|why| format!("{} cannot be made: {why}", path.display()))?;
    if !args.serve && path.read_dir()?.next().is_some() {
        return Err(format!("{} is not empty: remove it, or give another --dir", path.display()).into());
    }
    Ok(Folder::Given(path.canonicalize()?))
}

/// Three ports that nobody listens on. All are held until all are found, so they differ.
fn free_ports() -> Result<Ports, std::io::Error> {
    let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let (host, a, b) = (listen()?, listen()?, listen()?);
    let port = |listener: &TcpListener| Ok::<_, std::io::Error>(listener.local_addr()?.port());
    Ok(Ports { host: port(&host)?, a: port(&a)?, b: port(&b)? })
}

fn loopback_url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}
