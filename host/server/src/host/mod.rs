//! The life of a host: the order in which things start, what makes them stop, and the order in which they do.
//!
//! Start: address, store, plugins, state machine, server; then health says SERVING, and the service manager is told. What can fail cheaply comes
//! first: a port in use costs no term of the store. Clients that connect before the server runs wait for it.
//!
//! Stop, on SIGTERM or SIGINT: see [`running`]. A second signal ends the host at once.
//!
//! Failure: when the store fails the writer refuses everything; health says NOT_SERVING and the process ends with an
//! exit code of its own ([`failure`]), so that whoever watches it starts it again or calls a person.

pub mod failure;
pub mod files;
pub mod health;
pub mod listeners;
pub mod manager;
pub mod running;
pub mod signals;

use std::{path::PathBuf, sync::Arc};

use mpy6a_plugins::{Sandbox, SandboxConfig};
use mpy6a_sessions::{Environment, Sessions, Started, observer::Observer, store::logged::LoggedStore};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::info;

pub use self::failure::Failure;
use self::{
    health::Health,
    listeners::Listeners,
    manager::Manager,
    running::{Running, failure_of},
    signals::Signals,
};
use crate::{
    config::{Config, Fixed, Text},
    grpc::{Services, gate::Gate},
    metrics::Metrics,
    recordings::Recordings,
    reload::{self, Board, Certificates, Reloader},
    repeats::{Context, Runs},
    telemetry::Telemetry,
    traces::Traces,
};

/// What a host is started with.
#[derive(Debug)]
pub struct Host {
    /// The config file, to be watched.
    pub file: PathBuf,
    /// Its text.
    pub text: Text,
    /// The config in that text.
    pub config: Config,
    /// The log.
    pub telemetry: Telemetry,
    /// The threads for handler runs.
    pub runs: Runs,
    /// Whether every kind is to be paused before any session is repeated.
    pub start_paused: bool,
}

impl Host {
    /// Serve until told to stop.
    ///
    /// # Errors
    ///
    /// Why it could not start, or had to stop.
    pub async fn serve(self) -> Result<(), Failure> {
        let mut signals = Signals::new()?;
        // Taken before anything else: until then a SIGHUP ends the process.
        let hangup = signal(SignalKind::hangup())?;
        let mut running = tokio::select! {
            running = self.start() => running?,
            () = signals.next() => return Ok(()),
        };
        // From here on clients are served, and whatever it is told it stops in order.
        running.ready(hangup).await;
        let told = tokio::select! {
            () = signals.next() => Ok(()),
            ending = running.sessions.ended() => Err(failure_of(ending)),
            ended = &mut running.server => Err(Failure::Server(format!("{ended:?}"))),
        };
        match told {
            Ok(()) => {
                signals.end_at_next();
                running.stop().await
            }
            Err(failure) => {
                running.fail().await;
                Err(failure)
            }
        }
    }

    async fn start(self) -> Result<Running, Failure> {
        let fixed = self.config.fixed.clone();
        files::raise(&fixed)?;
        let listeners = Listeners::bind(&fixed).await?;
        let (address, admin) = (listeners.clients.address()?, listeners.operators.address()?);
        let store = open_store(&fixed).await?;
        let sandbox = Sandbox::new(sandbox_config(&fixed))?;
        let certificates = Certificates::new(listeners.tls.clone());
        let (board, loads, watcher) = reload::start(&self.file, self.config, sandbox, &certificates).await;

        let recordings = Recordings::start(&fixed.store_path, &board.now().config);
        let policies = board.now().config.policies(|kind| board.plugins.get(kind).is_some());
        // Until it is durable that they are paused, none may be claimed.
        let first = if self.start_paused { board.now().config.policies(|_| false) } else { policies.clone() };
        let metrics = Arc::new(Metrics::default());
        let traces = Traces::start(&fixed.traces)?;
        let observer = Arc::clone(&metrics) as Arc<dyn Observer>;
        let environment = Environment { observer, ..Environment::real() };
        let clock = Arc::clone(&environment.clock);
        let Started { sessions, claims } = mpy6a_sessions::start(store, fixed.limits, first, environment)?;
        if self.start_paused {
            pause_all(&sessions, &board).await?;
            sessions.set_kinds(policies);
        }
        let context = Context {
            sessions: sessions.clone(),
            board: Arc::clone(&board),
            recordings: recordings.clone(),
            clock,
            metrics: Arc::clone(&metrics),
            traces: traces.clone(),
        };
        self.runs.start(context, claims);
        let (bell, rings) = reload::bell();
        let reloader = Reloader {
            file: self.file,
            text: self.text,
            suspect: None,
            board: Arc::clone(&board),
            loads,
            watcher,
            certificates: certificates.clone(),
            sessions: sessions.clone(),
            telemetry: self.telemetry,
            recordings: recordings.clone(),
            rings,
            answers: Vec::new(),
        };
        reloader.spawn();

        let (health, health_service) = Health::new().await;
        let gate = Gate::default();
        let services = Services {
            sessions: sessions.clone(),
            board: Arc::clone(&board),
            gate: gate.clone(),
            bell: bell.clone(),
            certificates,
            recordings,
            metrics,
            traces: traces.clone(),
        };
        let stop = CancellationToken::new();
        let manager = Manager::of_this_process()?;
        let addresses = (address, admin);
        let server = tokio::spawn(listeners.serve(&services, &health_service, &fixed, &stop));
        // Nothing is waited for behind this: who is served is not left by a start that is cut off.
        Ok(Running { addresses, sessions, board, bell, health, manager, gate, runs: self.runs, server, stop, traces })
    }
}

/// Pause every kind of the config, as a person would.
async fn pause_all(sessions: &Sessions, board: &Board) -> Result<(), Failure> {
    let config = &board.now().config;
    for kind in config.kinds.keys() {
        sessions.set_paused(*kind, true).await.map_err(|error| Failure::StoreFailed(error.to_string()))?;
    }
    info!(kinds = config.kinds.len(), "every kind is paused: `mpy6a kind resume` lets one go on");
    Ok(())
}

/// Opening repairs the file where the last host was killed: off the async threads.
async fn open_store(fixed: &Fixed) -> Result<LoggedStore, Failure> {
    let path = fixed.store_path.clone();
    let cache_bytes = usize::try_from(fixed.store_cache_bytes).unwrap_or(usize::MAX);
    let opened = tokio::task::spawn_blocking(move || LoggedStore::open(&path, cache_bytes)).await;
    match opened {
        Ok(opened) => Ok(opened?),
        Err(panic) => Err(Failure::StoreFailed(format!("opening it panicked, a bug worth reporting: {panic}"))),
    }
}

/// How large a sandbox this config needs.
#[must_use]
pub fn sandbox_config(fixed: &Fixed) -> SandboxConfig {
    SandboxConfig {
        runs_max: fixed.runs_max,
        memory_bytes_max: fixed.run_memory_bytes_max,
        cache_dir: fixed.plugin_cache.clone(),
        limits: fixed.limits,
    }
}
