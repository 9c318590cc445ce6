//! Plugins being loaded, each in a task of its own, so that a large one that compiles for seconds holds up no other.
//! The sandbox bounds how many are compiled at once.

use std::{collections::BTreeMap, sync::Arc};

use mpy6a_plugins::{Plugin, PluginSpec, Sandbox};
use tokio::task::{Id, JoinSet};

use super::trial::Trial;

/// The loads under way.
pub struct Loads {
    sandbox: Arc<Sandbox>,
    tasks: JoinSet<Result<Arc<Plugin>, String>>,
    /// The newest load of each kind: an older one that ends later is no news.
    newest: BTreeMap<u32, Id>,
}

impl Loads {
    /// None under way.
    #[must_use]
    pub fn new(sandbox: Arc<Sandbox>) -> Self {
        Self { sandbox, tasks: JoinSet::new(), newest: BTreeMap::new() }
    }

    /// Load the plugin of a kind, and try it, if it is to be tried. An older load of the same kind is forgotten.
    pub fn start(&mut self, kind: u32, spec: PluginSpec, trial: Option<Trial>) {
        let sandbox = Arc::clone(&self.sandbox);
        let task = self.tasks.spawn(async move {
            let plugin = sandbox.load(&spec).await.map_err(|error| error.to_string())?;
            match trial {
                Some(trial) => trial.of(&plugin).await.map(|()| plugin),
                None => Ok(plugin),
            }
        });
        self.newest.insert(kind, task.id());
    }

    /// Forget the load of a kind that left the config.
    pub fn forget(&mut self, kind: u32) {
        self.newest.remove(&kind);
    }

    /// Whether none is under way that anybody waits for.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.newest.is_empty()
    }

    /// The next load that ended, with its kind; none when none is under way. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<(u32, Result<Arc<Plugin>, String>)> {
        while let Some(joined) = self.tasks.join_next_with_id().await {
            let (id, result) = match joined {
                Ok((id, result)) => (id, result),
                Err(error) => {
                    (error.id(), Err(format!("the host panicked while loading it, a bug worth reporting: {error}")))
                }
            };
            let kind = self.newest.iter().find(|(_, newest)| **newest == id).map(|(kind, _)| *kind);
            if let Some(kind) = kind {
                self.newest.remove(&kind);
                return Some((kind, result));
            }
        }
        None
    }
}
