//! What is in service now: the config, the plugins, and what keeps newer versions of them out of service.
//!
//! Read by every run and by `Admin`, written by the [`Reloader`](super::Reloader) alone. Reading takes no lock.

use std::{collections::BTreeMap, sync::Arc};

use arc_swap::ArcSwap;
use mpy6a_plugins::{Plugin, Registry};

use super::probation::Probation;
use crate::config::Config;

/// What is in service, to be looked at.
#[derive(Debug)]
pub struct Board {
    now: ArcSwap<InService>,
    /// The plugin of each kind.
    pub plugins: Registry,
    /// Those that changed a moment ago.
    pub probation: Probation,
}

/// The config in service, and troubles.
#[derive(Clone, Debug)]
pub struct InService {
    /// The config in service: its fixed part as it was at start.
    pub config: Arc<Config>,
    /// Why the newest config file is not in service.
    pub config_trouble: Option<String>,
    /// Why the newest plugin of a kind is not in service.
    pub plugin_troubles: BTreeMap<u32, String>,
    /// Plugins that were taken back: as they are, they are not put into service again.
    pub taken_back: BTreeMap<u32, Arc<Plugin>>,
}

impl Board {
    /// This config is in service, and no plugin yet.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        let now =
            InService { config, config_trouble: None, plugin_troubles: BTreeMap::new(), taken_back: BTreeMap::new() };
        Self { now: ArcSwap::from_pointee(now), plugins: Registry::default(), probation: Probation::default() }
    }

    /// What is in service.
    #[must_use]
    pub fn now(&self) -> Arc<InService> {
        self.now.load_full()
    }

    /// Change what is in service.
    pub(super) fn change(&self, change: impl FnOnce(&mut InService)) {
        let mut next = InService::clone(&self.now.load());
        change(&mut next);
        self.now.store(Arc::new(next));
    }
}

impl InService {
    /// Whether this plugin, file and config, is one that was taken back.
    pub(super) fn is_taken_back(&self, kind: u32, plugin: &Plugin) -> bool {
        let taken_back = self.taken_back.get(&kind);
        taken_back.is_some_and(|it| it.digest() == plugin.digest() && it.spec() == plugin.spec())
    }

    /// Why the newest version of a kind is not in service; empty when it is.
    #[must_use]
    pub fn trouble(&self, kind: u32) -> String {
        let config = self.config_trouble.as_deref();
        let plugin = self.plugin_troubles.get(&kind).map(String::as_str);
        let troubles: Vec<&str> = config.into_iter().chain(plugin).collect();
        troubles.join("\n")
    }
}
