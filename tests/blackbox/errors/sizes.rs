//! Too much: bytes, records, seconds, handles, operations at once.

use mpy6a_proto::v1::{Handle, Index, NewRequest, RenewRequest, operation::What};
use tonic::Code;

use crate::harness::{Config, Host, Kind, Refused, Wire, streamed};

async fn host() -> Host {
    let config = Config::of([Kind::misbehave(1)])
        .set("limits.record", "1KiB")
        .set("limits.session", "2KiB")
        .set("limits.session_records", 4)
        .set("limits.timeout", "1h");
    Host::start(&config).await
}

fn text(bytes: usize) -> String {
    "x".repeat(bytes)
}

#[tokio::test]
async fn a_record_over_the_limit() {
    let host = host().await;
    let handle = host.open(1, &text(1024)).await;
    let first = NewRequest { kind: 1, record: Some(text(1025).into()), ..NewRequest::default() };
    for refused in [
        host.new_session(first).await.unwrap_err(),
        host.append(handle, 1, &text(1025)).await.unwrap_err(),
        host.replace(handle, 1, &text(1025)).await.unwrap_err(),
    ] {
        refused.says(
            Code::ResourceExhausted,
            "RECORD_TOO_LARGE",
            "keep large payloads elsewhere and record their name",
        );
        assert_eq!((refused.numbers["bytes"].as_str(), refused.numbers["limit"].as_str()), ("1025", "1024"));
        assert_eq!(refused.retry, None, "waiting does not help");
    }
    host.append(handle, 1, &text(1024)).await.expect("the number is free, for nothing was applied");
    assert_eq!(host.kind(1).await.active, 1);
}

#[tokio::test]
pub async fn a_session_over_the_limit() {
    let host = host().await;
    let handle = host.open(1, &text(1024)).await;
    host.append(handle, 1, &text(1000)).await.unwrap();
    let refused = host.append(handle, 2, &text(25)).await.unwrap_err();
    refused.says(Code::ResourceExhausted, "SESSION_TOO_LARGE", "use Replace to drop records done with");
    assert_eq!((refused.numbers["bytes"].as_str(), refused.numbers["limit"].as_str()), ("2049", "2048"));
    assert_eq!(refused.retry, None);
    host.append(handle, 2, &text(24)).await.unwrap();
    host.replace(handle, 3, &text(1)).await.unwrap();
    host.append(handle, 4, &text(1024)).await.expect("the remedy works");
}

#[tokio::test]
pub async fn a_session_with_too_many_records() {
    let host = host().await;
    let handle = host.open(1, "1").await;
    for number in 2..=4 {
        host.append(handle, number, "more").await.unwrap();
    }
    let refused = host.append(handle, 5, "one too many").await.unwrap_err();
    refused.says(Code::ResourceExhausted, "SESSION_TOO_MANY_RECORDS", "use Replace");
    assert_eq!(refused.numbers["limit"], "4");
    assert_eq!(refused.retry, None);
    host.replace(handle, 6, "one").await.unwrap();
    host.append(handle, 7, "two").await.expect("the remedy works");
}

#[tokio::test]
async fn a_timeout_over_the_limit() {
    let host = host().await;
    let handle = host.open(1, "one").await;
    for timeout_s in [3601, u32::MAX] {
        let refused = host.store(handle, 1, Some(timeout_s)).await.unwrap_err();
        refused.says(Code::InvalidArgument, "TIMEOUT_TOO_LONG", "over the limit of 3600 s");
        assert_eq!((refused.numbers["timeout_s"].clone(), &*refused.numbers["limit"]), (timeout_s.to_string(), "3600"));
    }
    host.store(handle, 1, Some(3600)).await.unwrap();
}

