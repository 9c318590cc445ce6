//! How a stream ends, and what becomes of the sessions opened on it.

use std::time::Duration;

use mpy6a_proto::v1::{Handle, Index, SessionState};
use rustix::process::Signal;
use tonic::Code;

use super::{host, paused, through};
use crate::harness::{
    Config, Host, Kind, Proxy, Refused,
    streamed::{append, applied, by, delete, local, new, opened, renew, store},
};

/// A delay that no test outlives.
const LONG: &str = "1000s";

fn id(handle: Handle) -> Index {
    handle.id.unwrap()
}

#[tokio::test]
async fn a_half_close_is_answered_to_the_last_and_then_stores_what_is_open() {
    let host = host(paused().set("delay", LONG).set("lease", "1h")).await;
    let mut stream = host.stream().await;
    let mut tags = Vec::new();
    for n in 0..200 {
        tags.extend(stream.ask([new(n, 1, "a"), append(local(n), 1, "b")]).await);
    }
    tags.extend(stream.ask([delete(local(0), 2), store(local(1), 2, Some(0))]).await);
    stream.half_close();
    let mut sessions = Vec::new();
    for (at, tag) in tags.into_iter().enumerate() {
        let outcome = stream.answer(tag).await;
        if at < 400 && at % 2 == 0 {
            sessions.push(id(opened(outcome).handle.unwrap()));
        } else {
            applied(outcome);
        }
    }
    stream.end().await.expect("a clean end");
    host.kind_is(1, "has all of them stored", |kind| (kind.active, kind.stored) == (0, 199)).await;
    let seen = host.look(sessions[2]).await.unwrap();
    assert!(seen.due_ms >= seen.stored_ms + 1_000_000, "with the kind's delay: {seen:?}");
    let seen = host.look(sessions[1]).await.unwrap();
    assert_eq!(seen.due_ms, seen.stored_ms, "what its client stored has its client's timeout");
}

#[tokio::test]
async fn a_stream_that_is_cut_has_its_sessions_repeated_after_the_delay() {
    let host = host(Kind::misbehave(1).set("delay", "300ms").set("lease", "1h")).await;
    let proxy = Proxy::to(host.port()).await;
    let mut stream = through(&proxy, &host).stream().await;
    let handle = stream.open(1, 1, "delete").await.handle.unwrap();
    let elsewhere = host.open(1, "delete").await;
    applied(stream.one(append(by(elsewhere), 1, "used here, not opened here")).await);
    proxy.cut();
    host.gone(id(handle)).await;
    assert_eq!(host.look(id(elsewhere)).await.unwrap().state(), SessionState::Active);
}

#[tokio::test]
async fn a_client_that_cancels_is_gone() {
    let host = host(paused().set("delay", LONG).set("lease", "1h")).await;
    let mut stream = host.stream().await;
    let handle = stream.open(1, 1, "a").await.handle.unwrap();
    drop(stream);
    host.in_state(id(handle), SessionState::Stored).await;
}

#[tokio::test]
async fn a_client_that_comes_back_with_its_keys_goes_on() {
    let host = host(paused().set("delay", LONG).set("lease", "1h")).await;
    let proxy = Proxy::to(host.port()).await;
    let mut stream = through(&proxy, &host).stream().await;
    let [by_append, by_renew, by_call] = [1, 2, 3].map(|n| new(n, 1, "a"));
    let handles: Vec<Handle> = stream
        .all([by_append, by_renew, by_call])
        .await
        .into_iter()
        .map(|outcome| opened(outcome).handle.unwrap())
        .collect();
    proxy.cut();
    for handle in &handles {
        host.in_state(id(*handle), SessionState::Stored).await;
    }
    proxy.mend();
    let mut stream = through(&proxy, &host).stream().await;
    applied(stream.one(append(by(handles[0]), 1, "b")).await);
    stream.one(renew(by(handles[1]))).await;
    host.append(handles[2], 1, "b").await.unwrap();
    for handle in &handles {
        let seen = host.look(id(*handle)).await.unwrap();
        assert_eq!((seen.state(), seen.fence), (SessionState::Active, handle.id), "no change of hands");
    }
}

#[tokio::test]
async fn a_client_heard_of_by_another_way_before_its_stream_is_known_to_be_broken_loses_nothing() {
    let host = host(paused().set("delay", LONG).set("lease", "1h")).await;
    let (mut old, mut fresh) = (host.stream().await, host.connect().stream().await);
    let mut handles = Vec::new();
    for outcome in old.all((0..4).map(|n| new(n, 1, "a"))).await {
        handles.push(opened(outcome).handle.unwrap());
    }
    applied(fresh.one(append(by(handles[0]), 1, "b")).await);
    host.renew(handles[1]).await.unwrap();
    host.append(handles[2], 1, "b").await.unwrap();
    applied(old.one(append(local(2), 2, "and back")).await);
    old.half_close();
    old.end().await.unwrap();
    for (handle, state) in
        handles.iter().zip([SessionState::Active, SessionState::Active, SessionState::Stored, SessionState::Stored])
    {
        host.in_state(id(*handle), state).await;
    }
}

#[tokio::test]
async fn a_host_that_shuts_down_answers_says_so_and_leaves_sessions_with_their_clients() {
    let config = Config::of([paused().set("lease", "1h")]);
    let mut host = Host::start(&config).await;
    let mut streams = Vec::new();
    for _ in 0..3 {
        let mut stream = host.connect().stream().await;
        let handle = stream.open(1, 1, "a").await.handle.unwrap();
        streams.push((stream, handle));
    }
    host.signal(Signal::TERM);
    for (stream, _) in &mut streams {
        let refused = Refused::from(stream.end().await.unwrap_err());
        refused.says(Code::Unavailable, "SHUTTING_DOWN", "try again");
        assert!(refused.retry.is_some());
    }
    let exit = tokio::time::timeout(Duration::from_secs(10), host.exit()).await.expect("nobody is waited for");
    assert_eq!(exit.code, Some(0), "{exit:?}");
    host.launch().await;
    for (_, handle) in &streams {
        assert_eq!(host.look(id(*handle)).await.unwrap().state(), SessionState::Active);
        host.append(*handle, 1, "going on").await.unwrap();
    }
}

#[tokio::test]
async fn under_load_a_shutdown_answers_what_was_applied_and_nothing_else_was() {
    let mut host = Host::start(&Config::of([paused().set("lease", "1h")])).await;
    let mut stream = host.stream().await;
    let handle = stream.open(1, 1, "0").await.handle.unwrap();
    let (mut asked, mut answered, mut told) = (0, 0, false);
    let ended = loop {
        while asked < answered + 64 {
            asked += 1;
            let operation = append(local(1), asked, asked.to_string());
            if !stream.try_send(vec![operation], Duration::from_millis(50)).await {
                break;
            }
        }
        match stream.next().await {
            Some(Ok(message)) => answered += message.answers.len() as u64,
            Some(Err(status)) => break status,
            None => panic!("the host said nothing"),
        }
        if answered > 200 && !told {
            told = true;
            host.signal(Signal::TERM);
        }
    };
    Refused::from(ended).says(Code::Unavailable, "SHUTTING_DOWN", "try again");
    assert_eq!(host.exit().await.code, Some(0));
    host.launch().await;
    let records = host.records(id(handle)).await.unwrap();
    let expected: Vec<String> = (0..=answered).map(|n| n.to_string()).collect();
    assert_eq!(records, expected);
}
