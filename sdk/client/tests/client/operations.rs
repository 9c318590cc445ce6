//! The seeds' operations, and what the host refuses.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use mpy6a_client::{Error, TooLarge};
use tonic::Code;

use super::WAY;
use crate::peer::{Done, Fault, KIND, Peer, refusal};

#[tokio::test(start_paused = true)]
async fn a_session_lives_as_the_seeds_say() {
    let peer = Peer::start(WAY);
    let mut session = peer.client().new_session(KIND).await.unwrap();
    let id = session.id();
    assert_eq!(session.fence(), id);
    let first = session.append("create user").await.unwrap();
    let second = session.append(vec![1, 2]).await.unwrap();
    assert!(id < first && first < second);
    assert_eq!(peer.book().records(id), ["create user".as_bytes(), &[1, 2]]);
    session.replace("created 7").await.unwrap();
    assert_eq!(peer.book().records(id), ["created 7"]);
    session.delete().await.unwrap();
    assert!(peer.book().finished(id));
    let numbers: Vec<_> = peer.book().seen.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [2, 3, 4, 5], "behind that of its New");
}

#[tokio::test(start_paused = true)]
async fn a_session_opens_with_its_first_record_and_traceparent() {
    let peer = Peer::start(WAY);
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let client = peer.client();
    let session = client.session(KIND).record("first").traceparent(traceparent).open().await.unwrap();
    assert_eq!(peer.book().records(session.id()), ["first"]);
    assert_eq!(peer.book().news[0].traceparent, traceparent);
}

#[tokio::test(start_paused = true)]
async fn store_asks_for_whole_seconds_never_less_than_given() {
    let peer = Peer::start(WAY);
    for (timeout, asked) in [
        (None, None),
        (Some(Duration::ZERO), Some(0)),
        (Some(Duration::from_millis(1)), Some(1)),
        (Some(Duration::from_secs(60)), Some(60)),
    ] {
        let session = peer.client().new_session(KIND).await.unwrap();
        let due = session.store(timeout).await.unwrap();
        assert_eq!(due, UNIX_EPOCH + Duration::from_millis(1_700_000_000_123));
        assert_eq!(peer.book().seen.last(), Some(&(2, Done::Store(asked))));
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_that_the_wire_cannot_carry_is_refused_and_the_session_given_back() {
    let peer = Peer::start(WAY);
    let session = peer.client().new_session(KIND).await.unwrap();
    let (session, error) = session.store(Duration::MAX).await.unwrap_err().into_parts();
    assert!(matches!(error, Error::Rejected { reason, .. } if reason == "TIMEOUT_TOO_LONG"));
    assert!(peer.book().seen.is_empty());
    session.unwrap().delete().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_unknown_kind_is_refused_once() {
    let peer = Peer::start(WAY);
    let error = peer.client().new_session(404).await.unwrap_err();
    assert!(matches!(error, Error::Rejected { reason, .. } if reason == "KIND_UNKNOWN"));
    assert_eq!(peer.book().news.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_too_large_leaves_the_session_in_use() {
    let peer = Peer::start(WAY);
    let mut session = peer.client().new_session(KIND).await.unwrap();
    peer.script([Fault::Refuse(refusal(Code::ResourceExhausted, "RECORD_TOO_LARGE"))]);
    let error = session.append(vec![0; 9]).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { what: TooLarge::Record, .. }) && !error.is_final());
    session.append("smaller").await.unwrap();
    assert_eq!(peer.book().records(session.id()), ["smaller"]);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_lost_is_not_given_back() {
    let peer = Peer::start(WAY);
    let session = peer.client().new_session(KIND).await.unwrap();
    peer.book().taken.insert(session.id().index, "LEASE_LOST");
    let (session, error) = session.delete().await.unwrap_err().into_parts();
    assert!(session.is_none());
    assert!(matches!(error, Error::LeaseLost { .. }));
}

#[tokio::test(start_paused = true)]
async fn many_sessions_work_at_once_over_one_connection() {
    let peer = Peer::start(WAY);
    let client = peer.client();
    let workflows: Vec<_> = (0..64u8)
        .map(|n| {
            let client = client.clone();
            tokio::spawn(async move {
                let mut session = client.new_session(KIND).await.unwrap();
                for _ in 0..10 {
                    session.append(vec![n]).await.unwrap();
                }
                (n, session)
            })
        })
        .collect();
    for workflow in workflows {
        let (n, session) = workflow.await.unwrap();
        assert_eq!(peer.book().records(session.id()), vec![Bytes::from(vec![n]); 10]);
        session.delete().await.unwrap();
    }
}
