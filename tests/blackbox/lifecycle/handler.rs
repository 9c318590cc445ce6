//! A repeat: what the handler is given, and what it does to its session.

use std::collections::HashMap;

use mpy6a_proto::v1::{NewRequest, SessionState};

use crate::{
    admin::cli::{mpy6a, said},
    harness::{Config, Host, Kind, newer, shown, until, wat},
};

#[tokio::test]
async fn a_stored_session_is_repeated_by_its_handler_and_deleted() {
    let host = Host::start(&Config::of([Kind::misbehave(1)])).await;
    let session = host.left(1, &["delete"]).await;
    host.gone(session).await;
    let ended = host.repeat_ended(session).await;
    assert_eq!((&ended["kind"], &ended["kind_name"], &ended["repeat"]), (&1.into(), &"k1".into(), &1.into()));
    assert_eq!((&ended["outcome"], &ended["ended"]), (&"returned".into(), &"deleted".into()));
    for figure in ["lag_us", "run_us", "commit_us", "total_us", "fuel"] {
        assert!(ended[figure].is_u64(), "{figure} in {ended}");
    }
}

#[tokio::test]
async fn a_core_module_without_a_component_type_is_a_handler_too() {
    let host = Host::start(&Config::of([Kind::new(1, wat("bare-delete"))])).await;
    let session = host.left(1, &["whatever"]).await;
    host.gone(session).await;
}

#[tokio::test]
async fn the_handler_gets_all_that_the_session_recorded_and_the_host_knows() {
    const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let host = Host::start(&Config::of([Kind::misbehave(7).set("max_repeats", 5)])).await;
    let request = NewRequest {
        kind: 7,
        record: Some("facts".into()),
        traceparent: TRACEPARENT.to_owned(),
        ..NewRequest::default()
    };
    let handle = host.new_session(request).await.unwrap().handle.unwrap();
    host.append(handle, 1, "мария").await.unwrap();
    host.append(handle, 2, "third").await.unwrap();
    let stored = host.store(handle, 3, Some(0)).await.unwrap();

    let parked = host.parked(handle.id.unwrap()).await;
    let facts: HashMap<&str, &str> =
        parked.attempts[0].cause.split("; ").filter_map(|fact| fact.split_once('=')).collect();
    let id = shown(handle.id.unwrap());
    assert_eq!(facts["records"], "facts|мария|third");
    assert_eq!((facts["session"], facts["idempotency-key"]), (&*id, &*id));
    assert_eq!((facts["kind"], facts["kind-name"]), ("7", "k7"));
    assert_eq!((facts["repeat"], facts["max-repeats"]), ("1", "5"));
    assert_eq!(facts["traceparent"], format!("Some({TRACEPARENT:?})"));
    assert_eq!(facts["fence"], shown(parked.fence.unwrap()));
    assert!(newer(parked.fence.unwrap(), stored.change_id.unwrap()), "the fence is of the claim");
    let ms = |name: &str| facts[name].parse::<u64>().unwrap();
    assert_eq!((ms("created-ms"), ms("due-ms")), (parked.created_ms, stored.due_ms));
    assert!(ms("created-ms") <= ms("stored-ms") && ms("due-ms") < ms("deadline-ms"));
}

#[tokio::test]
async fn settings_reach_the_handler() {
    let kind = Kind::misbehave(1).set("plugin.settings.service", "http://there");
    let host = Host::start(&Config::of([kind])).await;
    let given = host.left(1, &["setting service"]).await;
    let absent = host.left(1, &["setting other"]).await;
    assert_eq!(host.parked(given).await.attempts[0].cause, "Some(\"http://there\")");
    assert_eq!(host.parked(absent).await.attempts[0].cause, "None");
}

#[tokio::test]
async fn what_a_returning_handler_did_to_its_session_is_kept() {
    let host = Host::start(&Config::of([Kind::misbehave(1)])).await;
    for (record, after) in [
        ("append more", vec!["append more", "more"]),
        ("replace other", vec!["other"]),
        ("append-then-retry more", vec!["append-then-retry more", "more"]),
    ] {
        let session = host.left(1, &[record]).await;
        let parked = host.parked(session).await;
        assert_eq!(parked.records, after, "{record}");
    }
}

