//! The answer of a check, as values. `mpy6a plugin check --output json` prints them as they are here: fields are added, and none
//! is taken away.

use std::path::{Path, PathBuf};

use mpy6a_plugins::{
    Cost,
    inspect::{Form, Inspection, Need},
};
use serde::Serialize;

use super::{Finding, Level};

/// The contract that this host speaks.
const CONTRACT: &str = "mpy6a:handler@1.0.0";

/// What was found out about a plugin file.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    /// The file, as it was named.
    pub path: PathBuf,
    /// Whether a host loads it.
    pub loads: bool,
    /// The contract that this host speaks.
    pub host: &'static str,
    /// What is in the file; none if no component can be made of it.
    pub file: Option<CheckedFile>,
    /// What it costs; none if it does not load.
    pub cost: Option<CheckedCost>,
    /// What is wrong or worth a thought, errors first.
    pub findings: Vec<Finding>,
}

/// A plugin file.
#[derive(Clone, Debug, Serialize)]
pub struct CheckedFile {
    /// `component`, or `module`, of which the host makes a component.
    pub form: &'static str,
    /// The contract that it was built for, for example `mpy6a:handler@1.0.0`; none if it imports nothing of it.
    pub contract: Option<String>,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// Length of the file.
    pub bytes: u64,
    /// Length of the component, which is what is compiled.
    pub component_bytes: u64,
    /// Debug information in it, in bytes.
    pub debug_bytes: u64,
    /// Names for backtraces in it, in bytes.
    pub name_bytes: u64,
    /// What it imports.
    pub imports: Vec<CheckedImport>,
}

/// An import.
#[derive(Clone, Debug, Serialize)]
pub struct CheckedImport {
    /// Its name.
    pub name: String,
    /// `nothing`; `http-to-send` (it loads, and its requests are denied without a grant); `http` (it does not load without); or
    /// `refused`.
    pub needs: &'static str,
}

/// What a plugin costs on this machine.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CheckedCost {
    /// To compile it, without a cache, in milliseconds.
    pub compile_ms: f64,
    /// To instantiate it, which each run does, in microseconds: the median.
    pub instantiate_us: f64,
    /// Of how many instances.
    pub instances: u32,
    /// Memories and tables of an instance before its first call, in bytes.
    pub memory_bytes: u64,
}

impl Checked {
    /// Nothing is known of the file but what is wrong with it.
    pub(super) fn unreadable(path: &Path, finding: Finding) -> Self {
        Self { path: path.to_owned(), loads: false, host: CONTRACT, file: None, cost: None, findings: vec![finding] }
    }

    pub(super) fn new(path: &Path, inspection: &Inspection, cost: Option<Cost>, findings: Vec<Finding>) -> Self {
        Self {
            path: path.to_owned(),
            loads: findings.iter().all(|finding| finding.level != Level::Error),
            host: CONTRACT,
            file: Some(CheckedFile::new(inspection)),
            cost: cost.map(CheckedCost::from),
            findings,
        }
    }
}

impl CheckedFile {
    fn new(inspection: &Inspection) -> Self {
        let imports = inspection.imports.iter();
        let contract = imports.clone().find_map(|import| {
            let (path, version) = import.name.split_once('@')?;
            let (package, _) = path.split_once('/')?;
            (package == "mpy6a:handler").then(|| format!("{package}@{version}"))
        });
        Self {
            form: match inspection.form {
                Form::Component => "component",
                Form::Module => "module",
            },
            contract,
            sha256: hex::encode(inspection.digest),
            bytes: inspection.bytes,
            component_bytes: inspection.component.len() as u64,
            debug_bytes: inspection.debug_bytes,
            name_bytes: inspection.name_bytes,
            imports: imports.map(|it| CheckedImport { name: it.name.clone(), needs: needs(it.need) }).collect(),
        }
    }
}

fn needs(need: Option<Need>) -> &'static str {
    match need {
        Some(Need::Nothing) => "nothing",
        Some(Need::HttpToSend) => "http-to-send",
        Some(Need::Http) => "http",
        None => "refused",
    }
}

impl From<Cost> for CheckedCost {
    fn from(cost: Cost) -> Self {
        // To a tenth: more would be noise.
        let tenths = |value: f64| (value * 10.0).round() / 10.0;
        Self {
            compile_ms: tenths(cost.compile.as_secs_f64() * 1e3),
            instantiate_us: tenths(cost.instantiate.as_secs_f64() * 1e6),
            instances: cost.instances,
            memory_bytes: cost.memory_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_that_is_told_is_the_one_in_wit() {
        let wit = include_str!("../../../../wit/handler.wit");
        assert!(wit.contains(&format!("package {CONTRACT};")), "{CONTRACT}");
    }
}
