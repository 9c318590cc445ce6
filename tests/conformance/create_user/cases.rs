//! The table: what a client left, what A and B answer, and what must come of it.

use serde_json::{Value, json};

use super::{
    find_by_id, find_by_nick, index,
    services::Answer::{self, Hangs, Says},
};
use crate::story::Call;

/// A nick with every character that means something in a URL or is more than one byte.
pub const NICK: &str = "ёж & co+50%";

/// The user, as A keeps it.
pub const FOUND: &str = r#"{"id":7,"nick":"ёж & co+50%","name":"Анна \"Аня\"","mail":"a@example.org"}"#;
const RENAMED: &str = r#"{"id":7,"nick":"🦊","name":"","mail":""}"#;
const OTHER: &str = r#"{"id":3,"nick":"ёж & co+50%","name":"Борис","mail":"b@example.org"}"#;
const NOBODY: &str = r#"{"error":"no such user"}"#;

/// An answer that is not to be asked for.
const UNASKED: Answer = Says(500, "nobody asks here");

/// One case.
pub struct Case {
    pub name: &'static str,
    pub records: Vec<Vec<u8>>,
    pub a: Answer,
    pub b: Answer,
    /// The calls of each repeat.
    pub calls: Vec<Call>,
    pub end: End,
    /// What the handler logs, at info.
    pub line: Option<&'static str>,
}

/// How the session ends.
#[derive(Clone, Copy, Debug)]
pub enum End {
    /// Gone after the first repeat.
    Deleted,
    /// Parked whole when the repeats ran out.
    Retried,
    /// Parked whole by the first repeat, for this record cannot be read.
    Permanent(usize),
}

impl End {
    /// Whether this is a reason that somebody who looks for one can use.
    pub fn explains(self, cause: &str) -> bool {
        match self {
            Self::Deleted => cause.is_empty(),
            Self::Retried => !cause.is_empty(),
            Self::Permanent(index) => crate::story::names_record(cause, index),
        }
    }
}

impl Case {
    /// Whether a service keeps the handler waiting.
    pub fn waits(&self) -> bool {
        self.a == Hangs || self.b == Hangs
    }
}

/// Everything in order: A has the user, B indexes it.
fn rolled_forward() -> Case {
    Case {
        name: "found by nick",
        records: vec![asked()],
        a: Says(200, FOUND),
        b: Says(204, ""),
        calls: vec![find_by_nick(NICK), index(7, &user())],
        end: End::Deleted,
        line: Some("rolled forward user 7"),
    }
}

/// A case in which A answers something else, and B is not asked.
fn a_says(name: &'static str, a: Answer, end: End, line: Option<&'static str>) -> Case {
    Case { name, a, b: UNASKED, calls: vec![find_by_nick(NICK)], end, line, ..rolled_forward() }
}

/// A case in which B answers something else.
fn b_says(name: &'static str, b: Answer) -> Case {
    Case { name, b, end: End::Retried, line: None, ..rolled_forward() }
}

/// A case in which these records are there, of which this one cannot be read.
fn unreadable(name: &'static str, records: Vec<Vec<u8>>, index: usize) -> Case {
    let (a, b) = (UNASKED, UNASKED);
    Case { name, records, a, b, calls: Vec::new(), end: End::Permanent(index), line: None }
}

/// Every case.
pub fn all() -> Vec<Case> {
    let by_id = || Case { calls: vec![find_by_id(7), index(7, &user())], ..rolled_forward() };
    vec![
        rolled_forward(),
        Case { name: "found by id", records: vec![asked(), created()], ..by_id() },
        Case { name: "found by id, the first record is missing", records: vec![created()], ..by_id() },
        Case {
            name: "found by id, with other attributes than recorded",
            records: vec![asked(), created()],
            a: Says(200, RENAMED),
            calls: vec![find_by_id(7), index(7, &json!({ "nick": "🦊", "name": "", "mail": "" }))],
            ..rolled_forward()
        },
        a_says("not found, in A's words", Says(404, NOBODY), End::Deleted, Some("rolled back: no such user")),
        Case {
            name: "not found by id, in A's words",
            records: vec![asked(), created()],
            calls: vec![find_by_id(7)],
            ..a_says("", Says(404, NOBODY), End::Deleted, Some("rolled back: no such user"))
        },
        a_says("not found, says a proxy", Says(404, "<html>not here"), End::Retried, None),
        a_says("not found, in other words than A's", Says(404, r#"{"message":"?"}"#), End::Retried, None),
        a_says("A fails", Says(500, "made to fail"), End::Retried, None),
        a_says("A refuses a stale fence", Says(412, "stale"), End::Retried, None),
        a_says("A redirects", Says(302, ""), End::Retried, None),
        a_says("A answers something that is not JSON", Says(200, "<html>"), End::Retried, None),
        a_says("A answers something that is not a user", Says(200, r#"{"id":7}"#), End::Retried, None),
        a_says("A hangs", Hangs, End::Retried, None),
        b_says("B refuses", Says(400, r#"{"error":"B does not like it"}"#)),
        b_says("B fails", Says(503, "made to fail")),
        Case {
            name: "somebody else has the nick",
            a: Says(200, OTHER),
            calls: vec![
                find_by_nick(NICK),
                index(3, &json!({ "name": "Борис", "mail": "b@example.org", "nick": NICK })),
            ],
            line: Some("rolled back: no such user; user 3 has the nick"),
            ..rolled_forward()
        },
        Case {
            name: "no records",
            records: Vec::new(),
            calls: Vec::new(),
            ..a_says("", UNASKED, End::Deleted, Some("rolled back: no such user"))
        },
        Case { name: "a record with fields that nobody knows", records: vec![with_note("new")], ..rolled_forward() },
        Case { name: "a record of 64 KiB", records: vec![with_note(&"ж".repeat(32 << 10))], ..rolled_forward() },
        unreadable("a record that is not JSON", vec![asked(), b"{".to_vec()], 1),
        unreadable("a record that is nothing", vec![asked(), Vec::new()], 1),
        unreadable("a record that is not UTF-8", vec![b"{\"step\":\"create\",\"user\":\"\xff\"}".to_vec()], 0),
        unreadable("a record of an unknown step", vec![json_bytes(&json!({ "step": "renamed" }))], 0),
        unreadable("a record without its user", vec![json_bytes(&json!({ "step": "create" }))], 0),
        unreadable("an id that is no number", vec![asked(), json_bytes(&json!({ "step": "created", "id": "7" }))], 1),
    ]
}

/// The user that the client asked for.
pub fn user() -> Value {
    json!({ "nick": NICK, "name": "Анна \"Аня\"", "mail": "a@example.org" })
}

/// What the client records first.
pub fn asked() -> Vec<u8> {
    json_bytes(&json!({ "step": "create", "user": user() }))
}

/// What the client records second.
fn created() -> Vec<u8> {
    json_bytes(&json!({ "step": "created", "id": 7 }))
}

/// The first record, of a client that records more.
fn with_note(note: &str) -> Vec<u8> {
    json_bytes(&json!({ "step": "create", "note": note, "user": user() }))
}

fn json_bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}
