//! What was measured, as it is printed, kept and drawn.
//!
//! ```text
//! section --> Report: prints lines as they come, keeps them and the figures --> results.json --> performance.md, charts
//! ```
//!
//! Figures have flat keys (`peers.redis.64.ratio`), so a chart, or a row of what the project set out to reach, names what it
//! needs and does not care who measured it.

pub mod chart;
pub mod docs;
pub mod reach;
pub mod table;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Everything that was measured, by section.
#[derive(Default, Serialize, Deserialize)]
pub struct Results {
    /// By the sections' keys.
    pub sections: BTreeMap<String, Measured>,
}

/// One section, as it was measured at one time.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Measured {
    /// The commit it was measured at; with `+` where the work tree had changes.
    pub commit: String,
    /// When, to the minute, UTC.
    pub at: String,
    /// On what.
    pub machine: String,
    /// The slices and rounds.
    pub how: String,
    /// As printed.
    pub lines: Vec<String>,
    /// By key.
    pub figures: BTreeMap<String, f64>,
    /// Series over time, by name: pairs of seconds and a value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub series: BTreeMap<String, Vec<(f64, f64)>>,
}

impl Measured {
    /// Print a line, and keep it.
    pub fn line(&mut self, line: impl Into<String>) {
        let line = line.into();
        println!("{line}");
        self.lines.push(line);
    }

    /// Keep a figure.
    pub fn figure(&mut self, key: impl Into<String>, value: f64) {
        self.figures.insert(key.into(), value);
    }
}

impl Results {
    /// A figure of whichever section measured it.
    pub fn figure(&self, key: &str) -> Option<f64> {
        self.sections.values().find_map(|section| section.figures.get(key).copied())
    }
}
