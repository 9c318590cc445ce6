//! The table: what a session recorded, how often to remind, and what must come of it.

use serde_json::json;

/// The settings `every_s` of the cases; none: the config does not say.
pub const EVERY_S: [Option<&str>; 7] = [None, Some("0"), Some("1000"), Some("soon"), Some(""), Some("-1"), Some("1.5")];

/// One case.
pub struct Case {
    pub name: String,
    /// The setting `every_s`, one of [`EVERY_S`].
    pub every_s: Option<&'static str>,
    pub records: Vec<Vec<u8>>,
    /// How each repeat ended.
    pub repeats: Vec<(&'static str, &'static str)>,
    /// The records in the end; none of a deleted session.
    pub left: Vec<Vec<u8>>,
    /// The lines logged, at info.
    pub lines: Vec<String>,
    pub cause: Cause,
    /// From stored to due, in seconds.
    pub wait_s: u64,
}

/// What the reason of the last repeat has to name.
#[derive(Clone, Copy, Debug)]
pub enum Cause {
    Nothing,
    Record(usize),
    Setting,
}

/// Every case.
pub fn all() -> Vec<Case> {
    let mut cases = vec![
        to_the_end(),
        Case { name: "every_s is not set".to_owned(), every_s: None, wait_s: 60, ..once("ferns") },
        second(),
        third_with_a_bad_setting(),
        Case { records: vec![with_note("by me")], left: vec![with_note("by me"), reminded(1)], ..once("ferns") },
        Case { records: vec![with_64_kib()], left: vec![with_64_kib(), reminded(1)], ..once("ferns") },
    ];
    cases.extend(["", "two\nlines", "a NUL \0 and a tab\t", "🦊 ёж \u{202e}", "\"quoted\" \\ %s {} </>"].map(once));
    cases.extend(["soon", "", "-1", "1.5"].map(bad_setting));
    cases.extend(unreadable());
    cases
}

/// Reminded once; the next reminder is some time away.
fn once(what: &str) -> Case {
    Case {
        name: format!("a first reminder of {what:?}"),
        every_s: Some("1000"),
        records: vec![text(what)],
        repeats: vec![("returned", "stored")],
        left: vec![text(what), reminded(1)],
        lines: vec![line(1, what)],
        cause: Cause::Nothing,
        wait_s: 1_000,
    }
}

/// All three, one right after the other.
fn to_the_end() -> Case {
    Case {
        name: "three reminders".to_owned(),
        every_s: Some("0"),
        repeats: vec![("returned", "stored"), ("returned", "stored"), ("returned", "deleted")],
        left: Vec::new(),
        lines: vec![line(1, "ferns"), line(2, "ferns"), line(3, "ferns")],
        wait_s: 0,
        ..once("ferns")
    }
}

/// One reminder was given before.
fn second() -> Case {
    Case {
        name: "the second reminder".to_owned(),
        records: vec![text("ferns"), reminded(1)],
        left: vec![text("ferns"), reminded(1), reminded(2)],
        lines: vec![line(2, "ferns")],
        ..once("ferns")
    }
}

/// Two were given before: nothing waits any more, so nobody asks how long.
fn third_with_a_bad_setting() -> Case {
    Case {
        name: "the third reminder, and a bad setting".to_owned(),
        every_s: Some("soon"),
        records: vec![text("ferns"), reminded(1), reminded(2)],
        repeats: vec![("returned", "deleted")],
        left: Vec::new(),
        lines: vec![line(3, "ferns")],
        wait_s: 0,
        ..once("ferns")
    }
}

/// The setting is no number of seconds. The reminder was given, so it is recorded.
fn bad_setting(every_s: &'static str) -> Case {
    Case {
        name: format!("every_s is {every_s:?}"),
        every_s: Some(every_s),
        repeats: vec![("permanent", "parked")],
        cause: Cause::Setting,
        wait_s: 0,
        ..once("ferns")
    }
}

/// A record that cannot be read, and which.
fn unreadable() -> impl Iterator<Item = Case> {
    let ferns = || text("ferns");
    let cases: [(&str, Vec<Vec<u8>>, usize); 9] = [
        ("no records", Vec::new(), 0),
        ("an empty first record", vec![Vec::new()], 0),
        ("a first record that is not JSON", vec![b"{".to_vec()], 0),
        ("a first record that is not UTF-8", vec![b"{\"text\":\"\xff\"}".to_vec()], 0),
        ("a first record without a text", vec![b"{}".to_vec()], 0),
        ("a text that is a number", vec![br#"{"text":7}"#.to_vec()], 0),
        ("a later record that is not JSON", vec![ferns(), reminded(1), b"reminded".to_vec()], 2),
        ("a later record that is another text", vec![ferns(), ferns()], 1),
        ("a count that is a text", vec![ferns(), br#"{"reminded":"1"}"#.to_vec()], 1),
    ];
    cases.into_iter().map(|(name, records, index)| Case {
        name: name.to_owned(),
        left: records.clone(),
        records,
        repeats: vec![("permanent", "parked")],
        lines: Vec::new(),
        cause: Cause::Record(index),
        wait_s: 0,
        ..once("ferns")
    })
}

/// The first record.
pub fn text(what: &str) -> Vec<u8> {
    serde_json::to_vec(&json!({ "text": what })).unwrap()
}

/// The record of the n-th reminder, to the byte.
pub fn reminded(n: u32) -> Vec<u8> {
    format!(r#"{{"reminded":{n}}}"#).into_bytes()
}

/// The line of the n-th reminder, as the host shows it: what would break a line or turn it round is escaped.
pub fn line(n: u32, what: &str) -> String {
    let escaped = |char: char| match char.is_control() || char == '\u{202e}' {
        true => char.escape_default().to_string(),
        false => char.to_string(),
    };
    format!("reminder {n} of 3: {}", what.chars().map(escaped).collect::<String>())
}

/// A first record of somebody who records more.
fn with_note(note: &str) -> Vec<u8> {
    serde_json::to_vec(&json!({ "note": note, "text": "ferns" })).unwrap()
}

fn with_64_kib() -> Vec<u8> {
    with_note(&"ж".repeat(32 << 10))
}
