//! What a host writes to stderr: one JSON object a line, but for what it says before it has a log.

use std::fs;

use mpy6a_proto::v1::Index;
use serde_json::Value;

use super::{Host, shown, until};

/// How many lines of the log to print after a failure.
const TAIL_LINES: usize = 40;

impl Host {
    /// What it wrote to stderr since it was last started.
    pub fn text(&self) -> String {
        self.whole_log().split_off(self.log_from)
    }

    /// The events of its log since it was last started.
    pub fn log(&self) -> Vec<Value> {
        self.text().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Wait for an event with this message.
    pub async fn logged(&self, message: &str) -> Value {
        let is_it = |event: &Value| event["message"].as_str().is_some_and(|text| text.contains(message));
        until(&format!("the log says {message:?}"), async || self.log().into_iter().find(is_it)).await
    }

    /// Wait for the event that ends a repeat of this session.
    pub async fn repeat_ended(&self, session: Index) -> Value {
        let id = shown(session);
        let is_it = |event: &Value| event["message"] == "repeat ended" && event["session"] == *id;
        until(&format!("a repeat of {id} ended"), async || self.log().into_iter().find(is_it)).await
    }

    /// Print the end of it, for whoever looks into a failed test.
    pub fn print_tail(&self) {
        let log = self.whole_log();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n");
        eprintln!("--- the end of the host's log ---\n{tail}\n---");
    }

    pub(super) fn whole_log(&self) -> String {
        fs::read_to_string(self.path("host.log")).unwrap_or_default()
    }
}
