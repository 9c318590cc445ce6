//! Which plugin serves which kind. Reading takes no lock, and a swap replaces the whole map in one step.

use std::{collections::BTreeMap, sync::Arc};

use arc_swap::ArcSwap;

use crate::plugin::Plugin;

/// Kind to plugin. Whoever got a plugin keeps it whole, so runs in flight finish on the version they began with.
#[derive(Debug, Default)]
pub struct Registry(ArcSwap<BTreeMap<u32, Arc<Plugin>>>);

impl Registry {
    /// The plugin that serves this kind now.
    #[must_use]
    pub fn get(&self, kind: u32) -> Option<Arc<Plugin>> {
        self.0.load().get(&kind).cloned()
    }

    /// Every kind with its plugin.
    #[must_use]
    pub fn all(&self) -> Arc<BTreeMap<u32, Arc<Plugin>>> {
        self.0.load_full()
    }

    /// Put these plugins into service and all others out of it.
    pub fn swap(&self, all: BTreeMap<u32, Arc<Plugin>>) {
        self.0.store(Arc::new(all));
    }
}
