//! Scenario files: situations, and what is to come of them.
//!
//! | file | job |
//! |---|---|
//! | [`format`](self) | the fields of the TOML |
//! | [`convert`](self) | text into values, with errors that name the scenario |
//! | [`expect`] | what was expected beside what was seen |
//!
//! `docs/scenarios.md` is the reference for authors.

mod convert;
pub mod expect;
mod format;

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use self::expect::Expected;
pub use self::format::Crash;
use crate::{
    crash::{self, Crashes, Invariant},
    offline::{
        KitError, Workbench,
        life::{Life, Situation},
    },
    outside::answer::Answer,
};

/// Longest scenario file, in bytes: people write them.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// When scenarios begin that do not say: 2026-01-01T00:00:00Z, in Unix milliseconds.
pub const START_MS: u64 = 1_767_225_600_000;

/// One scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name, for people.
    pub name: String,
    /// What it begins with.
    pub situation: Situation,
    /// What the handler reads, on top of what its kind's config says.
    pub settings: BTreeMap<String, String>,
    /// In place of the kind's.
    pub max_repeats: Option<u32>,
    /// Where the host is to die.
    pub crash: Crash,
    /// What must hold however it dies.
    pub invariants: Vec<Invariant>,
    /// What is to come of it.
    pub expected: Expected,
}

/// A scenario file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// It cannot be read.
    #[error("the scenarios {path} cannot be read: {error}; check the path")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is too large.
    #[error("the scenarios {0} are longer than {FILE_BYTES_MAX} bytes: split them")]
    TooLarge(PathBuf),
    /// It is no TOML of this form.
    #[error("the scenarios {path} cannot be understood: {error}docs/scenarios.md has every field")]
    Format {
        /// Which.
        path: PathBuf,
        /// Where and why.
        error: String,
    },
    /// One scenario has a value that means nothing.
    #[error("{path}: the scenario `{name}`: {why}")]
    Value {
        /// Which file.
        path: PathBuf,
        /// Which scenario.
        name: String,
        /// Which value, and what would do.
        why: String,
    },
    /// There is none.
    #[error("{0} has no scenario: write one with [[scenario]]")]
    Empty(PathBuf),
}

/// Read a scenario file.
///
/// # Errors
///
/// [`ScenarioError`], with the remedy.
pub fn read(path: &Path) -> Result<Vec<Scenario>, ScenarioError> {
    parse(path, &text_of(path)?)
}

/// Read the text of a scenario file; `path` names it in errors.
///
/// # Errors
///
/// [`ScenarioError`], with the remedy.
pub fn parse(path: &Path, text: &str) -> Result<Vec<Scenario>, ScenarioError> {
    let file: format::File = toml_of(path, text)?;
    if file.scenario.is_empty() {
        return Err(ScenarioError::Empty(path.to_owned()));
    }
    convert::file(path, file)
}

/// Read a file that has `[[http]]` only: how the world answers in a single run.
///
/// # Errors
///
/// [`ScenarioError`], with the remedy.
pub fn read_answers(path: &Path) -> Result<Vec<Answer>, ScenarioError> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Answers {
        http: Vec<format::Http>,
    }
    let file: Answers = toml_of(path, &text_of(path)?)?;
    convert::answers(path, "[[http]]", file.http)
}

fn text_of(path: &Path) -> Result<String, ScenarioError> {
    let failed = |error| ScenarioError::File { path: path.to_owned(), error };
    let mut text = String::new();
    // Bounded by what is read, not by what the file says of itself: a pipe or a device says nothing.
    let file = fs::File::open(path).map_err(failed)?;
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(ScenarioError::TooLarge(path.to_owned()));
    }
    Ok(text)
}

fn toml_of<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T, ScenarioError> {
    toml::from_str(text).map_err(|error| ScenarioError::Format { path: path.to_owned(), error: error.to_string() })
}

/// What came of a scenario.
#[derive(Debug)]
pub struct Tried {
    /// The undisturbed life.
    pub life: Life,
    /// How it is not what was expected.
    pub mismatches: Vec<String>,
    /// What the crashes brought, where they were asked for.
    pub crashes: Option<Crashes>,
}

impl Tried {
    /// Whether all is as it should be.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.mismatches.is_empty() && self.crashes.as_ref().is_none_or(|crashes| crashes.faults.is_empty())
    }
}

impl Scenario {
    /// Try a handler on it.
    ///
    /// # Errors
    ///
    /// The session is one that the host would not have taken.
    pub async fn try_on(&self, bench: &Workbench) -> Result<Tried, KitError> {
        let bench = bench.with_settings(&self.settings).with_max_repeats(self.max_repeats);
        let life = bench.live(&self.situation, &[]).await?;
        let mut mismatches = self.expected.mismatches(&life);
        mismatches.extend(self.invariants.iter().filter_map(|invariant| invariant.broken_by(&life)));
        let crashes = match self.crash {
            Crash::Nowhere => None,
            Crash::Everywhere => Some(crash::everywhere(&bench, &self.situation, &life, &self.invariants).await?),
        };
        Ok(Tried { life, mismatches, crashes })
    }
}