#[tokio::test]
async fn a_request_id_or_traceparent_over_the_limit() {
    let host = host().await;
    let long_id = NewRequest { kind: 1, request_id: text(65), ..NewRequest::default() };
    let long_traceparent = NewRequest { kind: 1, traceparent: text(129), ..NewRequest::default() };
    for (request, limit) in [(long_id, "64"), (long_traceparent, "128")] {
        let refused = host.new_session(request).await.unwrap_err();
        refused.says(Code::InvalidArgument, "REQUEST_INVALID", "shorten it");
        assert_eq!(refused.numbers["limit"], limit);
    }
    let traceparent = format!("01-{}-{}-01-{}", "a".repeat(32), "b".repeat(16), text(72));
    let right = NewRequest { kind: 1, request_id: text(64), traceparent, ..NewRequest::default() };
    host.new_session(right).await.unwrap();
}

#[tokio::test]
async fn a_traceparent_that_is_none_is_refused_by_itself_and_on_a_stream() {
    let host = host().await;
    for none in ["x", "00-ab-cd-01", "a\nwaits for  nothing", "\u{202e}"] {
        let request = NewRequest { kind: 1, traceparent: none.to_owned(), ..NewRequest::default() };
        let refused = host.new_session(request.clone()).await.unwrap_err();
        refused.says(
            Code::InvalidArgument,
            "REQUEST_INVALID",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        );
        let mut stream = host.stream().await;
        let outcome = stream.one(streamed::operation(streamed::local(1), 1, What::New(request))).await;
        assert_eq!(streamed::refused(outcome).reason, "REQUEST_INVALID");
    }
}

#[tokio::test]
pub async fn more_handles_in_a_renew_than_allowed() {
    let host = host().await;
    let largest = Index { term: u64::MAX, index: u64::MAX };
    let handles = |count| vec![Handle { id: Some(largest), key: u64::MAX }; count];
    let status =
        host.truba.clone().renew(RenewRequest { handles: handles(10_001), ..Default::default() }).await.unwrap_err();
    let refused = Refused::from(status);
    refused.says(Code::InvalidArgument, "REQUEST_INVALID", "shorten it");
    assert_eq!(refused.numbers["limit"], "10000");
    let answer =
        host.truba.clone().renew(RenewRequest { handles: handles(10_000), ..Default::default() }).await.unwrap();
    assert_eq!(answer.into_inner().results.len(), 10_000);
}

#[tokio::test]
pub async fn a_message_over_the_size_limit_gets_the_error_of_a_record() {
    let host = host().await;
    let handle = host.open(1, "one").await;
    let refused = host.append(handle, 1, &text(8 << 20)).await.unwrap_err();
    refused.says(Code::ResourceExhausted, "RECORD_TOO_LARGE", "keep large payloads elsewhere");
    assert_eq!(refused.numbers["limit"], "1024");
    host.append(handle, 1, "two").await.expect("the connection and the session go on");
}

#[tokio::test]
pub async fn more_operations_at_once_than_the_queue_holds() {
    let config = Config::of([Kind::misbehave(1)]).set("limits.queue_operations", 1);
    let host = Host::start(&config).await;
    // Several connections, since one is read by one task. To be let in, every request would have to meet an empty
    // queue.
    let wires: Vec<_> = (0..8).map(|_| host.connect()).collect();
    let request = NewRequest { kind: 1, ..NewRequest::default() };
    let open = |wire: &Wire| {
        let (wire, request) = (wire.clone(), request.clone());
        tokio::spawn(async move { wire.new_session(request).await })
    };
    let opening: Vec<_> = (0..500).flat_map(|_| wires.iter().map(open).collect::<Vec<_>>()).collect();
    let (mut opened, mut refused) = (0, Vec::new());
    for task in opening {
        match task.await.unwrap() {
            Ok(_) => opened += 1,
            Err(error) => refused.push(error),
        }
    }
    assert!(!refused.is_empty(), "all {opened} found room");
    for error in &refused {
        error.says(Code::ResourceExhausted, "OVERLOADED", "try again in");
        assert!(error.retry.is_some_and(|wait| !wait.is_zero()), "{error:?}");
    }
    assert_eq!(host.kind(1).await.active, opened, "what was refused was not applied");
}
