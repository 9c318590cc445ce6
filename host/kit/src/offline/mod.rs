//! A handler's life without a host: the real sandbox and the real rules, over a session in memory, a world that a scenario
//! describes, and a clock that jumps.
//!
//! | file | job |
//! |---|---|
//! | [`clock`] | time that stands still while a handler computes |
//! | [`session`] | one session under the host's own rules |
//! | [`trace`] | the calls of a handler, and the scissors |
//! | [`life`] | run after run until the session is settled, with crashes where asked for |
//!
//! Everything here is to run on a runtime whose time is paused ([`runtime`]). The same handler, situation and cuts give the same
//! life, always: what a guest learns of clock and chance is virtual too.

pub mod clock;
pub mod life;
pub mod session;
pub mod trace;

use std::{collections::BTreeMap, io, path::PathBuf, sync::Arc};

use mpy6a_plugins::{LoadError, Plugin, PluginSpec, Sandbox, SandboxConfig, SandboxError};
use mpy6a_sessions::{KindPolicy, Limits, Refusal};

/// A handler and what its kind's config says.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The plugin; offline, so its grants do not matter unless they are to be tried, too.
    pub spec: PluginSpec,
    /// Delays and repeats. Jitter counts as none.
    pub policy: KindPolicy,
    /// What a session may hold.
    pub limits: Limits,
    /// The kind's number.
    pub kind: u32,
    /// The kind's name.
    pub kind_name: String,
    /// Where compiled plugins are kept.
    pub cache_dir: Option<PathBuf>,
}

impl Setup {
    /// A plugin file under the defaults of `docs/mpy6a.toml`, with every HTTP target granted and none reached.
    #[must_use]
    pub fn of_file(file: PathBuf) -> Self {
        let mut spec = PluginSpec { file, ..PluginSpec::default() };
        spec.grants.offline = true;
        Self {
            spec,
            policy: KindPolicy { jitter_ms: 0, claimable: true, ..KindPolicy::default() },
            limits: Limits::default(),
            kind: 1,
            kind_name: "offline".to_owned(),
            cache_dir: None,
        }
    }
}

/// A handler, loaded to be tried out.
pub struct Workbench {
    plugin: Arc<Plugin>,
    setup: Setup,
}

/// A handler cannot be tried out.
#[derive(Debug, thiserror::Error)]
pub enum KitError {
    /// The sandbox cannot be built.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The plugin does not load.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The session is one that the host would not have taken.
    #[error("the host would refuse a client this session: {0}")]
    Session(#[from] Refusal),
    /// The system refused threads or files.
    #[error(
        "the system refused what an offline run needs: {0}; lift its limits on processes or files (ulimit), or free space"
    )]
    System(#[from] io::Error),
    /// The session that was just stored is not due.
    #[error("the session to be run is not due, please report it")]
    NotDue,
    /// There is no histogram to be had.
    #[error("times cannot be counted, please report it: {0}")]
    Histogram(String),
}

impl Workbench {
    /// Load a handler.
    ///
    /// # Errors
    ///
    /// [`KitError`], with the remedy.
    pub async fn open(setup: Setup) -> Result<Self, KitError> {
        let plugin = Self::sandbox(&setup)?.load(&setup.spec).await?;
        Ok(Self { plugin, setup })
    }

    /// A sandbox for one run at a time.
    pub(crate) fn sandbox(setup: &Setup) -> Result<Arc<Sandbox>, KitError> {
        Ok(Sandbox::new(SandboxConfig {
            runs_max: 1,
            memory_bytes_max: setup.spec.limits.memory_bytes,
            cache_dir: setup.cache_dir.clone(),
            limits: setup.limits,
        })?)
    }

    /// The same handler with these settings on top of its own.
    #[must_use]
    pub fn with_settings(&self, settings: &BTreeMap<String, String>) -> Self {
        let mut all = self.setup.spec.settings.clone();
        all.extend(settings.clone());
        Self { plugin: self.plugin.with_settings(all), setup: self.setup.clone() }
    }

    /// The same where a session is parked after so many repeats.
    #[must_use]
    pub fn with_max_repeats(mut self, max_repeats: Option<u32>) -> Self {
        self.setup.policy.max_repeats = max_repeats.unwrap_or(self.setup.policy.max_repeats);
        self
    }

    /// What it was opened with.
    #[must_use]
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The handler.
    #[must_use]
    pub fn plugin(&self) -> &Arc<Plugin> {
        &self.plugin
    }
}

/// A runtime whose time jumps to the next timer whenever nobody computes.
///
/// # Errors
///
/// The system grants no threads.
pub fn runtime() -> Result<tokio::runtime::Runtime, KitError> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?)
}
