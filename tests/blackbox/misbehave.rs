//! Handlers that misbehave harm nothing but their own run: each ends with its typed cause, its session is repeated and parked as
//! designed, and other kinds' sessions are repeated undisturbed meanwhile.

use mpy6a_proto::v1::SessionState;

use crate::harness::{Config, Host, Kind, shown, wat};

/// How often a session is repeated before it is parked.
const REPEATS: u32 = 2;

/// Limits under which a bad run ends soon and a good one with ease.
fn limited(kind: Kind) -> Kind {
    kind.set("max_repeats", REPEATS).set("plugin.memory", "16MiB").set("plugin.fuel", 50_000_000)
}

/// What a handler does; its outcome and a part of the cause; the records that are left, but for the first.
type Case = (&'static str, &'static str, &'static str, &'static [&'static str]);

/// Ended by the host: what they did is thrown away, and they are repeated.
const ENDED: &[Case] = &[
    ("trap", "trapped", "unreachable", &[]),
    ("panic", "trapped", "unreachable", &[]),
    ("loop", "out-of-fuel", "", &[]),
    ("memory", "out-of-memory", "", &[]),
    ("recurse", "trapped", "stack", &[]),
    ("pollables", "contract-broken", "host resources", &[]),
    ("append-then-trap lost", "trapped", "unreachable", &[]),
    ("delete-then-trap", "trapped", "unreachable", &[]),
];

/// Refused by the host, as values that the handler tells as its reason: it ended by itself.
const REFUSED: &[Case] = &[
    ("big-record 2000", "permanent", "RecordTooLarge", &[]),
    ("fill 900", "permanent", "4 SessionTooLarge", &["x900", "x900", "x900", "x900"]),
    ("store 4000000", "permanent", "TimeoutTooLong", &[]),
    ("store-then-append late", "permanent", "Finished", &[]),
    ("no such word", "permanent", "no such behaviour", &[]),
];

fn config() -> Config {
    Config::of([limited(Kind::misbehave(1))])
        .set("limits.record", "1KiB")
        .set("limits.session", "4KiB")
        .set("limits.timeout", "1h")
}

#[tokio::test]
async fn a_run_that_the_host_ends_has_its_typed_cause_and_leaves_no_trace() {
    let host = Host::start(&config()).await;
    for (record, outcome, cause, _) in ENDED {
        let session = host.left(1, &[record]).await;
        let parked = host.parked(session).await;
        assert_eq!(parked.attempts.len(), REPEATS as usize, "{record}: it is repeated before it is parked");
        for attempt in &parked.attempts {
            assert_eq!(attempt.outcome, *outcome, "{record}: {attempt:?}");
            assert!(attempt.cause.contains(cause), "{record}: {attempt:?}");
            assert_eq!(attempt.plugin_digest.len(), 64, "{record}: {attempt:?}");
            assert!(attempt.fuel > 0, "{record}: {attempt:?}");
        }
        assert_eq!(parked.records, [*record], "what it did is thrown away");
    }
}

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
async fn the_last_words_of_a_panic_are_kept_with_the_session() {
    let host = Host::start(&config()).await;
    let session = host.left(1, &["panic"]).await;
    let parked = host.parked(session).await;
    assert!(parked.attempts[0].log.contains("asked to panic"), "{:?}", parked.attempts[0]);
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
async fn a_run_out_of_time_is_ended_whether_it_computes_or_sleeps() {
    let endless = limited(Kind::misbehave(1)).set("plugin.fuel", i64::MAX).set("plugin.time", "200ms");
    let host = Host::start(&Config::of([endless])).await;
    for record in ["loop", "sleep 600000"] {
        let session = host.left(1, &[record]).await;
        let parked = host.parked(session).await;
        for attempt in &parked.attempts {
            assert_eq!(attempt.outcome, "timed-out", "{record}: {attempt:?}");
            assert!(attempt.duration_us >= 200_000, "{record}: {attempt:?}");
        }
    }
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

/// Guests written by hand, for what no toolchain makes.
const WATS: &[(&str, &str, &str)] = &[
    ("realloc-loops", "out-of-fuel", ""),
    ("post-return-loops", "out-of-fuel", ""),
    ("table-grows", "out-of-memory", ""),
    ("realloc-lies", "contract-broken", ""),
    ("result-lies", "contract-broken", ""),
    ("reason-not-text", "contract-broken", "utf-8"),
];

#[tokio::test]
async fn a_guest_that_lies_to_the_host_ends_its_own_run_and_nothing_else() {
    let kinds = (1..).zip(WATS).map(|(id, (name, ..))| limited(Kind::new(id, wat(name))));
    let host = Host::start(&Config::of(kinds)).await;
    for (id, (name, outcome, cause)) in (1..).zip(WATS) {
        let session = host.left(id, &["anything"]).await;
        let parked = host.parked(session).await;
        for attempt in &parked.attempts {
            assert_eq!(attempt.outcome, *outcome, "{name}: {attempt:?}");
            assert!(attempt.cause.contains(cause), "{name}: {attempt:?}");
        }
    }
}

#[tokio::test]
async fn a_reason_of_16_megabytes_is_not_kept_whole() {
    let kind = Kind::new(1, wat("reason-huge"));
    let host = Host::start(&Config::of([kind])).await;
    let session = host.left(1, &["anything"]).await;
    let parked = host.parked(session).await;
    assert!(parked.attempts[0].cause.len() <= 1024, "{} bytes", parked.attempts[0].cause.len());
}

#[tokio::test]
async fn other_kinds_are_repeated_while_one_misbehaves_with_all_its_workers() {
    // As much fuel and time as there can be: these runs end when the test does.
    let endless = Kind::misbehave(1).set("plugin.fuel", i64::MAX).set("plugin.time", "10m").set("max_running", 4);
    let host = Host::start(&Config::of([endless, Kind::misbehave(2)])).await;
    let mut greedy = Vec::new();
    for record in ["loop", "loop", "sleep 600000", "loop", "loop", "loop"] {
        greedy.push(host.left(1, &[record]).await);
    }
    host.kind_is(1, "has no worker free", |kind| kind.repeating == 4).await;

    for _ in 0..20 {
        let session = host.left(2, &["delete"]).await;
        host.gone(session).await;
    }
    let mut states = Vec::new();
    for session in greedy {
        states.push(host.look(session).await.unwrap().state());
    }
    assert_eq!(states[..4], [SessionState::Repeating; 4], "they still run");
    assert_eq!(states[4..], [SessionState::Stored; 2], "and hold up those of their own kind alone");
}
