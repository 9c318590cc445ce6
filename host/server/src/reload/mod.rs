//! Puts changed configs and plugins into service while the host runs.
//!
//! | file | its job |
//! |---|---|
//! | [`board`] | what is in service now, for everybody to see |
//! | [`watch`] | notices that files changed |
//! | [`loads`] | plugins being loaded |
//!
//! ```text
//! config file changed, or SIGHUP -> read and check it -> policies into service -> load the plugins that changed --+
//! plugin file changed -----------------------------------------------------------> load it ---------------------+
//!                                                                 each that loads: into service, by itself <-----+
//! ```
//!
//! What is taken together and what apart:
//!
//! * A config is taken whole or not at all. One with any mistake changes nothing.
//! * A plugin is taken together with its limits, grants and settings. Where it does not load, the kind's old plugin stays in
//!   service with its old ones; the kind's delays and bounds are the new config's, and every other kind goes on. A kind that
//!   has no old plugin is not claimed: its sessions wait.
//! * What failed shows in the log and in `Admin.ListKinds`, and is tried again when its file changes or on SIGHUP.
//! * What needs a restart stays as it was; a warning names the keys.

pub mod board;
pub mod loads;
pub mod watch;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use mpy6a_plugins::{Plugin, Sandbox};
use mpy6a_sessions::Sessions;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{error, info, warn};

pub use self::board::{Board, InService};
use self::{loads::Loads, watch::Watcher};
use crate::{config::Config, telemetry::Telemetry};

/// Load the plugins of a config for the first time and put them into service, and watch its files from then on. A plugin
/// that does not load leaves its kind waiting; it does not keep the host from starting.
pub async fn start(file: &Path, config: Config, sandbox: Arc<Sandbox>) -> (Arc<Board>, Loads, Watcher) {
    let board = Arc::new(Board::new(Arc::new(config)));
    let mut watcher = Watcher::new(files(file, &board)).await;
    // It was read before it was watched.
    watcher.distrust(file);
    let mut loads = Loads::new(sandbox);
    let config = Arc::clone(&board.now().config);
    for (id, kind) in &config.kinds {
        loads.start(*id, kind.plugin.clone());
    }
    while let Some((kind, result)) = loads.next().await {
        take(&board, kind, result);
    }
    (board, loads, watcher)
}

/// The config file and the plugins of the config in service.
fn files(file: &Path, board: &Board) -> BTreeSet<PathBuf> {
    board.now().config.plugin_files().chain([file.to_owned()]).collect()
}

/// Keeps what is in service up to date with the files.
pub struct Reloader {
    /// The config file.
    pub file: PathBuf,
    /// What is in service.
    pub board: Arc<Board>,
    /// Loads plugins.
    pub loads: Loads,
    /// Tells of changed files.
    pub watcher: Watcher,
    /// Told of changed policies.
    pub sessions: Sessions,
    /// Told of a changed level.
    pub telemetry: Telemetry,
}

/// Why something is read again.
enum Wake {
    Files(BTreeSet<PathBuf>),
    Hangup,
    Loaded(u32, Result<Arc<Plugin>, String>),
}

impl Reloader {
    /// Watch and reload, for as long as the host runs.
    ///
    /// # Errors
    ///
    /// The system's, if it refuses to tell of SIGHUP.
    pub fn spawn(self) -> std::io::Result<()> {
        // Taken at once: until then a SIGHUP would end the host.
        let hangup = signal(SignalKind::hangup())?;
        tokio::spawn(self.run(hangup));
        Ok(())
    }

    async fn run(mut self, mut hangup: Signal) {
        loop {
            match self.wake(&mut hangup).await {
                Wake::Files(changed) => self.reload(|file| changed.contains(file)).await,
                Wake::Hangup => {
                    info!("SIGHUP: reading the config and every plugin again");
                    self.reload(|_| true).await;
                }
                Wake::Loaded(kind, result) => {
                    take(&self.board, kind, result);
                    self.publish();
                }
            }
        }
    }

    async fn wake(&mut self, hangup: &mut Signal) -> Wake {
        tokio::select! {
            changed = self.watcher.changed() => Wake::Files(changed),
            Some(()) = hangup.recv() => Wake::Hangup,
            Some((kind, result)) = self.loads.next() => Wake::Loaded(kind, result),
        }
    }

