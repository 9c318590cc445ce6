//! What is in service now: the config, the plugins, and what keeps newer versions of them out of service.
//!
//! Read by every run and by `Admin`, written by the [`Reloader`](super::Reloader) alone. Reading takes no lock.

use std::{collections::BTreeMap, sync::Arc};

use arc_swap::ArcSwap;
use mpy6a_plugins::{Plugin, Registry};

use super::probation::Probation;
use crate::{auth::Doorkeeper, config::Config};

/// What is in service, to be looked at.
#[derive(Debug)]
pub struct Board {
    now: ArcSwap<InService>,
    /// The plugin of each kind.
    pub plugins: Registry,
    /// Lets in whom the config in service names.
    pub keeper: Arc<Doorkeeper>,
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
    /// Why the newest certificate of a listener is not in service, by its place among those that have one.
    pub certificate_troubles: BTreeMap<usize, String>,
    /// Why the newest plugin of a kind is not in service.
    pub plugin_troubles: BTreeMap<u32, String>,
    /// Plugins that were taken back: as they are, they are not put into service again.
    pub taken_back: BTreeMap<u32, Arc<Plugin>>,
}

impl Board {
    /// This config is in service, and no plugin yet.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        let keeper = Arc::new(Doorkeeper::new(&config));
        let now = InService {
            config,
            config_trouble: None,
            certificate_troubles: BTreeMap::new(),
            plugin_troubles: BTreeMap::new(),
            taken_back: BTreeMap::new(),
        };
        Self { now: ArcSwap::from_pointee(now), plugins: Registry::default(), keeper, probation: Probation::default() }
    }

    /// What is in service.
    #[must_use]
    pub fn now(&self) -> Arc<InService> {
        self.now.load_full()
    }

    /// Change what is in service. Another config is another table of who may do what.
    pub(super) fn change(&self, change: impl FnOnce(&mut InService)) {
        let mut next = InService::clone(&self.now.load());
        let before = Arc::clone(&next.config);
        change(&mut next);
        let config = Arc::clone(&next.config);
        self.now.store(Arc::new(next));
        if !Arc::ptr_eq(&before, &config) {
            self.keeper.follow(&config);
        }
    }
}

impl InService {
    /// Take in what became of certificates that were read again.
    pub(super) fn note_certificates(&mut self, read: Vec<(usize, Option<String>)>) {
        for (number, trouble) in read {
            match trouble {
                Some(trouble) => drop(self.certificate_troubles.insert(number, trouble)),
                None => drop(self.certificate_troubles.remove(&number)),
            }
        }
    }

    /// Why the newest config or certificate is not in service; empty when both are.
    #[must_use]
    pub fn host_trouble(&self) -> String {
        let certificates = self.certificate_troubles.values().map(String::as_str);
        let troubles: Vec<&str> = self.config_trouble.as_deref().into_iter().chain(certificates).collect();
        troubles.join("\n")
    }

    /// Whether this plugin, file and config, is one that was taken back.
    pub(super) fn is_taken_back(&self, kind: u32, plugin: &Plugin) -> bool {
        let taken_back = self.taken_back.get(&kind);
        taken_back.is_some_and(|it| it.digest() == plugin.digest() && it.spec() == plugin.spec())
    }

    /// Why the newest version of a kind is not in service; empty when it is.
    #[must_use]
    pub fn trouble(&self, kind: u32) -> String {
        let host = self.host_trouble();
        let host = (!host.is_empty()).then_some(host.as_str());
        let plugin = self.plugin_troubles.get(&kind).map(String::as_str);
        let troubles: Vec<&str> = host.into_iter().chain(plugin).collect();
        troubles.join("\n")
    }
}
