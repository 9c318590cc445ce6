//! What an author wants to know of a plugin file before a host gets it: what it is, what it needs, what it costs, and every
//! reason why it would not load.
//!
//! | file | job |
//! |---|---|
//! | [`finding`] | what is wrong or worth a thought, each with its remedy |
//! | `checked` | the whole answer, as values that print and serialize |
//!
//! The file is looked over first; what is found by name is told all at once. Only a file without such findings is loaded, as
//! a host would load it, and measured.

mod checked;
pub mod finding;

use std::{sync::Arc, time::Duration};

use mpy6a_plugins::{PluginSpec, Sandbox, inspect::inspect};
use sha2::{Digest, Sha256};

pub use self::{
    checked::{Checked, CheckedCost, CheckedFile, CheckedImport},
    finding::{Finding, Level, debug_warning},
};

/// How many instances are made to measure what one costs: enough for a median, and a blink of an eye for a small handler.
pub const INSTANCES_MAX: u32 = 300;

/// How long to go on making them: a Python handler takes some 2 ms for each.
pub const INSTANCES_TIME: Duration = Duration::from_secs(2);

/// Whose grants a file is checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// A kind's, as the spec has them.
    Kind,
    /// Nobody's: it is told what it would need.
    Nothing,
}

/// Check a plugin file. It is compiled in any case, so the sandbox should have no cache.
pub async fn check(sandbox: &Arc<Sandbox>, mut spec: PluginSpec, against: Against) -> Checked {
    let path = spec.file.clone();
    // Reading waits for a file that is being written.
    let inspected = tokio::task::spawn_blocking(move || inspect(&path)).await;
    let inspection = match inspected {
        Ok(Ok(inspection)) => inspection,
        Ok(Err(error)) => return Checked::unreadable(&spec.file, Finding::error(error)),
        Err(error) => return Checked::unreadable(&spec.file, Finding::error(error)),
    };
    if against == Against::Nothing {
        spec.grants.offline = true;
    }
    let mut findings: Vec<Finding> = inspection.problems.iter().map(Finding::error).collect();
    let mut cost = None;
    if findings.is_empty() {
        match sandbox.measure(&spec, INSTANCES_MAX, INSTANCES_TIME).await {
            Ok(measured) => cost = Some(measured),
            Err(error) => findings.push(Finding::error(error)),
        }
    }
    findings.extend(finding::advice(&inspection, &spec, against, cost.is_some()));
    Checked::new(&spec.file, &inspection, cost, findings)
}

/// SHA-256 in hex, as a config pins it.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
