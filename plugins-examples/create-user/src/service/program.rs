//! The command line that `service-a` and `service-b` share.

use std::{
    error::Error,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use axum::Router;
use clap::Args;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::{
    fault_layer,
    faults::{Faults, Kind, Setting},
    serve::serve,
};

/// The options of a service.
#[derive(Debug, Args)]
pub struct Options {
    /// The SQLite file; created if it does not exist.
    #[arg(long)]
    pub data: PathBuf,
    /// The share of calls that go wrong, from 0 to 1.
    #[arg(long, default_value_t = Setting::default().share)]
    share: f64,
    /// In which ways.
    #[arg(long, value_delimiter = ',', default_values_t = Setting::default().kinds)]
    kinds: Vec<Kind>,
    /// How long a hanging call hangs, in milliseconds.
    #[arg(long, default_value_t = Setting::default().hang_ms)]
    hang_ms: u64,
    /// Where the sequence of faults begins.
    #[arg(long, default_value_t = Setting::default().seed)]
    seed: u64,
}

impl Options {
    fn faults(&self) -> Result<Faults, String> {
        let setting = Setting {
            share: self.share,
            kinds: self.kinds.clone(),
            hang_ms: self.hang_ms,
            seed: self.seed,
            ..Setting::default()
        };
        setting.check()?;
        Ok(Faults::new(setting))
    }
}

/// Opens a service's file and gives the routes over it.
pub type OpenRoutes = fn(&Path) -> Result<Router, rusqlite::Error>;

/// The whole program: serve until SIGINT or SIGTERM. What was answered is committed, so there is nothing to save at
/// the end.
pub async fn run(name: &str, listen: SocketAddr, options: Options, routes: OpenRoutes) -> ExitCode {
    match try_run(name, listen, &options, routes).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{name}: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn try_run(name: &str, listen: SocketAddr, options: &Options, routes: OpenRoutes) -> Result<(), Box<dyn Error>> {
    let faults = Arc::new(options.faults()?);
    let data = options.data.display();
    let routes = routes(&options.data).map_err(|why| format!("{data} cannot be opened: {why}; give another --data"))?;
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|why| format!("{listen} cannot be listened on: {why}; stop who uses it or give another --listen"))?;
    let mut terminate = signal(SignalKind::terminate())?;
    eprintln!("{name}: listening on http://{}, data in {data}", listener.local_addr()?);
    tokio::select! {
        never = serve(listener, fault_layer::wrap(routes, faults)) => match never {},
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
        _ = terminate.recv() => Ok(()),
    }
}
