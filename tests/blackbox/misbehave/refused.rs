//! What the host refuses a handler: as a value, and the run goes on.

use super::{Case, config};
use crate::harness::{Config, Host, Kind, shown};

/// The handler tells what it got as its reason for `permanent`.
const REFUSED: &[Case] = &[
    ("big-record 2000", "permanent", "RecordTooLarge", &[]),
    ("fill 900", "permanent", "4 SessionTooLarge", &["x900", "x900", "x900", "x900"]),
    ("store 4000000", "permanent", "TimeoutTooLong", &[]),
    ("store-then-append late", "permanent", "Finished", &[]),
    ("no such word", "permanent", "no such behaviour", &[]),
];

#[tokio::test]
async fn what_the_host_refuses_a_handler_is_told_and_goes_on() {
    let host = Host::start(&config()).await;
    for (record, outcome, cause, more) in REFUSED {
        let session = host.left(1, &[record]).await;
        let parked = host.parked(session).await;
        let attempt = &parked.attempts[0];
        assert_eq!((attempt.outcome.as_str(), parked.attempts.len()), (*outcome, 1), "{record}: {attempt:?}");
        assert!(attempt.cause.contains(cause), "{record}: {attempt:?}");
        let lengths: Vec<String> = parked.records[1..].iter().map(|record| format!("x{}", record.len())).collect();
        assert_eq!(lengths, *more, "{record}");
    }
}

#[tokio::test]
async fn an_append_after_a_delete_is_refused_and_the_session_is_gone() {
    let host = Host::start(&config()).await;
    let session = host.left(1, &["append-after-delete late"]).await;
    host.gone(session).await;
    let ended = host.repeat_ended(session).await;
    assert_eq!((&ended["outcome"], &ended["ended"]), (&"permanent".into(), &"deleted".into()));
    assert!(ended["cause"].as_str().unwrap().contains("Finished"), "{ended}");
}

#[tokio::test]
async fn a_megabyte_of_log_lines_is_cut_and_the_run_goes_on() {
    const KEPT_BYTES: usize = 10 << 10;
    let kind = Kind::misbehave(1).set("plugin.log", "10KiB");
    let host = Host::start(&Config::of([kind])).await;
    let session = host.left(1, &["log 1000000"]).await;
    host.gone(session).await;
    let ended = host.repeat_ended(session).await;
    assert_eq!(ended["outcome"], "returned");
    let log = host.log();
    let lines = log.iter().filter(|line| line["target"] == "handler" && line["session"] == *shown(session));
    let texts: Vec<&str> = lines.map(|line| line["message"].as_str().unwrap()).collect();
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    assert!((KEPT_BYTES / 2..=KEPT_BYTES + 100).contains(&bytes), "{bytes} bytes");
    assert!(texts.last().unwrap().contains("more log lines dropped"), "{texts:?}");
}
