//! What a plugin costs before it does anything: to compile, and to instantiate for each run.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use wasmtime_wasi_config::WasiConfigVariables;

use super::{LoadError, Prepared, trial};
use crate::{plugin::PluginSpec, sandbox::Sandbox};

/// What a plugin costs.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// To compile it, in a sandbox without a cache; to make a component of it is not in this.
    pub compile: Duration,
    /// To instantiate it: the median.
    pub instantiate: Duration,
    /// Of how many instances.
    pub instances: u32,
    /// The memories and tables of an instance before its first call, in bytes.
    pub memory_bytes: u64,
}

impl Sandbox {
    /// Load a plugin to see what that costs, and drop it: compile it, then instantiate it up to `instances` times, one after the
    /// other, within about `time`, but once in any case.
    ///
    /// # Errors
    ///
    /// [`LoadError`], as when it is loaded.
    pub async fn measure(
        self: &Arc<Self>,
        spec: &PluginSpec,
        instances: u32,
        time: Duration,
    ) -> Result<Cost, LoadError> {
        // Never closed.
        let _turn = self.loads.acquire().await;
        let Prepared { compile, pre, .. } = self.prepare(spec).await?;
        let settings = Arc::new(WasiConfigVariables::default());
        let (begun, mut took, mut memory_bytes) = (Instant::now(), Vec::new(), 0);
        while took.is_empty() || took.len() < instances as usize && begun.elapsed() < time {
            let tried = trial::instantiate(self, &pre, spec, &settings).await?;
            took.push(tried.took);
            memory_bytes = tried.memory_bytes;
        }
        took.sort();
        let instances = u32::try_from(took.len()).unwrap_or(u32::MAX);
        Ok(Cost { compile, instantiate: took[took.len() / 2], instances, memory_bytes })
    }
}
