//! What was expected of a life, beside what was seen.

use bytes::Bytes;

use crate::offline::{
    life::{Life, line_of},
    trace::full,
};

/// How a life can end, as a scenario names it.
pub const OUTCOMES: [&str; 11] = [
    "deleted",
    "stored",
    "unfinished",
    "parked",
    "retry",
    "permanent",
    "trapped",
    "out-of-fuel",
    "out-of-memory",
    "timed-out",
    "contract-broken",
];

/// What is to come of a life; what is not said may be anything.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// One of [`OUTCOMES`].
    pub outcome: Option<String>,
    /// A part of the handler's reason, or of the host's message.
    pub reason: Option<String>,
    /// Every committed operation, in order.
    pub operations: Option<Vec<String>>,
    /// Every request, in order.
    pub requests: Option<Vec<String>>,
    /// What the session holds at the end.
    pub records: Option<Vec<Bytes>>,
    /// Parts of lines of the log, in order.
    pub log: Vec<String>,
}

impl Expected {
    /// How the life is otherwise.
    #[must_use]
    pub fn mismatches(&self, life: &Life) -> Vec<String> {
        let mut found = Vec::new();
        if let Some(outcome) = self.outcome.as_ref().filter(|outcome| *outcome != life.outcome()) {
            let cause = if life.cause().is_empty() { String::new() } else { format!(": {}", life.cause()) };
            found.push(format!("expected the outcome {outcome}, got {}{cause}", life.outcome()));
        }
        if let Some(reason) = self.reason.as_ref().filter(|reason| !life.cause().contains(*reason)) {
            found.push(format!("expected a reason with `{reason}`, got `{}`", life.cause()));
        }
        let operations = || life.operations.iter().map(line_of).collect();
        compare(&mut found, "operations", self.operations.as_ref(), operations);
        let requests = || life.outside.requests.iter().map(|seen| seen.line()).collect();
        compare(&mut found, "requests", self.requests.as_ref(), requests);
        let texts = |records: &[Bytes]| records.iter().map(|record| full(record)).collect::<Vec<_>>();
        compare(&mut found, "records", self.records.as_deref().map(texts).as_ref(), || texts(&life.records));
        found.extend(self.missing_lines(&life.log()));
        found.extend(life.outside.unanswered.iter().map(|line| {
            format!("it asks {line}, to which the scenario has no answer: add one with [[scenario.http]]")
        }));
        found
    }

    fn missing_lines(&self, log: &str) -> Option<String> {
        let mut lines = log.lines();
        let missing = self.log.iter().find(|part| !lines.any(|line| line.contains(*part)))?;
        Some(format!("expected a log line with `{missing}`, got:\n{log}"))
    }
}

fn compare(found: &mut Vec<String>, what: &str, expected: Option<&Vec<String>>, got: impl FnOnce() -> Vec<String>) {
    let Some(expected) = expected else { return };
    let got = got();
    if *expected != got {
        found.push(format!("expected the {what}\n{}got\n{}", list(expected), list(&got)));
    }
}

fn list(lines: &[String]) -> String {
    match lines {
        [] => "  (none)\n".to_owned(),
        lines => lines.iter().map(|line| format!("  {line}\n")).collect(),
    }
}
