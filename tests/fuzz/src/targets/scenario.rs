//! Scenario files: situations, and what is to come of them.
//!
//! Input: the text of a scenario file.
//!
//! * A refusal names the remedy, or the document that has every field.
//! * What is accepted is read the same every time, has a scenario, and each lets a run end.

use std::path::Path;

use mpy6a_kit::scenario::{ScenarioError, parse};

use super::file;
use crate::{Parsed, Target, memory::Bound, words};

/// The target.
pub const TARGET: Target = Target {
    name: "scenario",
    input_bytes_max: 4096,
    run,
    seeds,
    words: &[
        "start",
        "seed",
        "[settings]",
        "[[http]]",
        "[[scenario]]",
        "name",
        "records",
        "hex",
        "traceparent",
        "runs",
        "max_repeats",
        "crash",
        "everywhere",
        "[[scenario.http]]",
        "method",
        "url",
        "when",
        "unless",
        "sets",
        "delay",
        "fails",
        "status",
        "headers",
        "body",
        "effect",
        "[[scenario.invariant]]",
        "[scenario.expect]",
        "outcome",
        "reason",
        "operations",
        "requests",
        "log",
        "2026-01-01T00:00:00Z",
        "= \"",
        "= [\"",
        "{ hex = \"ff\" }",
    ],
};

const MEMORY: Bound = Bound { factor: 512, base: 1 << 20 };

fn run(bytes: &[u8]) -> Parsed {
    let Ok(text) = std::str::from_utf8(bytes) else { return Parsed::Refused };
    let path = Path::new("scenarios.toml");
    let parsed = MEMORY.hold(bytes.len(), || parse(path, text));
    match &parsed {
        Ok(scenarios) => {
            assert!(!scenarios.is_empty() && scenarios.iter().all(|scenario| scenario.situation.runs > 0));
            assert_eq!(format!("{:?}", parse(path, text).ok()), format!("{:?}", Some(scenarios)));
        }
        // The TOML parser shows the line and points at the place in it, over several lines.
        Err(error @ ScenarioError::Format { .. }) => {
            let message = error.to_string();
            assert!(message.contains("docs/scenarios.md has every field"), "{message}");
            message.lines().filter(|line| !line.trim().is_empty()).for_each(words::check_shown);
        }
        Err(error) => words::check(&error.to_string()),
    }
    Parsed::of(&parsed)
}

fn seeds() -> Vec<Vec<u8>> {
    let small = "[[scenario]]\nname = \"one\"\nrecords = [\"text\", { hex = \"ff00\" }]\nruns = 2\n";
    let examples = ["create-user", "reminder"].map(|name| file(&format!("plugins-examples/{name}/scenarios.toml")));
    examples.into_iter().chain([small.into()]).collect()
}
