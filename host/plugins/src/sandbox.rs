//! The sandbox: what all plugins and runs of a process share.

use std::{io, path::PathBuf, sync::Arc};

use mpy6a_sessions::Limits;
use tokio::sync::Semaphore;
use wasmtime::{Engine, component::Linker};

use crate::{
    bindings,
    egress::{Outside, Resolve, SystemResolver},
    engine,
    host::Host,
    limits::{HOSTCALL_BYTES_MAX, LOADS_MAX, MEMORY_BYTES_MAX, RUNS_MAX},
    load::cache::{Cache, CacheError},
    ticker::Ticker,
};

/// How large the sandbox is.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// Most runs at once, from 1 to [`RUNS_MAX`].
    pub runs_max: u32,
    /// The largest memory limit of any kind, in bytes, at most [`MEMORY_BYTES_MAX`]. A plugin with a larger one does not load.
    pub memory_bytes_max: u64,
    /// Where compiled plugins are kept, private to this user; without it every start compiles anew.
    pub cache_dir: Option<PathBuf>,
    /// The state machine's limits, so that a handler learns of a refusal from the call that caused it.
    pub limits: Limits,
}

/// One for each process.
pub struct Sandbox {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<Host>,
    pub(crate) ticker: Ticker,
    pub(crate) cache: Option<Cache>,
    pub(crate) outside: Outside,
    pub(crate) limits: Limits,
    pub(crate) hostcall_bytes_max: usize,
    pub(crate) memory_bytes_max: u64,
    /// One permit for each run that the pool has room for.
    pub(crate) runs: Semaphore,
    /// One permit for each plugin that may be loaded at a time.
    pub(crate) loads: Semaphore,
}

/// The sandbox cannot be built. Every message names the remedy.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The number of runs is out of bounds.
    #[error("{0} runs at once are out of bounds: set limits.runs to 1 or more, at most {RUNS_MAX}")]
    Runs(u32),
    /// The memory limit is out of bounds.
    #[error("a memory limit of {0} bytes is out of bounds: set it to 1 or more, at most {MEMORY_BYTES_MAX}")]
    Memory(u64),
    /// The engine was refused, most often for address space.
    #[error(
        "no room for the Wasm pool: {0}. Lower limits.runs or the kinds' memory, or lift the limit on address space (ulimit -v)"
    )]
    Engine(String),
    /// A thread was refused.
    #[error("no thread for the sandbox's clock: {0}. Lift the limit on processes (ulimit -u)")]
    Thread(#[from] io::Error),
    /// TLS cannot be set up. That is a fault of the build, not of the config.
    #[error("TLS for outgoing requests cannot be set up, please report it: {0}")]
    Tls(#[from] rustls::Error),
    /// The folder of the compile cache cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

impl Sandbox {
    /// Build the sandbox. It resolves names as the system does.
    ///
    /// # Errors
    ///
    /// [`SandboxError`], with the remedy.
    pub fn new(config: SandboxConfig) -> Result<Arc<Self>, SandboxError> {
        Self::with_resolver(config, Arc::new(SystemResolver))
    }

    /// The same with another way to resolve names, for tests and for hosts with a resolver of their own.
    ///
    /// # Errors
    ///
    /// [`SandboxError`], with the remedy.
    pub fn with_resolver(config: SandboxConfig, resolver: Arc<dyn Resolve>) -> Result<Arc<Self>, SandboxError> {
        if config.runs_max == 0 || config.runs_max > RUNS_MAX {
            return Err(SandboxError::Runs(config.runs_max));
        }
        if config.memory_bytes_max == 0 || config.memory_bytes_max > MEMORY_BYTES_MAX {
            return Err(SandboxError::Memory(config.memory_bytes_max));
        }
        let refused = |error: wasmtime::Error| SandboxError::Engine(format!("{error:#}"));
        let engine = engine::build(config.runs_max, config.memory_bytes_max).map_err(refused)?;
        let record_bytes_max = usize::try_from(config.limits.record_bytes_max).unwrap_or(usize::MAX);
        Ok(Arc::new(Self {
            linker: bindings::linker(&engine).map_err(refused)?,
            ticker: Ticker::start(&engine)?,
            cache: config.cache_dir.map(|dir| Cache::open(dir, &engine)).transpose()?,
            outside: Outside::new(resolver)?,
            limits: config.limits,
            hostcall_bytes_max: HOSTCALL_BYTES_MAX.max(record_bytes_max.saturating_mul(2)),
            memory_bytes_max: config.memory_bytes_max,
            runs: Semaphore::new(config.runs_max as usize),
            loads: Semaphore::new(LOADS_MAX as usize),
            engine,
        }))
    }
}
