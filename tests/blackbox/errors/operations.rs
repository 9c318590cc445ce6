//! Operations on sessions that are not there, not theirs, or not theirs any more.

use mpy6a_proto::v1::{self, Handle, Index, NewRequest, SessionState};
use tonic::Code;

use crate::harness::{
    Config, Host, Kind, Refused, shown,
    streamed::{append, by, renew},
};

async fn host() -> Host {
    Host::start(&Config::of([Kind::misbehave(1).set("lease", "50ms").set("delay", "0s"), Kind::misbehave(2)])).await
}

/// What every operation with this handle gets.
async fn every_operation(host: &Host, handle: Handle) -> [Refused; 4] {
    [
        host.append(handle, 0, "late").await.unwrap_err(),
        host.replace(handle, 0, "late").await.unwrap_err(),
        host.delete(handle, 0).await.unwrap_err(),
        host.store(handle, 0, None).await.unwrap_err(),
    ]
}

#[tokio::test]
async fn an_unknown_kind() {
    let host = host().await;
    let refused = host.new_session(NewRequest { kind: 9, ..NewRequest::default() }).await.unwrap_err();
    refused.says(Code::NotFound, "KIND_UNKNOWN", "add a [[kind]] with this id, or correct the number");
    assert_eq!(refused.numbers["kind"], "9");
    assert_eq!(refused.retry, None);
}

#[tokio::test]
async fn an_unknown_session() {
    let host = host().await;
    let id = Index { term: 1, index: 1_000_000 };
    let handle = Handle { id: Some(id), key: 1 };
    for refused in every_operation(&host, handle).await {
        refused.says(Code::NotFound, "SESSION_NOT_FOUND", "finished, or this host's store never had it");
        assert_eq!(refused.numbers["session"], shown(id));
        assert_eq!(refused.retry, None);
    }
    assert_eq!(host.renew(handle).await.unwrap_err(), "SESSION_NOT_FOUND");
    let status = host.admin.clone().get_session(v1::GetSessionRequest { id: Some(id) }).await.unwrap_err();
    Refused::from(status).says(Code::NotFound, "SESSION_NOT_FOUND", "finished");
}

#[tokio::test]
async fn a_wrong_key_looks_like_a_session_that_is_not_there() {
    let host = host().await;
    let handle = host.open(2, "mine").await;
    let guessed = Handle { key: handle.key ^ 1, ..handle };
    let deleted = host.open(2, "gone").await;
    host.delete(deleted, 1).await.unwrap();
    let guessed_late = Handle { key: deleted.key ^ 1, ..deleted };
    let missing = Handle { id: Some(Index { term: 1, index: 1_000_000 }), key: 1 };
    let told = async |handle: Handle| {
        // All that is told, but for the id that was asked about.
        let id = shown(handle.id.unwrap());
        let mut told: Vec<String> = Vec::new();
        for refused in every_operation(&host, handle).await {
            refused.says(Code::NotFound, "SESSION_NOT_FOUND", "check id and key");
            told.push(format!("{refused:?}"));
        }
        let renewed = host
            .truba
            .clone()
            .renew(v1::RenewRequest { handles: vec![handle], ..Default::default() })
            .await
            .unwrap()
            .into_inner();
        told.push(format!("{renewed:?}"));
        let mut stream = host.stream().await;
        told.push(format!("{:?}", stream.all([append(by(handle), 1, "x"), renew(by(handle))]).await));
        told.into_iter().map(|text| text.replace(&id, "ID")).collect::<Vec<_>>()
    };
    let claimed = host.open(1, "sleep 60000").await;
    host.in_state(claimed.id.unwrap(), SessionState::Repeating).await;
    let guessed_of_claimed = Handle { key: claimed.key ^ 1, ..claimed };
    let told_of_none = told(missing).await;
    assert_eq!(told(guessed).await, told_of_none);
    assert_eq!(told(guessed_late).await, told_of_none);
    // That its lease was lost is for who had it.
    assert_eq!(told(guessed_of_claimed).await, told_of_none);
    assert_eq!(host.renew(claimed).await.unwrap_err(), "LEASE_LOST");
    assert_eq!(host.records(handle.id.unwrap()).await.unwrap(), ["mine"]);
    host.delete(handle, 1).await.unwrap();
}

