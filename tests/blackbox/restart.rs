//! What a killed host was repeating is repeated at once by the next, the death counts as a repeat, and a handler that
//! kills its host every time is parked at last.

use std::time::Duration;

use mpy6a_proto::v1::SessionState;

use crate::harness::{Config, Effects, Host, Kind, newer, shown, until};

/// A kind whose runs the tests outlive only by killing the host.
fn sleeper() -> Kind {
    Kind::misbehave(1).set("plugin.time", "10m").set("backoff.initial", "10m").set("backoff.max", "10m")
}

#[tokio::test]
async fn a_session_under_repeat_is_repeated_at_once_by_the_next_host() {
    let mut host = Host::start(&Config::of([sleeper().set("max_repeats", 5)])).await;
    let session = host.left(1, &["sleep 600000", "kept"]).await;
    let first = host.in_state(session, SessionState::Repeating).await;

    host.restart().await;
    let second = host.seen(session, "repeated again", |it| it.attempts.len() == 1 && it.repeats == 2).await;
    assert_eq!(second.state(), SessionState::Repeating, "at once, and not after the backoff");
    assert_eq!((second.attempts[0].outcome.as_str(), second.attempts[0].repeat), ("host-died", 1));
    assert_eq!(second.attempts[0].fence, first.fence);
    assert!(newer(second.fence.unwrap(), first.fence.unwrap()));
    assert_eq!(second.records, ["sleep 600000", "kept"]);
}

#[tokio::test]
async fn a_handler_that_kills_its_host_every_time_is_parked_at_last() {
    const REPEATS: u32 = 3;
    let mut host = Host::start(&Config::of([sleeper().set("max_repeats", REPEATS)])).await;
    let session = host.left(1, &["sleep 600000"]).await;
    for repeat in 1..=REPEATS {
        host.seen(session, "repeated", |it| it.state() == SessionState::Repeating && it.repeats == repeat).await;
        host.restart().await;
    }
    let parked = host.parked(session).await;
    let outcomes: Vec<_> = parked.attempts.iter().map(|it| (it.repeat, it.outcome.as_str())).collect();
    assert_eq!(outcomes, [(1, "host-died"), (2, "host-died"), (3, "host-died")]);
    assert_eq!(parked.records, ["sleep 600000"]);
}

#[tokio::test]
async fn an_effect_cut_off_by_a_kill_is_repeated_with_the_same_key_and_a_larger_fence() {
    let effects = Effects::start(|_| std::future::pending()).await;
    let kind = sleeper().set("max_repeats", 5).allow(&effects.url);
    let mut host = Host::start(&Config::of([kind])).await;
    let record = format!("http-step charge {}/charge", effects.url);
    let session = host.left(1, &[&record]).await;
    asked(&effects, 1).await;
    host.restart().await;
    asked(&effects, 2).await;

    let seen = effects.seen();
    let id = shown(session);
    assert_eq!(seen[0].key, Some(format!("{id}/charge")));
    assert_eq!(seen[1].key, seen[0].key);
    let fence = |at: usize| seen[at].fence.as_deref().unwrap().parse::<mpy6a_client::Index>().unwrap();
    assert!(fence(1) > fence(0), "{seen:?}");
}

async fn asked(effects: &Effects, times: usize) {
    until("the handler asked", async || (effects.seen().len() >= times).then_some(())).await;
}

#[tokio::test]
async fn stored_sessions_keep_their_due_times_and_active_ones_get_a_fresh_lease() {
    let kind = Kind::misbehave(1).set("lease", "2s").set("delay", "0s");
    let mut host = Host::start(&Config::of([kind])).await;
    let later = host.open(1, "delete").await;
    let due_ms = host.store(later, 1, Some(1000)).await.unwrap().due_ms;
    let active = host.open(1, "delete").await;
    host.kill();
    // Longer than what was left of the lease: a host that counted the time it was dead would end it.
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    host.launch().await;
    host.append(active, 1, "still mine").await.unwrap();
    assert_eq!(host.look(active.id.unwrap()).await.unwrap().repeats, 0);
    let waiting = host.look(later.id.unwrap()).await.unwrap();
    assert_eq!((waiting.state(), waiting.due_ms), (SessionState::Stored, due_ms));
    // Nobody renews it any more.
    host.gone(active.id.unwrap()).await;
}

#[tokio::test]
async fn sessions_that_fell_due_while_no_host_ran_are_repeated_by_the_next() {
    let mut host = Host::start(&Config::of([Kind::misbehave(1).set("max_repeats", 5)])).await;
    let mut sessions = Vec::new();
    for _ in 0..20 {
        let handle = host.open(1, "delete").await;
        host.store(handle, 1, Some(1)).await.unwrap();
        sessions.push(handle.id.unwrap());
    }
    host.restart().await;
    for session in sessions {
        host.gone(session).await;
    }
}
