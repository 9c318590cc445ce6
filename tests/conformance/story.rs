//! What became of a session, as seen from outside.
//!
//! A [`Story`] is told when nothing more happens to the session: it is gone, parked, or stored for later. Two stories
//! that are equal are the same to a user, to the services, and to whoever reads the log.

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;
use mpy6a_client::Index;
use mpy6a_proto::v1::{self, GetSessionResponse, SessionState};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::harness::{Config, Host, Kind, Seen, handler, shown, until};

/// A session stored for at least so long rests: what a test looks at is over in milliseconds.
const LATER_MS: u64 = 30_000;

/// How long a host may take to compile a handler: CPython takes 6 s on two cores that do nothing else, and minutes in a
/// debug build on a busy machine.
const COMPILE_TIME_MAX: Duration = Duration::from_secs(600);

/// Start a host. One after the other: what one compiles, the next has from their cache, and compiling takes every core.
pub async fn serving(config: &Config) -> Host {
    static TURN: Mutex<()> = Mutex::const_new(());
    let _turn = TURN.lock().await;
    let mut host = Host::prepare(config);
    host.allow_to_start(COMPILE_TIME_MAX);
    host.launch().await;
    host
}

/// A kind whose sessions this example repeats, in this language, with the limits that a host gives by default.
pub fn kind(id: u32, example: &str, language: &str) -> Kind {
    Kind::new(id, handler(example, language)).set("plugin.fuel", 1_000_000_000).set("plugin.time", "10s")
}

/// Everything that became of a session.
#[derive(Debug, Default, PartialEq)]
pub struct Story {
    /// How each repeat ended: the run's outcome, and what became of the session.
    pub repeats: Vec<(String, String)>,
    pub calls: Vec<Call>,
    /// What is there now; nothing, where the session is gone.
    pub records: Vec<Bytes>,
    /// From when it was stored to when it is due, in seconds; 0, where nobody will repeat it.
    pub wait_s: u64,
    /// What the handler logged: level and line.
    pub lines: Vec<(String, String)>,
}

/// One HTTP call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Which repeat it is of, from 1, by its fence: the smallest fence of the session is that of the first repeat that
    /// made a call. 0, where the call carries none.
    pub repeat: usize,
    /// The step: what follows the session's id in the idempotency key. The whole key, where it is not of this session.
    pub step: String,
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    /// The body, if it says that it is JSON and is; any other as a text.
    pub body: Option<Value>,
}

/// What the story says nothing of, because it is not the same in every language.
#[derive(Debug, Default)]
pub struct Figures {
    /// Of the last repeat: why it ended as it did.
    pub cause: String,
    /// The most that a repeat took, of fuel.
    pub fuel: u64,
    /// The most that a repeat took, of memory, in bytes. Known of sessions that are still there.
    pub memory: u64,
    /// How long each repeat ran, in microseconds.
    pub run_us: Vec<u64>,
}

impl Figures {
    /// Keep the larger ones of two sessions' figures.
    pub fn most(&mut self, other: &Self) {
        self.fuel = self.fuel.max(other.fuel);
        self.memory = self.memory.max(other.memory);
    }
}

/// Wait until nothing more happens to the session, and tell what did. `seen` is what it asked of the services.
pub async fn told(host: &Host, session: v1::Index, seen: impl Fn() -> Vec<Seen>) -> (Story, Figures) {
    let id = shown(session);
    let (ended, rest) = at_rest(host, session).await;
    // The line is written after the commit.
    let events = until(&format!("the log has the last repeat of {id}"), async || {
        let events = repeats(host, &id);
        events.last().is_some_and(|event| event["ended"] == ended).then_some(events)
    })
    .await;
    let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
    let number = |event: &Value, name: &str| event[name].as_u64().unwrap();
    let rest = rest.unwrap_or_default();
    let figures = Figures {
        cause: text(events.last().unwrap(), "cause"),
        fuel: events.iter().map(|event| number(event, "fuel")).max().unwrap(),
        memory: rest.attempts.iter().map(|attempt| attempt.memory_peak_bytes).max().unwrap_or_default(),
        run_us: events.iter().map(|event| number(event, "run_us")).collect(),
    };
    let story = Story {
        repeats: events.iter().map(|event| (text(event, "outcome"), text(event, "ended"))).collect(),
        calls: calls(&id, &seen()),
        records: rest.records,
        wait_s: rest.due_ms.saturating_sub(rest.stored_ms) / 1_000,
        lines: lines(host, &id),
    };
    (story, figures)
}

/// Wait until nothing more happens to the session: how its last repeat ended it, and what is left of it.
async fn at_rest(host: &Host, session: v1::Index) -> (&'static str, Option<GetSessionResponse>) {
    until(&format!("session {} rests", shown(session)), async || match host.look(session).await {
        None => Some(("deleted", None)),
        Some(it) if it.state() == SessionState::Parked => Some(("parked", Some(it))),
        Some(it) if it.state() == SessionState::Stored && it.due_ms >= it.stored_ms + LATER_MS => {
            Some(("stored", Some(it)))
        }
        Some(_) => None,
    })
    .await
}

/// The events of this life of the host that end a repeat of the session.
fn repeats(host: &Host, session: &str) -> Vec<Value> {
    let is_it = |event: &Value| event["message"] == "repeat ended" && event["session"] == session;
    host.log().into_iter().filter(is_it).collect()
}

/// What the session's handler logged in this life of the host.
fn lines(host: &Host, session: &str) -> Vec<(String, String)> {
    let is_it = |event: &Value| event["target"] == "handler" && event["session"] == session;
    let text = |event: &Value, name: &str| event[name].as_str().unwrap().to_owned();
    host.log().iter().filter(|event| is_it(event)).map(|event| (text(event, "level"), text(event, "message"))).collect()
}

fn calls(session: &str, seen: &[Seen]) -> Vec<Call> {
    let fence = |seen: &Seen| seen.fence.as_deref().and_then(|fence| fence.parse::<Index>().ok());
    let fences: BTreeSet<Index> = seen.iter().filter_map(fence).collect();
    let call = |seen: &Seen| {
        let key = seen.key.clone().unwrap_or_default();
        Call {
            repeat: fence(seen).map_or(0, |fence| fences.range(..=fence).count()),
            step: key.strip_prefix(&format!("{session}/")).unwrap_or(&key).to_owned(),
            method: seen.method.clone(),
            path: seen.path.clone(),
            query: seen.query.clone(),
            body: body(seen),
        }
    };
    seen.iter().map(call).collect()
}

fn body(seen: &Seen) -> Option<Value> {
    if seen.body.is_empty() {
        return None;
    }
    let says_so = seen.content_type.as_deref().is_some_and(|it| it.starts_with("application/json"));
    let json = says_so.then(|| serde_json::from_slice(&seen.body).ok()).flatten();
    Some(json.unwrap_or_else(|| String::from_utf8_lossy(&seen.body).into()))
}

/// Whether a reason begins with the name of this record.
pub fn names_record(reason: &str, index: usize) -> bool {
    reason.starts_with(&format!("record {index}: "))
}
