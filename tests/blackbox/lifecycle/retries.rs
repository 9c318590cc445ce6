//! Retries that come late, beside load that makes the host forget what it only counts.

use std::sync::Arc;

use mpy6a_proto::v1::{self, DeleteRequest, Handle, NewRequest, answer::Outcome, operation::What};
use tokio::sync::Semaphore;

use crate::{
    harness::{
        Config, Host, Kind, Refused,
        streamed::{by, delete, local, opened, operation, refused},
    },
    security::{guarded, token},
};

/// A host that remembers four finished sessions of clients without a name.
async fn forgetful() -> Host {
    Host::start(&Config::of([Kind::misbehave(1)]).set("limits.remembered_sessions", 4)).await
}

/// What a client that calls itself this says with each message.
fn caller(client: u8, settled_below: u64) -> Option<v1::Caller> {
    Some(v1::Caller { client_id: vec![client; 16].into(), settled_below })
}

fn numbered(client: u8, number: u64, settled_below: u64) -> NewRequest {
    NewRequest { kind: 1, number, caller: caller(client, settled_below), ..NewRequest::default() }
}

async fn deleted(host: &Host, handle: Handle, number: u64, settled_below: u64) -> Result<v1::Index, Refused> {
    let request = DeleteRequest { handle: Some(handle), number, caller: caller(1, settled_below) };
    Ok(host.truba.clone().delete(request).await?.into_inner().change_id.unwrap())
}