    /// Read again what changed: the config, if it did, and every plugin whose file or whose part of the config did.
    async fn reload(&mut self, changed: impl Fn(&PathBuf) -> bool) {
        let old = Arc::clone(&self.board.now().config);
        let new = if changed(&self.file) { self.read_config(&old) } else { Arc::clone(&old) };
        self.watcher.set_files(files(&self.file, &self.board)).await;
        for (id, kind) in &new.kinds {
            let same = old.kinds.get(id).is_some_and(|old| old.plugin == kind.plugin);
            if !same || changed(&kind.plugin.file) {
                self.loads.start(*id, kind.plugin.clone());
            }
        }
        let dropped = old.kinds_dropped_by(&new);
        for kind in dropped.keys() {
            self.loads.forget(*kind);
        }
        self.publish();
        self.warn_of_dropped(&dropped).await;
    }

    /// The config to be in service now: the file's, or the old one where the file is wrong.
    fn read_config(&self, old: &Arc<Config>) -> Arc<Config> {
        let read = Config::load(&self.file).map_err(|error| error.to_string());
        match read.and_then(|config| config.within(&old.fixed)) {
            Ok((config, waiting)) => {
                if !waiting.is_empty() {
                    let keys = waiting.join(", ");
                    warn!(keys, "these keys changed and stay as they were until the host is restarted");
                }
                if config == **old {
                    // Touched, or put back to what is in service.
                    self.board.change(|now| now.config_trouble = None);
                    return Arc::clone(old);
                }
                let config = Arc::new(config);
                self.telemetry.set_level(&config.log_level);
                self.board.change(|now| {
                    now.config_trouble = None;
                    now.plugin_troubles.retain(|kind, _| config.kinds.contains_key(kind));
                    now.config = Arc::clone(&config);
                });
                info!(file = %self.file.display(), kinds = config.kinds.len(), "config in service");
                config
            }
            Err(trouble) => {
                error!(file = %self.file.display(), trouble, "the config is wrong: the old one stays in service");
                self.board.change(|now| now.config_trouble = Some(trouble));
                Arc::clone(old)
            }
        }
    }

    /// Make the state machine and the registry follow the config in service: plugins of kinds that it dropped go, policies
    /// change, and kinds with a plugin may be claimed.
    fn publish(&self) {
        let config = Arc::clone(&self.board.now().config);
        let mut plugins = BTreeMap::clone(&self.board.plugins.all());
        let policies = config.policies(|kind| plugins.contains_key(&kind));
        self.sessions.set_kinds(policies);
        plugins.retain(|kind, _| config.kinds.contains_key(kind));
        self.board.plugins.swap(plugins);
    }

    async fn warn_of_dropped(&self, dropped: &BTreeMap<u32, &str>) {
        if dropped.is_empty() {
            return;
        }
        // Fails when the host is stopping: nobody needs the warning then.
        let Ok(counts) = self.sessions.counts().await else { return };
        for (kind, name) in dropped {
            let count = counts.get(kind).copied().unwrap_or_default();
            let sessions = count.active + count.stored + count.repeating + count.parked;
            if sessions > 0 {
                warn!(
                    kind,
                    name, sessions, "the kind left the config: its sessions are kept and wait until it is back"
                );
            }
        }
    }
}

/// Put a loaded plugin into service, or note why it is not.
fn take(board: &Board, kind: u32, result: Result<Arc<Plugin>, String>) {
    let now = board.now();
    // A kind that left the config while its plugin was being loaded.
    let Some(config) = now.config.kinds.get(&kind) else { return };
    let (name, file) = (config.name.as_str(), config.plugin.file.display());
    match result {
        Ok(plugin) => {
            let mut plugins = BTreeMap::clone(&board.plugins.all());
            let known = plugins.get(&kind);
            // The same again, read after a touch or SIGHUP: the old one goes on, since when it was loaded.
            if known.is_none_or(|old| old.digest() != plugin.digest() || old.spec() != plugin.spec()) {
                info!(kind, name, %file, digest = hex::encode(plugin.digest()), "plugin in service");
                plugins.insert(kind, plugin);
                board.plugins.swap(plugins);
            }
            board.change(|now| drop(now.plugin_troubles.remove(&kind)));
        }
        Err(trouble) => {
            let instead =
                if board.plugins.get(kind).is_some() { "its old plugin stays in service" } else { "its sessions wait" };
            error!(kind, name, %file, trouble, "a plugin does not load: {instead}");
            board.change(|now| drop(now.plugin_troubles.insert(kind, trouble)));
        }
    }
}
