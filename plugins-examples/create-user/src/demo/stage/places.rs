//! Where things are: the folder, the ports, and the config that says so to the host.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::demo::{
    Trouble,
    args::Args,
    config::{self, Facts},
};

/// Where everything listens.
#[derive(Clone, Copy)]
pub struct Ports {
    pub host: u16,
    pub admin: u16,
    pub a: u16,
    pub b: u16,
}

/// The folder for data, config and logs.
pub enum Folder {
    /// Removed when this is dropped.
    Temporary(TempDir),
    /// Asked for, and left alone.
    Given(PathBuf),
}

impl Folder {
    pub fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Given(path) => path,
        }
    }

    /// Do not remove it.
    pub fn keep(&mut self) {
        if let Self::Temporary(folder) = self {
            folder.disable_cleanup(true);
        }
    }
}

/// The folder: the one asked for, or a temporary one.
pub fn folder(args: &Args) -> Result<Folder, Trouble> {
    let Some(path) = &args.dir else {
        return Ok(Folder::Temporary(tempfile::Builder::new().prefix("mpy6a-demo-").tempdir()?));
    };
    std::fs::create_dir_all(path).map_err(|why| format!("{} cannot be made: {why}", path.display()))?;
    if !args.serve && path.read_dir()?.next().is_some() {
        return Err(format!("{} is not empty: remove it, or give another --dir", path.display()).into());
    }
    Ok(Folder::Given(path.canonicalize()?))
}

/// Write the host's config into the folder; give its path.
pub fn write_config(args: &Args, folder: &Path, ports: Ports) -> Result<PathBuf, Trouble> {
    let file = folder.join("mpy6a.toml");
    let config = config::render(&Facts {
        listen: &format!("127.0.0.1:{}", ports.host),
        admin_listen: &format!("127.0.0.1:{}", ports.admin),
        store: &folder.join("mpy6a.redb"),
        handler: &args.handler_file()?,
        service_a: &loopback_url(ports.a),
        service_b: &loopback_url(ports.b),
        log_format: if args.serve { "text" } else { "json" },
    });
    std::fs::write(&file, config).map_err(|why| format!("{} cannot be written: {why}", file.display()))?;
    Ok(file)
}

/// The ports that are written in the documentation, if nobody listens on them.
pub fn known_ports() -> Result<Ports, Trouble> {
    let ports = Ports { host: 7340, admin: 7341, a: 8081, b: 8082 };
    for port in [ports.host, ports.admin, ports.a, ports.b] {
        TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .map_err(|why| format!("port {port} cannot be listened on: {why}; stop the program that uses it"))?;
    }
    Ok(ports)
}

/// Four ports that nobody listens on. All are held until all are found, so they differ.
pub fn free_ports() -> Result<Ports, std::io::Error> {
    let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let (host, admin, a, b) = (listen()?, listen()?, listen()?, listen()?);
    let port = |listener: &TcpListener| Ok::<_, std::io::Error>(listener.local_addr()?.port());
    Ok(Ports { host: port(&host)?, admin: port(&admin)?, a: port(&a)?, b: port(&b)? })
}

/// The base URL of who listens on this port.
pub fn loopback_url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}
