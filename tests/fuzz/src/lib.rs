//! Hostile bytes for everything in mpy6a that parses.
//!
//! A [`Target`] takes any bytes, has them parsed by the real code, and checks what must hold of the result. It is used
//! twice: `tests/replay.rs` runs it over seeds, corpus and past findings, on any machine, with every `cargo test`;
//! `tests/fuzz.rs` hands it to a fuzzer that watches which code each input reaches and breeds new ones (`make fuzz`).
//!
//! | file | job |
//! |---|---|
//! | [`targets`] | one file for each thing that parses |
//! | [`words`] | what every message for a person must be |
//! | [`memory`] | how much memory parsing may take |
//! | [`input`] | values drawn from the bytes of an input |
//!
//! To add a target: its file in `targets`, and its line in [`TARGETS`]. Nothing else lists them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod input;
pub mod memory;
pub mod targets;
pub mod words;

use targets::{config, egress, ids, log_segment, manifest, plugin, recording, replies, requests, rows, scenario};

/// Every target.
pub const TARGETS: &[Target] = &[
    config::TARGET,
    egress::TARGET,
    ids::TARGET,
    log_segment::TARGET,
    manifest::TARGET,
    plugin::TARGET,
    recording::TARGET,
    replies::TARGET,
    requests::TARGET,
    rows::TARGET,
    scenario::TARGET,
];

/// One thing that parses.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: a folder in `corpus` and `findings`.
    pub name: &'static str,
    /// Longest input that is worth trying, in bytes.
    pub input_bytes_max: usize,
    /// Parse an input and check what must hold. Panics if it does not.
    pub run: fn(&[u8]) -> Parsed,
    /// Real inputs: each is accepted. They are made or read afresh, so they follow the formats as these change.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Words of the format, for the fuzzer to put into inputs.
    pub words: &'static [&'static str],
}

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// It is what the format asks for.
    Accepted,
    /// It is not, and the refusal is as it should be.
    Refused,
}

impl Parsed {
    /// What a result comes to.
    #[must_use]
    pub fn of<T, E>(result: &Result<T, E>) -> Self {
        if result.is_ok() { Self::Accepted } else { Self::Refused }
    }
}

impl Target {
    /// The target of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }
}
