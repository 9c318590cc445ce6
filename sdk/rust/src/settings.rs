//! What the config gives to this kind: `[kind.plugin.settings]`.

use crate::{Failure, host};

/// The value of a setting; `None` where the config does not give it. A store that cannot be read is to be retried.
pub fn get(key: &str) -> Result<Option<String>, Failure> {
    host::setting(key).map_err(|why| Failure::Retry(format!("reading the setting `{key}`: {why}")))
}

/// The value of a setting that must be there: without it the failure is permanent, and names the remedy.
pub fn require(key: &str) -> Result<String, Failure> {
    get(key)?.ok_or_else(|| {
        Failure::Permanent(format!("the setting `{key}` is missing: add it to [kind.plugin.settings] of this kind"))
    })
}

/// Every setting with its value.
pub fn all() -> Result<Vec<(String, String)>, Failure> {
    host::settings().map_err(|why| Failure::Retry(format!("reading the settings: {why}")))
}
