//! A plugin file becomes a [`Plugin`].
//!
//! Steps, each in its file, each with its errors: read the `file` whole and digest it, look whether it is Wasm at all (`format`),
//! make it a component where it is a core module (`componentize`), check its imports (`check`) and exports (`handle`) by name,
//! compile it or take it from the `cache`, link it beforehand, and instantiate it once (`trial`). Only then does anybody get it;
//! nothing is in service before.
//!
//! Core modules are looked over first (`survey`), for what a toolchain made for another `target`, for what would never be called at
//! its `start` (in a `program`, too), for a heap that leaves no `room` for WASI's adapter, the last two also where they are `nested` in
//! a component; components by their `names`. What the engine refuses for a
//! proposal of Wasm that it has switched off is said by that name (`proposals`), and for a limit of the `pool` by that limit.
//!
//! For authors there is more to know of a file: [`inspect`] tells it without running anything, `cost` with.

pub(crate) mod cache;
mod check;
mod componentize;
mod cost;
mod error;
mod file;
mod format;
mod handle;
pub mod inspect;
mod names;
mod nested;
mod pool;
mod program;
mod proposals;
mod room;
mod start;
mod survey;
mod target;
mod trial;
mod weight;

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use sha2::{Digest, Sha256};
use wasmparser::Parser;
use wasmtime::component::Component;
use wasmtime_wasi_config::WasiConfigVariables;

pub use self::{cost::Cost, error::LoadError};
use crate::{
    bindings::HandlerPre,
    egress::Egress,
    host::Host,
    limits::RULES_MAX,
    plugin::{Plugin, PluginSpec},
    run::unix_ms,
    sandbox::Sandbox,
};

/// A plugin file that compiled and links.
struct Prepared {
    digest: [u8; 32],
    /// What compiling it took, or finding it in the cache.
    compile: Duration,
    pre: HandlerPre<Host>,
}

impl Sandbox {
    /// Load a plugin, without putting it into service. It takes milliseconds for a Rust handler, seconds for one that
    /// brings an interpreter and is not in the cache; all of it off the async threads.
    ///
    /// # Errors
    ///
    /// [`LoadError`], by what to do about it.
    pub async fn load(self: &Arc<Self>, spec: &PluginSpec) -> Result<Arc<Plugin>, LoadError> {
        // Never closed.
        let _turn = self.loads.acquire().await;
        let Prepared { digest, pre, .. } = self.prepare(spec).await?;
        let settings = spec.settings.iter().map(|(key, value)| (key.clone(), value.clone()));
        let settings = Arc::new(WasiConfigVariables::from_iter(settings));
        trial::instantiate(self, &pre, spec, &settings).await?;
        let egress = || Arc::new(Egress::new(&self.outside, &spec.grants, spec.limits.response_bytes));
        Ok(Arc::new(Plugin {
            sandbox: Arc::clone(self),
            egress: (!spec.grants.http.is_empty()).then(egress),
            spec: spec.clone(),
            digest,
            loaded_ms: unix_ms(SystemTime::now()),
            pre,
            settings,
        }))
    }

    /// Everything up to an instance, off the async threads.
    async fn prepare(self: &Arc<Self>, spec: &PluginSpec) -> Result<Prepared, LoadError> {
        self.check_spec(spec)?;
        let (of_thread, blocking_spec) = (Arc::clone(self), spec.clone());
        let prepared = tokio::task::spawn_blocking(move || of_thread.prepare_blocking(&blocking_spec)).await;
        prepared.map_err(|error| LoadError::Host(error.to_string()))?
    }

    fn check_spec(&self, spec: &PluginSpec) -> Result<(), LoadError> {
        if spec.limits.memory_bytes > self.memory_bytes_max {
            return Err(LoadError::Memory { asked: spec.limits.memory_bytes, max: self.memory_bytes_max });
        }
        if spec.grants.http.len() > RULES_MAX {
            return Err(LoadError::TooManyRules(spec.grants.http.len()));
        }
        Ok(())
    }

    /// The part that computes and reads files.
    fn prepare_blocking(&self, spec: &PluginSpec) -> Result<Prepared, LoadError> {
        let file = file::read(&spec.file)?;
        let digest: [u8; 32] = Sha256::digest(&file).into();
        if let Some(pinned) = spec.sha256.filter(|pinned| *pinned != digest) {
            return Err(LoadError::Pin { pinned: hex::encode(pinned), found: hex::encode(digest) });
        }
        weight::check(&file, self.memory_bytes_max)?;
        let is_component = Parser::is_component(&file);
        let bytes = componentize::component(file)?;
        let names = names::names(&bytes)?;
        check::imports(&names, &spec.grants)?;
        handle::check_component(&bytes, &names)?;
        let begun = Instant::now();
        // What the cache knows a component by. Made of a core module it has other bytes than the file.
        let key = if is_component { digest } else { Sha256::digest(&bytes).into() };
        let component = self.compile(&bytes, key)?;
        let compile = begun.elapsed();
        let newer = |error| check::newer(names.imports.iter().map(String::as_str)).unwrap_or(error);
        Ok(Prepared { digest, compile, pre: self.link(&component).map_err(newer)? })
    }

    /// Find every import, and `handle`, with the contract's types.
    fn link(&self, component: &Component) -> Result<HandlerPre<Host>, LoadError> {
        let linked = self.linker.instantiate_pre(component).map_err(LoadError::contract)?;
        HandlerPre::new(linked).map_err(LoadError::contract)
    }

    fn compile(&self, component: &[u8], digest: [u8; 32]) -> Result<Component, LoadError> {
        if let Some(cached) = self.cache.as_ref().and_then(|cache| cache.get(&self.engine, digest)) {
            return Ok(cached);
        }
        weight::check_functions(component)?;
        let compiled = Component::from_binary(&self.engine, component).map_err(|error| {
            let named = pool::exceeded(&error).or_else(|| proposals::refused(component));
            named.unwrap_or_else(|| LoadError::invalid(error))
        })?;
        if let Some(cache) = &self.cache {
            cache.put(&compiled, digest);
        }
        Ok(compiled)
    }
}
