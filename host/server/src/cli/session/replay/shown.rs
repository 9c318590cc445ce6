//! Then and now, side by side: what is the same once, what differs twice.

use mpy6a_kit::{
    offline::{life::line_of, trace::full},
    replay::{Difference, Replayed},
};
use mpy6a_plugins::{
    Recording,
    recording::{Answered, Asked, Did},
};
use serde_json::{Value, json};

use crate::{
    cli::{report::Report, table::span},
    time::now_ms,
};

/// What both sides have under a label.
struct Row {
    label: &'static str,
    differs: bool,
    then: Vec<String>,
    now: Vec<String>,
}

/// For people.
pub fn text(recording: &Recording, replayed: &Replayed, differences: &[Difference]) -> String {
    let mut report = Report { text: then(recording) };
    let (digest, now) = (&recording.did.report.plugin_digest, &replayed.did.report.plugin_digest);
    let plugin = hex::encode(now);
    report.line("plugin      ", if digest == now { &plugin } else { "another:" });
    if digest != now {
        report.line("      then  ", &hex::encode(digest));
        report.line("      now   ", &plugin);
    }
    rows(recording, replayed, differences).iter().for_each(|row| put(&mut report, row));
    if replayed.requests.iter().any(|request| !request.was_made) {
        report.line("", "A replay sends nothing: requests that were not made then are answered by an error.");
    }
    let names: Vec<&str> = differences.iter().copied().map(name).collect();
    match names.as_slice() {
        [] => report.line("same        ", "it did again what it did then"),
        names => report.line("different   ", &names.join(", ")),
    }
    report.text
}

/// Which attempt it is.
pub fn then(recording: &Recording) -> String {
    let (given, mut report) = (&recording.given, Report::default());
    let ago = span(now_ms().saturating_sub(given.claimed_ms));
    let (id, repeat, kind) = (given.session.id, given.session.repeats, &given.kind_name);
    report.line("attempt     ", &format!("session {id}, repeat {repeat}, of kind {kind}, {ago} ago"));
    if recording.program != env!("CARGO_PKG_VERSION") {
        let versions = format!("{} then, {} now: fuel may differ", recording.program, env!("CARGO_PKG_VERSION"));
        report.line("program     ", &versions);
    }
    report.text
}

/// For people, where it cannot be replayed: what it did then.
pub fn only_then(recording: &Recording) -> String {
    let nothing_new = Replayed { did: recording.did.clone(), requests: Vec::new() };
    let mut report = Report { text: then(recording) };
    report.line("plugin      ", &hex::encode(recording.did.report.plugin_digest));
    for row in rows(recording, &nothing_new, &[]) {
        put(&mut report, &Row { now: row.then.clone(), ..row });
    }
    report.text
}

fn put(report: &mut Report, row: &Row) {
    let nothing = ["nothing".to_owned()];
    let mut lines = |side: &str, lines: &[String]| {
        let mut label = if side.is_empty() { format!("{:<12}", row.label) } else { format!("      {side:<6}") };
        for line in if lines.is_empty() { &nothing } else { lines } {
            report.line(&label, line);
            label = " ".repeat(label.len());
        }
    };
    if row.differs {
        lines("", &["differs:".to_owned()]);
        lines("then", &row.then);
        lines("now", &row.now);
    } else if !row.now.is_empty() {
        lines("", &row.now);
    }
}

fn rows(recording: &Recording, replayed: &Replayed, differences: &[Difference]) -> Vec<Row> {
    let (then, now) = (&recording.did, &replayed.did);
    let row = |label, what, of: &dyn Fn(&Did) -> Vec<String>| Row {
        label,
        differs: differences.contains(&what),
        then: of(then),
        now: of(now),
    };
    vec![
        row("outcome", Difference::Outcome, &|did| vec![full(did.report.outcome.to_string().as_bytes())]),
        row("operations", Difference::Operations, &|did| did.ops.iter().map(line_of).collect()),
        Row {
            label: "http",
            differs: differences.contains(&Difference::Requests),
            then: requests_then(recording),
            now: requests_now(recording, replayed),
        },
        row("log", Difference::Log, &|did| did.report.log_tail.lines().map(str::to_owned).collect()),
        // Another plugin computes otherwise: that is shown, and counts for nothing.
        Row {
            differs: then.report.fuel != now.report.fuel,
            ..row("fuel", Difference::Fuel, &|did| vec![did.report.fuel.to_string()])
        },
        Row {
            differs: then.report.memory_peak_bytes != now.report.memory_peak_bytes,
            ..row("memory", Difference::Memory, &|did| vec![format!("{} bytes", did.report.memory_peak_bytes)])
        },
    ]
}

fn requests_then(recording: &Recording) -> Vec<String> {
    let line = |it: &mpy6a_plugins::recording::Exchanged| {
        format!("{} -> {}", line_of_request(&it.request), answer(&it.answer))
    };
    recording.got.exchanges.iter().map(line).collect()
}

fn requests_now(recording: &Recording, replayed: &Replayed) -> Vec<String> {
    let answers = &recording.got.exchanges;
    let line = |request: &mpy6a_plugins::recording::replay::Requested| {
        let found = answers.iter().find(|it| it.request == request.asked && request.was_made);
        let answer = found.map_or_else(|| "not made then: an error".to_owned(), |it| answer(&it.answer));
        format!("{} -> {answer}", line_of_request(&request.asked))
    };
    replayed.requests.iter().map(line).collect()
}

fn line_of_request(asked: &Asked) -> String {
    let line = full(format!("{} {}", asked.method, asked.url).as_bytes());
    match asked.body_bytes {
        0 => line,
        bytes => format!("{line}, {bytes} bytes {}", hex::encode(&asked.body[..4])),
    }
}

fn answer(answer: &Answered) -> String {
    match answer {
        Answered::Nothing => "no answer".to_owned(),
        Answered::Failed(error) => full(format!("{error:?}").as_bytes()),
        Answered::Response { status, frames, .. } => {
            let bytes: usize = frames.iter().map(|frame| frame.bytes.len()).sum();
            format!("{status}, {bytes} bytes")
        }
    }
}

fn name(difference: Difference) -> &'static str {
    match difference {
        Difference::Outcome => "outcome",
        Difference::Operations => "operations",
        Difference::Requests => "http",
        Difference::Log => "log",
        Difference::Fuel => "fuel",
        Difference::Memory => "memory",
    }
}

/// For programs.
pub fn object(recording: &Recording, replayed: &Replayed, differences: &[Difference]) -> Value {
    let side = |did: &Did, requests: Vec<String>| {
        json!({
            "plugin_digest": hex::encode(did.report.plugin_digest),
            "outcome": did.report.outcome.name(),
            "cause": did.report.outcome.cause(),
            "operations": did.ops.iter().map(line_of).collect::<Vec<_>>(),
            "http": requests,
            "log": did.report.log_tail.lines().collect::<Vec<_>>(),
            "fuel": did.report.fuel,
            "memory_peak_bytes": did.report.memory_peak_bytes,
        })
    };
    let given = &recording.given;
    json!({
        "session": given.session.id.to_string(),
        "fence": given.session.fence.to_string(),
        "repeat": given.session.repeats,
        "kind": given.kind_name,
        "same": differences.is_empty(),
        "differences": differences.iter().copied().map(name).collect::<Vec<_>>(),
        "then": side(&recording.did, requests_then(recording)),
        "now": side(&replayed.did, requests_now(recording, replayed)),
    })
}
