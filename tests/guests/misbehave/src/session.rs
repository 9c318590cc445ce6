//! Behaviours on the session.

use std::time::Duration;

use mpy6a_handler::{Failure, Repeat, SessionError};

use crate::told;

pub const SECOND: Duration = Duration::from_secs(1);

pub fn store(repeat: &Repeat, seconds: &str) -> Result<(), Failure> {
    let timeout = if seconds.is_empty() { None } else { Some(Duration::from_secs(seconds.parse()?)) };
    match repeat.store(timeout) {
        Ok(()) => Ok(()),
        Err(refused) => told(format!("{refused:?}")),
    }
}

/// Append to a session that was just finished.
pub fn append_after(repeat: &Repeat, finished: Result<(), SessionError>, text: &str) -> Result<(), Failure> {
    finished?;
    told(format!("{:?}", repeat.append(text)))
}

/// Append records of this many bytes until one is refused.
pub fn fill(repeat: &Repeat, bytes: usize) -> String {
    let record = vec![b'x'; bytes];
    let mut appended = 0_u64;
    loop {
        match repeat.append(&record) {
            Ok(()) => appended += 1,
            Err(refused) => return format!("{appended} {refused:?}"),
        }
    }
}

/// All that the handler was given, `name=value`, parted by `; `.
pub fn facts(repeat: &Repeat) -> String {
    let records: Vec<_> = repeat.records().iter().map(|record| String::from_utf8_lossy(record)).collect();
    let facts = [
        ("session", repeat.session_id()),
        ("fence", repeat.fence()),
        ("kind", repeat.kind().to_string()),
        ("kind-name", repeat.kind_name().to_owned()),
        ("repeat", repeat.repeat().to_string()),
        ("max-repeats", repeat.max_repeats().to_string()),
        ("created-ms", repeat.created_ms().to_string()),
        ("stored-ms", repeat.stored_ms().to_string()),
        ("due-ms", repeat.due_ms().to_string()),
        ("deadline-ms", repeat.deadline_ms().to_string()),
        ("idempotency-key", repeat.idempotency_key().to_owned()),
        ("traceparent", format!("{:?}", repeat.traceparent())),
        ("records", records.join("|")),
    ];
    facts.map(|(name, value)| format!("{name}={value}")).join("; ")
}
