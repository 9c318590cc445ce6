//! Acting on sessions: what is done is done once and durably, what is not is refused by name.

use mpy6a_proto::v1::{Action, SessionState, Target, WaitReason};

use super::{act, act_on, waits};
use crate::harness::{Config, Host, Kind};

fn patient() -> Kind {
    Kind::misbehave(1).set("delay", "1h")
}

#[tokio::test]
async fn a_stored_session_is_repeated_now() {
    let host = Host::start(&Config::of([patient()])).await;
    let handle = host.open(1, "delete").await;
    host.store(handle, 0, Some(3_600)).await.unwrap();
    let id = handle.id.unwrap();
    let due_ms = act(&host, Action::Repeat, id, false).await.unwrap().unwrap();
    host.gone(id).await;
    assert!(due_ms > 0);
    assert_eq!(act(&host, Action::Repeat, id, false).await, Err("SESSION_NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn parked_sessions_are_redriven_together_but_for_one_that_changed_since() {
    let host = Host::start(&Config::of([patient().set("max_repeats", 1)])).await;
    let mut targets = Vec::new();
    for _ in 0..50 {
        targets.push(host.left(1, &["trap"]).await);
    }
    let mut seen = Vec::new();
    for id in &targets {
        seen.push(host.parked(*id).await.change_id);
    }
    // Somebody else looked after the first one meanwhile.
    act(&host, Action::Redrive, targets[0], false).await.unwrap();
    let asked = targets.iter().zip(seen).map(|(id, since)| Target { id: Some(*id), unchanged_since: since });
    let results = act_on(&host, Action::Redrive, asked.collect(), false).await.unwrap();
    assert_eq!(results[0], Err("SESSION_CHANGED".to_owned()));
    assert!(results[1..].iter().all(Result::is_ok), "{results:?}");
    for id in &targets[1..] {
        let again = host.seen(*id, "parked again", |it| it.state() == SessionState::Parked && it.attempts.len() == 2);
        assert_eq!(again.await.repeats, 1, "counted anew");
    }
}

#[tokio::test]
async fn what_a_person_parked_stays_so_over_a_kill() {
    let mut host = Host::start(&Config::of([patient()])).await;
    let handle = host.open(1, "delete").await;
    host.store(handle, 0, Some(1)).await.unwrap();
    let id = handle.id.unwrap();
    act(&host, Action::Park, id, false).await.unwrap();
    host.restart().await;
    let (reason, words) = waits(&host, id).await;
    assert_eq!(reason, WaitReason::Person);
    assert!(words.contains("a person parked it"), "{words}");
    act(&host, Action::Redrive, id, false).await.unwrap();
    host.gone(id).await;
}

#[tokio::test]
async fn a_clients_session_is_taken_by_force_only_and_a_runs_never() {
    let host = Host::start(&Config::of([patient().set("plugin.time", "10m")])).await;
    let handle = host.open(1, "x").await;
    let id = handle.id.unwrap();
    for action in [Action::Park, Action::Delete] {
        assert_eq!(act(&host, action, id, false).await, Err("SESSION_STATE".to_owned()));
    }
    host.append(handle, 0, "still mine").await.unwrap();
    act(&host, Action::Delete, id, true).await.unwrap();
    assert_eq!(host.append(handle, 0, "mine?").await.unwrap_err().reason, "LEASE_LOST");

    let running = host.left(1, &["sleep 600000"]).await;
    host.in_state(running, SessionState::Repeating).await;
    for action in [Action::Repeat, Action::Park, Action::Redrive, Action::Delete] {
        assert_eq!(act(&host, action, running, true).await, Err("SESSION_STATE".to_owned()), "{action:?}");
    }
}
