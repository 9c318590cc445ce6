//! A refusal is about one operation: it says why, and the stream goes on.

use mpy6a_proto::v1::{Handle, Index, Operation, Refused};
use tonic::Code;

use super::{host, paused};
use crate::harness::{
    Config, Host, Streamed,
    streamed::{append, applied, by, delete, local, new, operation, refused, renew, store},
};

/// It is refused like this, and the stream goes on.
async fn says(stream: &mut Streamed, operation: Operation, code: Code, reason: &str, remedy: &str) -> Refused {
    let refused = refused(stream.one(operation).await);
    assert_eq!((Code::from(refused.code), refused.reason.as_str()), (code, reason), "{refused:?}");
    assert!(refused.message.contains(remedy), "{remedy:?} is not in {refused:?}");
    refused
}

#[tokio::test]
async fn every_error_of_a_single_call_is_one_of_the_stream() {
    let host = host(paused()).await;
    let mut stream = host.stream().await;
    let handle = stream.open(1, 1, "a").await.handle.unwrap();
    let unknown = Handle { id: Some(Index { term: 9, index: 9 }), key: 1 };
    let wrong = Handle { key: handle.key ^ 1, ..handle };
    let stream = &mut stream;
    says(stream, new(2, 404, "a"), Code::NotFound, "KIND_UNKNOWN", "[[kind]]").await;
    says(stream, append(by(unknown), 1, "a"), Code::NotFound, "SESSION_NOT_FOUND", "finished").await;
    says(stream, append(by(wrong), 1, "a"), Code::NotFound, "SESSION_NOT_FOUND", "check id and key").await;
    says(stream, renew(by(wrong)), Code::NotFound, "SESSION_NOT_FOUND", "check id and key").await;
    let too_long = store(local(1), 1, Some(u32::MAX));
    says(stream, too_long, Code::InvalidArgument, "TIMEOUT_TOO_LONG", "over the limit").await;
    applied(stream.one(append(local(1), 5, "b")).await);
    let stale = append(local(1), 4, "c");
    let refused = says(stream, stale, Code::FailedPrecondition, "OPERATION_NUMBER_STALE", "larger").await;
    assert_eq!(refused.metadata["last"], "5");
    assert_eq!(refused.retry_ms, None);
    assert_eq!(host.records(handle.id.unwrap()).await.unwrap(), ["a", "b"], "nothing refused left a trace");
}

#[tokio::test]
async fn what_says_too_little_is_told_what_is_missing() {
    let host = host(paused()).await;
    let mut stream = host.stream().await;
    stream.open(1, 1, "a").await;
    let given = append(local(1), 1, "b");
    let stream = &mut stream;
    let invalid = (Code::InvalidArgument, "REQUEST_INVALID");
    for (operation, missing) in [
        (Operation::default(), "`what` is missing"),
        (Operation { what: None, ..given.clone() }, "`what` is missing"),
        (Operation { session: None, ..given.clone() }, "the session is missing"),
        (Operation { session: None, ..new(2, 1, "a") }, "needs `local`"),
        (Operation { session: Some(by(Handle::default())), ..given.clone() }, "no `id`"),
        (operation(by(Handle::default()), 0, new(2, 1, "a").what.unwrap()), "needs `local`"),
    ] {
        says(stream, operation, invalid.0, invalid.1, missing).await;
    }
    applied(stream.one(given).await);
}

#[tokio::test]
async fn what_follows_a_new_that_was_refused_is_refused_for_that_reason() {
    let host = host(paused()).await;
    let mut stream = host.stream().await;
    let follow = |number| [new(7, number, "a"), append(local(7), 1, "b"), renew(local(7)), delete(local(7), 2)];
    let outcomes = stream.all(follow(404)).await;
    let reasons: Vec<String> = outcomes.into_iter().map(|outcome| refused(outcome).reason).collect();
    assert_eq!(reasons, ["KIND_UNKNOWN", "LOCAL_NOT_OPEN", "LOCAL_NOT_OPEN", "LOCAL_NOT_OPEN"]);
    // The number is free: the same may be tried again, rightly this time.
    let outcomes = stream.all(follow(1)).await;
    applied(outcomes.into_iter().next_back().unwrap());
    assert_eq!(host.kind(1).await.active, 0);
}

#[tokio::test]
async fn a_number_names_one_open_session_at_a_time() {
    let host = host(paused()).await;
    let mut stream = host.stream().await;
    let handle = stream.open(7, 1, "first").await.handle.unwrap();
    says(&mut stream, new(7, 1, "second"), Code::AlreadyExists, "LOCAL_IN_USE", "take another").await;
    applied(stream.one(append(local(7), 1, "of the first")).await);
    assert_eq!(host.records(handle.id.unwrap()).await.unwrap(), ["first", "of the first"]);
    for finish in [delete(local(7), 2), store(local(7), 1, Some(600))] {
        applied(stream.one(finish.clone()).await);
        says(&mut stream, finish, Code::FailedPrecondition, "LOCAL_NOT_OPEN", "deleted or stored").await;
        stream.open(7, 1, "next").await;
    }
}

#[tokio::test]
async fn a_record_that_is_too_large_is_refused_and_the_next_is_not() {
    let config = Config::of([paused()]).set("limits.record", "4KiB").set("limits.session", "4KiB");
    let host = Host::start(&config).await;
    let mut stream = host.stream().await;
    stream.open(1, 1, "a").await;
    let stream = &mut stream;
    let code = Code::ResourceExhausted;
    let refused = says(stream, append(local(1), 1, vec![7; 4097]), code, "RECORD_TOO_LARGE", "elsewhere").await;
    assert_eq!(refused.metadata["limit"], "4096");
    says(stream, append(local(1), 1, vec![7; 4096]), code, "SESSION_TOO_LARGE", "Replace").await;
    applied(stream.one(append(local(1), 1, vec![7; 4095])).await);
}

#[tokio::test]
async fn a_session_that_was_claimed_is_lost_by_its_number_and_by_its_handle() {
    let kind = crate::harness::Kind::misbehave(1).set("lease", "50ms");
    let host = host(kind).await;
    let mut stream = host.stream().await;
    let handle = stream.open(1, 1, "permanent taken").await.handle.unwrap();
    host.parked(handle.id.unwrap()).await;
    let lost = (Code::FailedPrecondition, "LEASE_LOST", "stop this work");
    says(&mut stream, append(by(handle), 1, "late"), lost.0, lost.1, lost.2).await;
    says(&mut stream, append(local(1), 1, "late"), lost.0, lost.1, lost.2).await;
    assert_eq!(host.records(handle.id.unwrap()).await.unwrap(), ["permanent taken"]);
    stream.open(1, 1, "the number is free").await;
}
