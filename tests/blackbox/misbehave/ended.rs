//! Runs that the host ends: each with its typed cause, and without a trace in its session.

use super::{Case, REPEATS, config, limited};
use crate::harness::{Config, Host, Kind};

/// What they did is thrown away, and they are repeated.
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
async fn the_last_words_of_a_panic_are_kept_with_the_session() {
    let host = Host::start(&config()).await;
    let session = host.left(1, &["panic"]).await;
    let parked = host.parked(session).await;
    assert!(parked.attempts[0].log.contains("asked to panic"), "{:?}", parked.attempts[0]);
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
