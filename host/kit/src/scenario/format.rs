//! What a scenario file looks like, field by field. Unknown fields are refused, with their line.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::value::Datetime;

use crate::{crash::Invariant, outside::answer::Failure};

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// When every scenario begins; `2026-01-01T00:00:00Z` by default.
    pub(super) start: Option<Datetime>,
    /// Where chance begins.
    #[serde(default)]
    pub(super) seed: u64,
    /// Settings of all scenarios.
    #[serde(default)]
    pub(super) settings: BTreeMap<String, String>,
    /// Answers of all scenarios, looked through after their own.
    #[serde(default)]
    pub(super) http: Vec<Http>,
    pub(super) scenario: Vec<Entry>,
}

/// `[[scenario]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) name: String,
    #[serde(default)]
    pub(super) records: Vec<Record>,
    /// On top of the file's.
    #[serde(default)]
    pub(super) settings: BTreeMap<String, String>,
    pub(super) traceparent: Option<String>,
    /// How many runs are to end.
    #[serde(default = "one")]
    pub(super) runs: u32,
    /// In place of the kind's.
    pub(super) max_repeats: Option<u32>,
    #[serde(default)]
    pub(super) crash: Crash,
    #[serde(default)]
    pub(super) http: Vec<Http>,
    #[serde(default)]
    pub(super) invariant: Vec<Invariant>,
    #[serde(default)]
    pub(super) expect: Expect,
}

fn one() -> u32 {
    1
}

/// Where the host is to die.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Crash {
    /// It does not.
    #[default]
    Nowhere,
    /// At every call in turn, and once more during the repeat.
    Everywhere,
}

/// A record: text, or `{ hex = "ff00" }`.
#[derive(Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(super) enum Record {
    Text(String),
    Hex { hex: String },
}

/// `[[scenario.http]]`, or `[[http]]` for all.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Http {
    pub(super) method: Option<String>,
    pub(super) url: String,
    pub(super) when: Option<String>,
    pub(super) unless: Option<String>,
    pub(super) sets: Option<String>,
    /// Such as `"250ms"`.
    pub(super) delay: Option<String>,
    pub(super) fails: Option<Failure>,
    #[serde(default = "ok")]
    pub(super) status: u16,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) body: String,
    pub(super) effect: Option<bool>,
}

fn ok() -> u16 {
    200
}

/// `[scenario.expect]`: what is left out may be anything.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    pub(super) outcome: Option<String>,
    /// A part of the reason or cause.
    pub(super) reason: Option<String>,
    pub(super) operations: Option<Vec<String>>,
    pub(super) requests: Option<Vec<String>>,
    pub(super) records: Option<Vec<Record>>,
    /// Parts of lines of the log.
    #[serde(default)]
    pub(super) log: Vec<String>,
}
