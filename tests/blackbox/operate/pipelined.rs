//! Operations leave without waiting for each other, are applied in the order sent, and are durable when answered.

use std::collections::BTreeSet;

use mpy6a_proto::v1::{Index, NewRequest, OperateRequest, SessionState, answer::Outcome, operation::What};

use super::{host, paused};
use crate::harness::streamed::{
    append, applied, by, delete, local, new, opened, operation, refused, renew, replace, store,
};

#[tokio::test]
async fn a_whole_session_leaves_in_one_message() {
    let host = host(paused()).await;
    let mut stream = host.stream().await;
    let operations =
        [new(9, 1, "first"), append(local(9), 1, "second"), replace(local(9), 2, "third"), delete(local(9), 3)];
    let outcomes = stream.all(operations).await;
    let session = opened(outcomes[0].clone());
    let changes: Vec<Index> = outcomes[1..].iter().map(|outcome| applied(outcome.clone()).change_id.unwrap()).collect();
    let indexes: Vec<u64> = changes.iter().map(|change| change.index).collect();
    let first = session.fence.unwrap().index;
    assert_eq!(indexes, [first + 1, first + 2, first + 3], "applied in the order sent");
    assert!(host.look(session.handle.unwrap().id.unwrap()).await.is_none());
}

#[tokio::test]
async fn a_message_for_each_operation_does_as_well() {
    let host = host(paused()).await;
    let mut stream = host.stream().await;
    let tags = [
        stream.ask([new(1, 1, "a")]).await[0],
        stream.ask([append(local(1), 1, "b")]).await[0],
        stream.ask([append(local(1), 2, "c")]).await[0],
    ];
    let session = opened(stream.answer(tags[0]).await);
    applied(stream.answer(tags[2]).await);
    applied(stream.answer(tags[1]).await);
    assert_eq!(host.records(session.handle.unwrap().id.unwrap()).await.unwrap(), ["a", "b", "c"]);
}

#[tokio::test]
async fn many_sessions_are_under_way_at_once_and_each_keeps_its_order() {
    const SESSIONS: u64 = 300;
    const RECORDS: u64 = 5;
    let host = host(paused()).await;
    let mut stream = host.stream().await;
    let mut news = Vec::new();
    for n in 0..SESSIONS {
        news.extend(stream.ask([new(n, 1, "0")]).await);
    }
    let mut others = Vec::new();
    for number in 1..=RECORDS {
        let appends = (0..SESSIONS).map(|n| append(local(n), number, number.to_string()));
        others.extend(stream.ask(appends).await);
    }
    let mut ids = BTreeSet::new();
    let expected: Vec<String> = (0..=RECORDS).map(|n| n.to_string()).collect();
    for tag in others {
        applied(stream.answer(tag).await);
    }
    for tag in news {
        let id = opened(stream.answer(tag).await).handle.unwrap().id.unwrap();
        assert!(ids.insert(id.index));
        assert_eq!(host.records(id).await.unwrap(), expected);
    }
    assert_eq!(host.kind(1).await.active, SESSIONS);
}

#[tokio::test]
async fn what_is_answered_is_durable() {
    let mut host = host(paused()).await;
    let mut stream = host.stream().await;
    let outcomes = stream.all([new(1, 1, "a"), append(local(1), 1, "b"), new(2, 1, "c")]).await;
    host.kill();
    host.launch().await;
    let [one, two] = [&outcomes[0], &outcomes[2]].map(|outcome| opened(outcome.clone()).handle.unwrap().id.unwrap());
    assert_eq!(host.records(one).await.unwrap(), ["a", "b"]);
    assert_eq!(host.records(two).await.unwrap(), ["c"]);
}

#[tokio::test]
async fn store_and_renew_answer_what_single_calls_do() {
    let host = host(paused().set("lease", "60s")).await;
    let mut stream = host.stream().await;
    let session = stream.open(1, 1, "a").await;
    assert_eq!(session.lease_ms, 60_000);
    assert_eq!(stream.one(renew(local(1))).await, Outcome::LeaseMs(60_000));
    assert_eq!(stream.one(renew(by(session.handle.unwrap()))).await, Outcome::LeaseMs(60_000));
    let due_ms = applied(stream.one(store(local(1), 1, Some(600))).await).due_ms;
    let seen = host.look(session.handle.unwrap().id.unwrap()).await.unwrap();
    assert_eq!((seen.state(), seen.due_ms), (SessionState::Stored, due_ms));
    assert_eq!(refused(stream.one(renew(by(session.handle.unwrap()))).await).reason, "SESSION_FINISHED");
}

#[tokio::test]
async fn single_calls_and_two_streams_share_a_session() {
    let host = host(paused()).await;
    let (mut one, mut two) = (host.stream().await, host.connect().stream().await);
    let handle = one.open(1, 1, "opened on one").await.handle.unwrap();
    applied(two.one(append(by(handle), 1, "on another")).await);
    host.append(handle, 2, "by a call").await.unwrap();
    applied(one.one(append(local(1), 3, "by number")).await);
    assert_eq!(refused(two.one(append(local(1), 4, "not its number")).await).reason, "LOCAL_NOT_OPEN");
    let expected = ["opened on one", "on another", "by a call", "by number"];
    assert_eq!(host.records(handle.id.unwrap()).await.unwrap(), expected);
    host.delete(handle, 5).await.unwrap();
    assert_eq!(refused(one.one(append(by(handle), 6, "late")).await).reason, "SESSION_FINISHED");
    one.open(1, 1, "the number is free again").await;
}

#[tokio::test]
async fn a_session_opened_by_a_call_is_used_on_a_stream() {
    let host = host(paused()).await;
    let handle = host.open(1, "a").await;
    let mut stream = host.stream().await;
    let outcomes = stream.all([append(by(handle), 1, "b"), delete(by(handle), 2)]).await;
    for outcome in outcomes {
        applied(outcome);
    }
    assert!(host.look(handle.id.unwrap()).await.is_none());
}

#[tokio::test]
async fn a_repeated_operation_gets_the_first_answer_and_applies_nothing() {
    let host = host(paused()).await;
    let mut stream = host.stream().await;
    let ask = |local_number| {
        let request = NewRequest { kind: 1, request_id: "same".to_owned(), ..NewRequest::default() };
        operation(local(local_number), 0, What::New(request))
    };
    let first = stream.one(ask(1)).await;
    assert_eq!(stream.one(ask(2)).await, first, "opens nothing");
    let handle = opened(first).handle.unwrap();
    let appended = stream.one(append(local(2), 1, "a")).await;
    assert_eq!(stream.one(append(local(2), 1, "a")).await, appended);
    assert_eq!(host.append(handle, 1, "a").await.unwrap(), applied(appended).change_id.unwrap());
    assert_eq!(refused(stream.one(append(local(2), 1, "other")).await).reason, "OPERATION_NUMBER_REUSED");
    assert_eq!(refused(stream.one(append(local(1), 2, "b")).await).reason, "LOCAL_NOT_OPEN", "it has the number 2 now");
    assert_eq!(host.records(handle.id.unwrap()).await.unwrap(), ["a"]);
    let deleted = stream.one(delete(local(2), 5)).await;
    assert_eq!(stream.one(delete(by(handle), 5)).await, deleted);
    assert_eq!(host.kind(1).await.active, 0);
}

#[tokio::test]
async fn an_empty_message_is_no_offence() {
    let host = host(paused()).await;
    let mut stream = host.stream().await;
    stream.send(OperateRequest::default().operations).await;
    stream.open(1, 1, "a").await;
}
