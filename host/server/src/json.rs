//! What operators see of kinds and sessions, as JSON: the same words for `--output json` of the command line and for the console.

use std::collections::BTreeMap;

use mpy6a_proto::v1;
use serde_json::{Value, json};

/// A kind.
#[must_use]
pub fn kind(kind: &v1::Kind) -> Value {
    json!({
        "id": kind.id,
        "name": kind.name,
        "paused": kind.paused,
        "paused_since_ms": kind.paused_since_ms,
        "workers": kind.workers,
        "active": kind.active,
        "stored": kind.stored,
        "repeating": kind.repeating,
        "parked": kind.parked,
        "first_due_ms": kind.first_due_ms,
        "trouble": kind.trouble,
        "plugin": kind.plugin.as_ref().map(|plugin| json!({
            "file": plugin.file,
            "digest": plugin.digest,
            "since_ms": plugin.since_ms,
        })),
    })
}

/// A session of a list.
#[must_use]
pub fn summary(session: &v1::SessionSummary, names: &BTreeMap<u32, String>) -> Value {
    let waiting = session.waiting.clone().unwrap_or_default();
    json!({
        "id": shown(session.id),
        "kind": kind_name(session.kind, names),
        "kind_id": session.kind,
        "state": state_name(session.state()),
        "change_id": shown(session.change_id),
        "created_ms": session.created_ms,
        "stored_ms": session.stored_ms,
        "due_ms": session.due_ms,
        "repeats": session.repeats,
        "records": session.records,
        "record_bytes": session.record_bytes,
        "waits_for": reason(waiting.reason()),
        "waits_because": waiting.words,
        "last_outcome": session.last_outcome,
        "last_cause": session.last_cause,
    })
}

/// A session whole, but for its records: how they are shown is up to whoever shows them. `kind`: its name.
#[must_use]
pub fn session(session: &v1::GetSessionResponse, kind: &str) -> Value {
    let waiting = session.waiting.clone().unwrap_or_default();
    json!({
        "id": shown(session.id),
        "kind": kind,
        "kind_id": session.kind,
        "state": state_name(session.state()),
        "change_id": shown(session.change_id),
        "fence": shown(session.fence),
        "created_ms": session.created_ms,
        "stored_ms": session.stored_ms,
        "due_ms": session.due_ms,
        "repeats": session.repeats,
        "traceparent": session.traceparent,
        "waits_for": reason(waiting.reason()),
        "waits_because": waiting.words,
        "record_bytes": session.record_bytes,
        "attempts": session.attempts.iter().map(attempt).collect::<Vec<_>>(),
    })
}

fn attempt(attempt: &v1::Attempt) -> Value {
    json!({
        "fence": shown(attempt.fence),
        "repeat": attempt.repeat,
        "started_ms": attempt.started_ms,
        "duration_us": attempt.duration_us,
        "outcome": attempt.outcome,
        "cause": attempt.cause,
        "fuel": attempt.fuel,
        "memory_peak_bytes": attempt.memory_peak_bytes,
        "plugin_digest": attempt.plugin_digest,
        "log": attempt.log,
        "kept": attempt.kept,
        "not_kept": attempt.not_kept,
    })
}

/// What every kind is called, by number.
#[must_use]
pub fn names(kinds: &[v1::Kind]) -> BTreeMap<u32, String> {
    let name = |kind: &v1::Kind| if kind.name.is_empty() { kind.id.to_string() } else { kind.name.clone() };
    kinds.iter().map(|kind| (kind.id, name(kind))).collect()
}

/// A kind's name; its number where the config does not name it.
#[must_use]
pub fn kind_name(kind: u32, names: &BTreeMap<u32, String>) -> String {
    names.get(&kind).cloned().unwrap_or_else(|| kind.to_string())
}

/// An index as people write it; nothing where it is absent.
#[must_use]
pub fn shown(index: Option<v1::Index>) -> String {
    index.map_or_else(String::new, |index| format!("{}-{}", index.term, index.index))
}

/// `WAIT_REASON_KIND_PAUSED` as `kind-paused`.
#[must_use]
pub fn reason(reason: v1::WaitReason) -> String {
    reason.as_str_name().trim_start_matches("WAIT_REASON_").to_lowercase().replace('_', "-")
}

/// A state as people write it.
#[must_use]
pub fn state_name(state: v1::SessionState) -> &'static str {
    match state {
        v1::SessionState::Unspecified => "unknown",
        v1::SessionState::Active => "active",
        v1::SessionState::Stored => "stored",
        v1::SessionState::Repeating => "repeating",
        v1::SessionState::Parked => "parked",
    }
}

/// The state that is written so.
#[must_use]
pub fn state_named(name: &str) -> Option<v1::SessionState> {
    use v1::SessionState::{Active, Parked, Repeating, Stored};
    [Active, Stored, Repeating, Parked].into_iter().find(|state| state_name(*state) == name)
}

/// The action that is written so.
#[must_use]
pub fn action_named(name: &str) -> Option<v1::Action> {
    match name {
        "repeat" => Some(v1::Action::Repeat),
        "park" => Some(v1::Action::Park),
        "redrive" => Some(v1::Action::Redrive),
        "delete" => Some(v1::Action::Delete),
        _ => None,
    }
}