/// Others work: far more than is remembered of them.
async fn load(host: &Host) {
    let room = Arc::new(Semaphore::new(8));
    let work = (0..100).map(|n| {
        let (wire, room) = (host.connect(), Arc::clone(&room));
        tokio::spawn(async move {
            let _room = room.acquire().await.unwrap();
            let request = NewRequest { kind: 1, request_id: format!("load {n}"), ..NewRequest::default() };
            let handle = wire.new_session(request).await.unwrap().handle.unwrap();
            wire.delete(handle, 1).await.unwrap();
        })
    });
    for task in work.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn a_new_whose_session_is_there_gets_its_first_answer_after_any_load_and_over_a_kill() {
    let mut host = forgetful().await;
    let by_id = NewRequest { kind: 1, request_id: "order 4711".to_owned(), ..NewRequest::default() };
    let first = [host.new_session(by_id.clone()).await.unwrap(), host.new_session(numbered(1, 1, 1)).await.unwrap()];
    for _ in 0..2 {
        load(&host).await;
        let again =
            [host.new_session(by_id.clone()).await.unwrap(), host.new_session(numbered(1, 1, 1)).await.unwrap()];
        assert_eq!(again, first);
        host.restart().await;
    }
    assert_eq!(host.kind(1).await.active, 2);
}

#[tokio::test]
async fn a_named_client_gets_the_answer_to_its_delete_however_late_until_it_settles_it() {
    let mut host = forgetful().await;
    let handle = host.new_session(numbered(1, 1, 1)).await.unwrap().handle.unwrap();
    let first = deleted(&host, handle, 2, 1).await.unwrap();
    for _ in 0..2 {
        load(&host).await;
        assert_eq!(deleted(&host, handle, 2, 1).await.unwrap(), first);
        assert_eq!(
            host.new_session(numbered(1, 1, 1)).await.unwrap().handle,
            Some(handle),
            "its New is the smaller one"
        );
        host.restart().await;
    }
    let next = host.new_session(numbered(1, 3, 3)).await.unwrap().handle.unwrap();
    let late = host.new_session(numbered(1, 1, 1)).await.unwrap_err();
    assert_eq!(late.reason, "REQUEST_SETTLED", "a copy that comes after the client has the answer opens nothing");
    assert_eq!(deleted(&host, handle, 2, 3).await.unwrap_err().reason, "SESSION_NOT_FOUND");
    assert_ne!(next, handle);
    assert_eq!(host.kind(1).await.active, 1);
}

#[tokio::test]
async fn a_stream_names_its_client_once_and_takes_over_what_a_call_began() {
    let host = forgetful().await;
    let by_call = host.new_session(numbered(1, 1, 1)).await.unwrap();
    let mut stream = host.stream().await;
    let new = |number, id: u64| {
        let request = NewRequest { kind: 1, number, ..NewRequest::default() };
        operation(local(id), 0, What::New(request))
    };
    stream.name(1, 1);
    assert_eq!(opened(stream.one(new(1, 7)).await), by_call);
    let other = opened(stream.one(new(2, 8)).await).handle.unwrap();
    let Outcome::Applied(first) = stream.one(delete(local(8), 3)).await else { panic!("not applied") };
    load(&host).await;
    assert_eq!(stream.one(delete(by(other), 3)).await, Outcome::Applied(first));
    stream.name(1, 4);
    assert_eq!(refused(stream.one(new(2, 9)).await).reason, "REQUEST_SETTLED");
    stream.name(2, 1);
    let strange = refused(stream.one(new(5, 9)).await);
    assert_eq!(strange.reason, "REQUEST_INVALID");
    assert!(strange.message.contains("a stream for each client"), "{}", strange.message);
}

#[tokio::test]
async fn a_number_without_a_client_and_a_name_that_is_none_are_refused_with_the_remedy() {
    let host = forgetful().await;
    let client_id = vec![7; 15].into();
    for (request, remedy) in [
        (NewRequest { caller: None, ..numbered(1, 1, 1) }, "needs `caller.client_id`"),
        (NewRequest { request_id: "x".to_owned(), ..numbered(1, 1, 1) }, "`number` and `request_id`"),
        (
            NewRequest { caller: Some(v1::Caller { client_id, settled_below: 1 }), ..numbered(1, 1, 1) },
            "send 16 random bytes",
        ),
    ] {
        let refused = host.new_session(request).await.unwrap_err();
        assert_eq!(refused.reason, "REQUEST_INVALID");
        assert!(refused.message.contains(remedy), "{}", refused.message);
    }
    assert_eq!(host.kind(1).await.active, 0);
}

#[tokio::test]
pub async fn what_one_access_asked_another_can_neither_find_nor_push_out() {
    let host = Host::start(&guarded().set("limits.remembered_sessions", 8)).await;
    let (shop, every) = (host.with_token(&token("shop")), host.with_token(&token("every")));
    let by_id = NewRequest { kind: 1, request_id: "guessed".to_owned(), ..NewRequest::default() };
    for request in [by_id.clone(), numbered(1, 1, 1)] {
        let of_shop = shop.truba.clone().new_session(request.clone()).await.unwrap().into_inner();
        let of_every = every.truba.clone().new_session(request.clone()).await.unwrap().into_inner();
        assert_ne!(of_shop.handle, of_every.handle);
        let other = NewRequest { record: Some("other".into()), ..request.clone() };
        let reused = shop.truba.clone().new_session(other).await.unwrap_err();
        assert_eq!(Refused::from(reused).reason, "REQUEST_ID_REUSED");
        assert_eq!(shop.truba.clone().new_session(request).await.unwrap().into_inner(), of_shop);
    }
    // What the shop finished stays known, whatever the other finishes.
    let first = shop.truba.clone().new_session(by_id.clone()).await.unwrap().into_inner();
    let delete = DeleteRequest { handle: first.handle, number: 1, ..DeleteRequest::default() };
    shop.truba.clone().delete(delete).await.unwrap();
    for _ in 0..100 {
        let opened = every.new_session(1).await.unwrap();
        let delete = DeleteRequest { handle: opened.handle, ..DeleteRequest::default() };
        every.truba.clone().delete(delete).await.unwrap();
    }
    assert_eq!(shop.truba.clone().new_session(by_id).await.unwrap().into_inner(), first);
}
