//! `mpy6a session show`.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use mpy6a_proto::v1;
use mpy6a_untrusted::text;
use serde_json::Value;

use super::{Output, id};
use crate::{
    cli::{
        out::print_json,
        remote::{Host, Trouble},
        report::Report,
        table::span,
    },
    json::{self, kind_name, shown, state_name},
    time::now_ms,
};

#[derive(Args, Debug)]
pub struct Arguments {
    /// The session: 3-1042.
    id: String,
    /// How records are shown.
    #[arg(long, value_enum, default_value_t)]
    records: Records,
    /// How it is printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// How records are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Records {
    /// As text, what is none escaped.
    #[default]
    Text,
    /// As JSON where they are, else as text.
    Json,
    /// Byte by byte.
    Hex,
}

/// Show it.
pub async fn run(arguments: &Arguments, host: Host) -> Result<ExitCode, Trouble> {
    let request = v1::GetSessionRequest { id: Some(id(&arguments.id)?) };
    let answer = host.admin.clone().get_session(request).await;
    let session = answer.map_err(|status| host.trouble(&status))?.into_inner();
    let kind = kind_name(session.kind, &host.kind_names().await?);
    match arguments.output {
        Output::Table => out!("{}", report(&session, &kind, arguments.records)),
        Output::Json => print_json(&object(&session, &kind, arguments.records)),
    }
    Ok(ExitCode::SUCCESS)
}

fn report(session: &v1::GetSessionResponse, kind: &str, records: Records) -> String {
    let ago = |ms: u64| format!("{} ago", span(now_ms().saturating_sub(ms)));
    let mut report = Report::default();
    report.line("session    ", &shown(session.id));
    report.line("kind       ", kind);
    report.line("state      ", state_name(session.state()));
    report.line("waits      ", &session.waiting.clone().unwrap_or_default().words);
    report.line("created    ", &ago(session.created_ms));
    if session.stored_ms > 0 {
        report.line("stored     ", &ago(session.stored_ms));
    }
    report.line("repeats    ", &session.repeats.to_string());
    report.line("fence      ", &shown(session.fence));
    if !session.traceparent.is_empty() {
        report.line("trace      ", &text::line(&session.traceparent));
    }
    report.line("records    ", &format!("{}, {} bytes", session.records.len(), session.record_bytes));
    for (number, bytes) in session.records.iter().enumerate() {
        report.line(&format!("  {number:<9}"), &record(bytes, records));
    }
    report.line("attempts   ", &format!("the last {}", session.attempts.len()));
    for attempt in &session.attempts {
        let cause = if attempt.cause.is_empty() { String::new() } else { format!(": {}", text::line(&attempt.cause)) };
        let took = format!("{}.{:03} ms", attempt.duration_us / 1_000, attempt.duration_us % 1_000);
        let kept = if attempt.kept { ", kept" } else { "" };
        let what = format!("{}, {took}, {} fuel{kept}{cause}", ago(attempt.started_ms), attempt.fuel);
        report.line(&format!("  {:<9}", attempt.repeat), &format!("{}, {what}", attempt.outcome));
        attempt.log.lines().for_each(|line| report.line("           | ", line));
    }
    report.text
}

fn object(session: &v1::GetSessionResponse, kind: &str, records: Records) -> Value {
    let mut object = json::session(session, kind);
    object["records"] = session.records.iter().map(|bytes| record_value(bytes, records)).collect();
    object
}

/// A record for a terminal: nothing in it moves the cursor or changes its colours.
fn record(bytes: &[u8], how: Records) -> String {
    match record_value(bytes, how) {
        Value::String(text) => text::line(&text).into_owned(),
        value => text::json(&value.to_string()).into_owned(),
    }
}

fn record_value(bytes: &[u8], how: Records) -> Value {
    let text = || Value::String(String::from_utf8_lossy(bytes).into_owned());
    match how {
        Records::Hex => Value::String(hex::encode(bytes)),
        Records::Json => serde_json::from_slice(bytes).unwrap_or_else(|_| text()),
        Records::Text => text(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_shown_as_asked_and_never_move_the_cursor() {
        assert_eq!(record(b"plain \xc3\xa9", Records::Text), "plain é");
        assert_eq!(record(b"\x1b[2J\n", Records::Text), "\\u{1b}[2J\\n");
        assert_eq!(record("live\u{202e}".as_bytes(), Records::Json), "live\\u{202e}");
        assert_eq!(record(b"\xff", Records::Text), "\u{fffd}");
        assert_eq!(record(b"\x00\xff", Records::Hex), "00ff");
        assert_eq!(record(b"{ \"a\": 1 }", Records::Json), "{\"a\":1}");
        assert_eq!(record(b"no json\n", Records::Json), "no json\\n");
    }
}
