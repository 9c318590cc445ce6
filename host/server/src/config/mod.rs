//! The config: one TOML file in, one checked [`Config`] out, or everything that is wrong with it.
//!
//! | file | its job |
//! |---|---|
//! | [`reader`] | reads a TOML tree key by key |
//! | [`findings`] | gathers what is wrong on the way |
//! | [`values`] | parses single values: time spans, sizes, names, digests |
//! | [`host`] | the sections about the host as a whole |
//! | [`kind`] | the `[[kind]]` tables |
//! | [`access`] | the `[[access]]` tables |
//! | [`exposure`] | how a listener meets the world: TLS, and what is dangerous |
//! | [`plugin`] | a kind's `[kind.plugin]` |
//! | [`traces`] | where traces go |
//! | [`relations`] | what must hold between values |
//! | [`restart`] | what a running host cannot change |
//! | [`text`] | the text of the file, and whether it looks whole |
//! | [`problem`] | what is wrong, and where |
//!
//! `docs/mpy6a.toml` documents every key; a test proves that it names every one and states the true defaults.
//!
//! Invariant: a `Config` is whole. Nobody behind this module checks a value again, and nobody sees half of a config.

pub mod access;
pub mod exposure;
pub mod findings;
pub mod host;
pub mod kind;
pub mod plugin;
pub mod problem;
pub mod reader;
pub mod relations;
pub mod restart;
pub mod text;
pub mod traces;
pub mod values;

#[cfg(test)]
mod access_tests;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use mpy6a_sessions::Kinds;
use toml::de::DeTable;

pub use self::{
    access::{AccessEntry, Opens},
    exposure::Exposure,
    host::{Fixed, LogFormat},
    kind::{Keep, Kind, Rollout},
    problem::{ConfigError, Problem},
    text::{CutOff, Text},
    traces::Traces,
};
use self::{
    reader::{Findings, Table},
    values::duration_ms,
};

/// Everything that a config file says, with defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// What stays as it is until the host is restarted.
    pub fixed: Fixed,
    /// What is logged, as a filter in the form of `RUST_LOG`.
    pub log_level: String,
    /// How long handler runs may go on after the host was told to stop.
    pub shutdown: Duration,
    /// Every kind by number.
    pub kinds: BTreeMap<u32, Kind>,
    /// Who may do what; empty: everybody everything.
    pub access: Vec<AccessEntry>,
}

impl Config {
    /// Read and check a config file.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        Text::read(file)?.config()
    }

    /// Check the text of a config file that lies in `folder`.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it: at least one problem.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, Vec<Problem>> {
        parse(text, folder).map(|(config, _)| config)
    }

    /// The policies for the state machine, where `served` says which kinds have a plugin in service: the others'
    /// sessions wait.
    #[must_use]
    pub fn policies(&self, served: impl Fn(u32) -> bool) -> Kinds {
        let policy = |(id, kind): (&u32, &Kind)| {
            let claimable = !kind.paused && served(*id);
            (*id, mpy6a_sessions::KindPolicy { claimable, ..kind.policy })
        };
        Kinds(self.kinds.iter().map(policy).collect())
    }

    /// The plugin files, to be watched.
    pub fn plugin_files(&self) -> impl Iterator<Item = PathBuf> + '_ {
        self.kinds.values().map(|kind| kind.plugin.file.clone())
    }
}

/// The config, and the keys that the text could have named and did not.
fn parse(text: &str, folder: &Path) -> Result<(Config, Vec<String>), Vec<Problem>> {
    let findings = Findings::new(text);
    let (tree, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        findings.add(error.span(), "", format!("no TOML: {}", error.message().replace('\n', ", ")));
    }
    if !errors.is_empty() {
        return Err(findings.into_parts().0);
    }

    let root = Table::root(&findings, tree.get_ref());
    let limits = root.table("limits");
    let log = root.table("log");
    let shutdown_ms = limits.or("shutdown", 10_000, duration_ms(1));
    let log_level = log.or("level", "info".to_owned(), host::log_level);
    let fixed = host::read(&root, &limits, &log, folder);
    let kinds = kind::read_all(&root, folder);
    let access = access::read_all(&root, &kinds);
    relations::check_limits(&limits, &fixed);
    relations::check_kinds(&root, &fixed, &kinds);
    exposure::check(&root, &fixed, &access);
    limits.done();
    log.done();
    root.done();

    let config = Config { fixed, log_level, shutdown: Duration::from_millis(shutdown_ms), kinds, access };
    match findings.into_parts() {
        (problems, absent) if problems.is_empty() => Ok((config, absent)),
        (problems, _) => Err(problems),
    }
}