#[tokio::test]
async fn a_session_that_a_repeat_has_claimed() {
    let host = host().await;
    let handle = host.open(1, "sleep 60000").await;
    let id = handle.id.unwrap();
    host.in_state(id, SessionState::Repeating).await;
    for refused in every_operation(&host, handle).await {
        refused.says(Code::FailedPrecondition, "LEASE_LOST", "stop this work, its handler goes on");
        assert_eq!(refused.retry, None);
    }
    assert_eq!(host.renew(handle).await.unwrap_err(), "LEASE_LOST");
    assert_eq!(host.records(id).await.unwrap(), ["sleep 60000"]);
}

#[tokio::test]
async fn a_session_that_a_repeat_has_finished() {
    let host = host().await;
    let handle = host.open(1, "delete").await;
    host.gone(handle.id.unwrap()).await;
    for refused in every_operation(&host, handle).await {
        refused.says(Code::FailedPrecondition, "LEASE_LOST", "stop this work");
    }
}

#[tokio::test]
async fn an_operation_after_delete_or_store() {
    let host = host().await;
    let deleted = host.open(2, "one").await;
    host.delete(deleted, 1).await.unwrap();
    let stored = host.open(2, "one").await;
    host.store(stored, 1, Some(1000)).await.unwrap();
    for handle in [deleted, stored] {
        for refused in every_operation(&host, handle).await {
            refused.says(Code::FailedPrecondition, "SESSION_FINISHED", "open a new one");
        }
        assert_eq!(host.renew(handle).await.unwrap_err(), "SESSION_FINISHED");
    }
    assert_eq!(host.records(stored.id.unwrap()).await.unwrap(), ["one"]);
}

#[tokio::test]
async fn an_operation_number_that_was_used_or_passed() {
    let host = host().await;
    let handle = host.open(2, "one").await;
    host.append(handle, 5, "five").await.unwrap();

    let reused = host.append(handle, 5, "other").await.unwrap_err();
    reused.says(Code::FailedPrecondition, "OPERATION_NUMBER_REUSED", "take a larger one for each new operation");
    assert_eq!(reused.numbers["number"], "5");
    let as_other = host.replace(handle, 5, "five").await.unwrap_err();
    as_other.says(Code::FailedPrecondition, "OPERATION_NUMBER_REUSED", "take a larger one");

    let stale = host.append(handle, 4, "four").await.unwrap_err();
    stale.says(Code::FailedPrecondition, "OPERATION_NUMBER_STALE", "take a larger one");
    assert_eq!((stale.numbers["number"].as_str(), stale.numbers["last"].as_str()), ("4", "5"));
    assert_eq!(host.records(handle.id.unwrap()).await.unwrap(), ["one", "five"]);
}

#[tokio::test]
async fn a_request_id_that_another_new_used() {
    let host = host().await;
    let request = NewRequest { kind: 2, request_id: "mine".to_owned(), ..NewRequest::default() };
    host.new_session(request.clone()).await.unwrap();
    let other = NewRequest { record: Some("other".into()), ..request };
    let refused = host.new_session(other).await.unwrap_err();
    refused.says(Code::FailedPrecondition, "REQUEST_ID_REUSED", "take a fresh one, a UUID for example");
    assert_eq!(host.kind(2).await.active, 1);
}

#[tokio::test]
async fn a_request_without_a_handle_or_an_id() {
    let host = host().await;
    let nameless = Handle { id: None, key: 1 };
    for refused in every_operation(&host, nameless).await {
        refused.says(Code::InvalidArgument, "REQUEST_INVALID", "send the handle that New answered");
    }
    let status = host
        .truba
        .clone()
        .delete(v1::DeleteRequest { handle: None, number: 1, ..Default::default() })
        .await
        .unwrap_err();
    Refused::from(status).says(Code::InvalidArgument, "REQUEST_INVALID", "`handle` is missing");
    let status = host.admin.clone().get_session(v1::GetSessionRequest { id: None }).await.unwrap_err();
    Refused::from(status).says(Code::InvalidArgument, "REQUEST_INVALID", "`id` is missing");
}
