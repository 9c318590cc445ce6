//! A plugin: what the config says about it ([`PluginSpec`]), and the same loaded and ready to run ([`Plugin`]).

use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc};

use url::Host as UrlHost;
use wasmtime_wasi_config::WasiConfigVariables;

use crate::{
    bindings::HandlerPre,
    egress::{Egress, HttpRule},
    host::Host,
    limits::RunLimits,
    sandbox::Sandbox,
};

/// What the config says about one kind's plugin. Two specs are equal where loading them gives the same plugin, apart from the
/// contents of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PluginSpec {
    /// A component, or a core module that the host makes a component of.
    pub file: PathBuf,
    /// The SHA-256 that the file must have, where it is pinned.
    pub sha256: Option<[u8; 32]>,
    /// What one run may use.
    pub limits: RunLimits,
    /// What it may reach.
    pub grants: Grants,
    /// What it reads through `wasi:config/store`.
    pub settings: BTreeMap<String, String>,
}

/// What a plugin may reach outside the sandbox. Nothing by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// The targets of its HTTP requests, at most [`RULES_MAX`](crate::limits::RULES_MAX).
    pub http: Vec<HttpRule>,
    /// Every target counts as granted, and none on the network: only a run whose [`Surroundings`] bring a transport of their
    /// own can send anything. No config says so.
    ///
    /// [`Surroundings`]: crate::Surroundings
    pub offline: bool,
}

impl Grants {
    /// Whether there is any HTTP.
    pub(crate) fn any_http(&self) -> bool {
        self.offline || !self.http.is_empty()
    }

    /// The targets that are granted, `scheme://host:port`.
    pub(crate) fn targets(&self) -> Vec<String> {
        self.http.iter().map(HttpRule::target).collect()
    }

    /// Whether this target is granted.
    pub(crate) fn allows(&self, https: bool, host: &UrlHost, port: u16) -> bool {
        self.offline || self.http.iter().any(|rule| rule.names(https, host, port))
    }
}

/// A loaded plugin. Runs share it; each gets an instance of its own.
pub struct Plugin {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) spec: PluginSpec,
    pub(crate) digest: [u8; 32],
    pub(crate) loaded_ms: u64,
    pub(crate) pre: HandlerPre<Host>,
    pub(crate) egress: Option<Arc<Egress>>,
    pub(crate) settings: Arc<WasiConfigVariables>,
}

impl Plugin {
    /// SHA-256 of the plugin file.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// What it was loaded from.
    #[must_use]
    pub fn spec(&self) -> &PluginSpec {
        &self.spec
    }

    /// The same with other settings.
    #[must_use]
    pub fn with_settings(&self, settings: BTreeMap<String, String>) -> Arc<Self> {
        let variables = settings.iter().map(|(key, value)| (key.clone(), value.clone()));
        let variables = Arc::new(WasiConfigVariables::from_iter(variables));
        Arc::new(Self { settings: variables, ..self.with_spec(PluginSpec { settings, ..self.spec.clone() }) })
    }

    /// The same with so much fuel for a run.
    #[must_use]
    pub fn with_fuel(&self, fuel: u64) -> Arc<Self> {
        let limits = RunLimits { fuel, ..self.spec.limits };
        Arc::new(self.with_spec(PluginSpec { limits, ..self.spec.clone() }))
    }

    fn with_spec(&self, spec: PluginSpec) -> Self {
        Self {
            sandbox: Arc::clone(&self.sandbox),
            settings: Arc::clone(&self.settings),
            spec,
            digest: self.digest,
            loaded_ms: self.loaded_ms,
            pre: self.pre.clone(),
            egress: self.egress.clone(),
        }
    }

    /// When it was loaded, Unix milliseconds.
    #[must_use]
    pub fn loaded_ms(&self) -> u64 {
        self.loaded_ms
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin")
            .field("file", &self.spec.file)
            .field("digest", &hex::encode(self.digest))
            .field("loaded_ms", &self.loaded_ms)
            .finish_non_exhaustive()
    }
}
