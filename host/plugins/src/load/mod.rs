//! A plugin file becomes a [`Plugin`].
//!
//! Steps, each in its file, each with its errors: read the `file` whole and digest it, make it a component where it is a core
//! module (`componentize`), check its imports and exports by name (`check`), compile it or take it from the `cache`, link it
//! beforehand, and instantiate it once. Only then does anybody get it; nothing is in service before.

pub(crate) mod cache;
mod check;
mod componentize;
mod error;
mod file;
mod trial;

use std::{sync::Arc, time::SystemTime};

use sha2::{Digest, Sha256};
use wasmtime::component::Component;
use wasmtime_wasi_config::WasiConfigVariables;

pub use self::error::LoadError;
use crate::{
    bindings::HandlerPre,
    egress::Egress,
    host::Host,
    limits::RULES_MAX,
    plugin::{Plugin, PluginSpec},
    run::unix_ms,
    sandbox::Sandbox,
};

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
        self.check_spec(spec)?;
        let (of_thread, blocking_spec) = (Arc::clone(self), spec.clone());
        let prepared = tokio::task::spawn_blocking(move || of_thread.prepare(&blocking_spec)).await;
        let (digest, pre) = prepared.map_err(|error| LoadError::Host(error.to_string()))??;
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
    fn prepare(&self, spec: &PluginSpec) -> Result<([u8; 32], HandlerPre<Host>), LoadError> {
        let file = file::read(&spec.file)?;
        let digest: [u8; 32] = Sha256::digest(&file).into();
        if let Some(pinned) = spec.sha256.filter(|pinned| *pinned != digest) {
            return Err(LoadError::Pin { pinned: hex::encode(pinned), found: hex::encode(digest) });
        }
        let component = componentize::component(file)?;
        check::imports_and_exports(&component, &spec.grants)?;
        let component = self.compile(&component)?;
        let linked = self.linker.instantiate_pre(&component).map_err(LoadError::contract)?;
        Ok((digest, HandlerPre::new(linked).map_err(LoadError::contract)?))
    }

    fn compile(&self, component: &[u8]) -> Result<Component, LoadError> {
        let digest: [u8; 32] = Sha256::digest(component).into();
        if let Some(cached) = self.cache.as_ref().and_then(|cache| cache.get(&self.engine, digest)) {
            return Ok(cached);
        }
        let compiled = Component::from_binary(&self.engine, component).map_err(LoadError::invalid)?;
        if let Some(cache) = &self.cache {
            cache.put(&compiled, digest);
        }
        Ok(compiled)
    }
}
