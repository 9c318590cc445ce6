//! Puts changed configs and plugins into service while the host runs.
//!
//! | file | its job |
//! |---|---|
//! | [`bell`] | has everything read again by request |
//! | [`board`] | what is in service now, for everybody to see |
//! | [`watch`] | notices that files changed |
//! | [`certificates`] | the certificates of both listeners |
//! | [`loads`] | plugins being loaded |
//! | [`trial`] | a changed plugin, tried on attempts that are kept |
//! | [`probation`] | a changed plugin, watched in service |
//! | [`reloader`] | takes what changed into service |
//!
//! ```text
//! config file changed, or SIGHUP --> read and check it --> policies into service --> load the plugins that changed --+
//! plugin file changed -----------------------------------------------------------------------------------> load it --+
//!                                                                                                                    |
//! each plugin that loads: into service, by itself <------------------------------------------------------------------+
//! ```
//!
//! What is taken together and what apart:
//!
//! * A config is taken whole or not at all, when it has lain still. One with any mistake changes nothing, nor one that looks cut
//!   off, unless a person asks for a reload; and none opens a host to all that has `[[access]]`, unless it says so itself.
//! * A plugin is taken together with its limits, grants and settings. Where it does not load, the kind's old plugin
//!   stays in service with its old ones; the kind's delays and bounds are the new config's, and every other kind goes
//!   on. A kind that has no old plugin is not claimed: its sessions wait.
//! * A plugin that changed may have to pass a trial first, and is watched afterwards, as `[kind.rollout]` says. One that is taken back
//!   stays back until its file, or its part of the config, changes.
//! * What failed shows in the log and in `Admin.ListKinds`, and is tried again when its file changes or on SIGHUP.
//! * A certificate is taken by itself. One that cannot be used keeps the old one in service, and shows likewise.
//! * What needs a restart stays as it was; a warning names the keys.

pub mod bell;
pub mod board;
pub mod certificates;
pub mod loads;
mod looks;
pub mod probation;
pub mod reloader;
pub mod trial;
pub mod watch;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use mpy6a_plugins::{Plugin, Sandbox};
use tracing::{error, info};

pub use self::{
    bell::{Bell, Rings, bell},
    board::{Board, InService},
    certificates::Certificates,
    reloader::Reloader,
};
use self::{
    loads::Loads,
    probation::{Failed, Tally},
    watch::Watcher,
};
use crate::{
    config::Config,
    limits::{CONFIG_SETTLE, SETTLE},
};

/// Load the plugins of a config for the first time and put them into service, and watch its files from then on. A
/// plugin that does not load leaves its kind waiting; it does not keep the host from starting.
pub async fn start(
    file: &Path,
    config: Config,
    sandbox: Arc<Sandbox>,
    certificates: &Certificates,
) -> (Arc<Board>, Loads, Watcher) {
    let board = Arc::new(Board::new(Arc::new(config)));
    let mut watcher = Watcher::new(files(file, &board, certificates)).await;
    // It was read before it was watched.
    watcher.distrust(file);
    certificates.files().for_each(|file| watcher.distrust(&file));
    let mut loads = Loads::new(sandbox);
    let config = Arc::clone(&board.now().config);
    for (id, kind) in &config.kinds {
        loads.start(*id, kind.plugin.clone(), None);
    }
    while let Some((kind, result)) = loads.next().await {
        take(&board, kind, result);
    }
    (board, loads, watcher)
}

/// The plugins of the config in service, the config file, and the certificates, with how long each has to lie still.
fn files(file: &Path, board: &Board, certificates: &Certificates) -> BTreeMap<PathBuf, Duration> {
    let plugins = board.now().config.plugin_files().map(|file| (file, SETTLE)).collect::<Vec<_>>();
    let others = careful(file, certificates).into_iter().map(|file| (file, CONFIG_SETTLE));
    plugins.into_iter().chain(others).collect()
}

/// Files of which a part may be a whole one to its reader: the config and the certificates.
fn careful(file: &Path, certificates: &Certificates) -> BTreeSet<PathBuf> {
    certificates.files().chain([file.to_owned()]).collect()
}

/// Put a loaded plugin into service, or note why it is not.
fn take(board: &Board, kind: u32, result: Result<Arc<Plugin>, String>) {
    let now = board.now();
    // A kind that left the config while its plugin was being loaded.
    let Some(config) = now.config.kinds.get(&kind) else { return };
    let (name, file) = (config.name.as_str(), config.plugin.file.display());
    match result {
        Ok(plugin) if board.now().is_taken_back(kind, &plugin) => {
            info!(kind, name, %file, "the plugin is the one that was taken back: it stays so until it changes");
        }
        Ok(plugin) => {
            let mut plugins = BTreeMap::clone(&board.plugins.all());
            let known = plugins.get(&kind);
            // The same again, read after a touch or SIGHUP: the old one goes on, since when it was loaded.
            if known.is_none_or(|old| old.digest() != plugin.digest() || old.spec() != plugin.spec()) {
                info!(kind, name, %file, digest = hex::encode(plugin.digest()), "plugin in service");
                // The same file with other settings needs no probation, nor does the first.
                if let Some(old) = known.filter(|old| old.digest() != plugin.digest()) {
                    board.probation.begin(kind, Arc::clone(old), Arc::clone(&plugin), config.rollout);
                }
                plugins.insert(kind, plugin);
                board.plugins.swap(plugins);
            }
            board.change(|now| {
                now.plugin_troubles.remove(&kind);
                now.taken_back.remove(&kind);
            });
        }
        Err(trouble) => {
            let instead =
                if board.plugins.get(kind).is_some() { "its old plugin stays in service" } else { "its sessions wait" };
            error!(kind, name, %file, trouble, "a plugin does not load: {instead}");
            board.change(|now| drop(now.plugin_troubles.insert(kind, trouble)));
        }
    }
}

/// Take a version that traps out of service, and put the one before it back.
fn take_back(board: &Board, failed: Failed) {
    let Failed { kind, new, before, tally } = failed;
    let now = board.now();
    let still_serves = board.plugins.get(kind).is_some_and(|plugin| Arc::ptr_eq(&plugin, &new));
    let Some(config) = now.config.kinds.get(&kind).filter(|_| still_serves) else { return };
    let (bad, good) = (short(new.digest()), short(before.digest()));
    let Tally { runs, traps } = tally;
    error!(kind, name = config.name, runs, traps, bad, good, "a plugin traps too often: the version before it is back");
    let trouble = format!(
        "version {bad} was taken back: {traps} of its {runs} runs trapped, more than kind.rollout.max_trap_percent allows, and {good} serves \
         again. Mend it and replace its file: `mpy6a session replay` shows what happened"
    );
    let mut plugins = BTreeMap::clone(&board.plugins.all());
    plugins.insert(kind, before);
    board.plugins.swap(plugins);
    board.change(|now| {
        now.plugin_troubles.insert(kind, trouble);
        now.taken_back.insert(kind, new);
    });
}

/// A digest as far as people need it to tell versions apart.
fn short(digest: [u8; 32]) -> String {
    hex::encode(&digest[..6])
}