#[tokio::test]
async fn a_handler_that_stores_its_session_is_repeated_after_its_timeout_and_counted_anew() {
    let host = Host::start(&Config::of([Kind::misbehave(1).set("max_repeats", 1)])).await;
    let session = host.left(1, &["store 1000"]).await;
    let stored = host.seen(session, "stored again", |it| it.attempts.len() == 1).await;
    assert_eq!((stored.state(), stored.repeats), (SessionState::Stored, 0));
    assert!(stored.due_ms >= stored.stored_ms + 1_000_000, "{stored:?}");
    assert_eq!(stored.attempts[0].outcome, "returned");
}

#[tokio::test]
async fn a_session_that_nothing_finishes_is_repeated_with_backoff_and_parked_whole() {
    let kind = Kind::misbehave(1)
        .set("max_repeats", 4)
        .set("backoff.initial", "30ms")
        .set("backoff.factor", 2.0)
        .set("backoff.max", "60ms");
    let host = Host::start(&Config::of([kind])).await;
    let session = host.left(1, &["retry not yet", "kept"]).await;
    let parked = host.parked(session).await;
    assert_eq!(parked.repeats, 4);
    assert_eq!(parked.records, ["retry not yet", "kept"]);
    let attempts: Vec<_> =
        parked.attempts.iter().map(|it| (it.repeat, it.outcome.as_str(), it.cause.as_str())).collect();
    assert_eq!(attempts, [1, 2, 3, 4].map(|repeat| (repeat, "retry", "not yet")));
    for (pair, backoff_ms) in parked.attempts.windows(2).zip([30, 60, 60]) {
        let waited = pair[1].started_ms - pair[0].started_ms;
        assert!(waited >= backoff_ms, "{waited} ms between repeats {} and {}", pair[0].repeat, pair[1].repeat);
        assert!(newer(pair[1].fence.unwrap(), pair[0].fence.unwrap()), "the fence grows");
    }
    assert!(host.logged("session parked").await["level"] == "WARN");
}

#[tokio::test]
async fn a_handler_that_forgets_to_finish_is_told_so_everywhere() {
    let words = "the handler returned without delete or store";
    let kind = Kind::misbehave(1).set("max_repeats", 2).set("backoff.initial", "1ms").set("backoff.max", "1ms");
    let host = Host::start(&Config::of([kind])).await;
    let session = host.left(1, &["nothing"]).await;
    let parked = host.parked(session).await;
    let attempts: Vec<_> = parked.attempts.iter().map(|it| (it.outcome.as_str(), it.cause.as_str())).collect();
    assert_eq!(attempts, [("returned", words); 2]);
    let waits = parked.waiting.unwrap().words;
    assert!(waits.contains(&format!("the last: {words}")), "{waits}");
    assert_eq!(host.logged("repeat ended").await["cause"], words);
    assert_eq!(host.logged("session parked").await["cause"], words);
    let listed = said(&mpy6a(&host, &["session", "ls", "--cause", words, "--output", "json"]).await);
    assert!(listed.contains(&shown(session)) && listed.contains(words), "{listed}");
    // One that asked to be stored did finish.
    let stored = host.left(1, &["store 1000"]).await;
    let stored = until("it is stored", async || host.look(stored).await.filter(|it| !it.attempts.is_empty())).await;
    assert_eq!((stored.attempts[0].outcome.as_str(), stored.attempts[0].cause.as_str()), ("returned", ""));
}

#[tokio::test]
async fn log_lines_and_standard_streams_of_a_handler_come_into_the_log() {
    let host = Host::start(&Config::of([Kind::misbehave(1)])).await;
    let session = host.left(1, &["stdout to be or not to be"]).await;
    let line = host.logged("to be or not to be").await;
    assert_eq!((&line["target"], &line["session"]), (&"handler".into(), &shown(session).into()));
    assert_eq!(line["level"], "INFO");
    host.left(1, &["stderr that is the question"]).await;
    assert_eq!(host.logged("that is the question").await["level"], "WARN");
}
