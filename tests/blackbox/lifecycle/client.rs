//! The Rust client over a real host.

use std::time::{Duration, SystemTime};

use mpy6a_client::{Client, Error, TooLarge};
use mpy6a_proto::v1::{Index, SessionState};

use crate::harness::{Config, Host, Kind};

async fn host() -> (Host, Client) {
    let host = Host::start(&Config::of([Kind::misbehave(1).set("delay", "1000s")]).set("limits.record", "1KiB")).await;
    let client = Client::connect(host.url()).unwrap();
    (host, client)
}

#[tokio::test]
async fn a_session_is_opened_worked_on_and_deleted() {
    let (host, client) = host().await;
    let mut session = client.session(1).record("one").open().await.unwrap();
    let id = Index::from(session.id());
    assert_eq!(session.fence(), session.id());
    session.append("two").await.unwrap();
    assert_eq!(host.records(id).await.unwrap(), ["one", "two"]);
    let changed = session.replace("three").await.unwrap();
    assert!(changed > session.id());
    assert_eq!(host.records(id).await.unwrap(), ["three"]);
    session.check_lease().unwrap();
    session.delete().await.unwrap();
    assert!(host.look(id).await.is_none());
}

#[tokio::test]
async fn a_stored_session_is_repeated_when_it_falls_due() {
    let (host, client) = host().await;
    let session = client.session(1).record("delete").open().await.unwrap();
    let later = Index::from(session.id());
    let due = session.store(None).await.unwrap();
    assert!(due > SystemTime::now() + Duration::from_secs(900));
    assert_eq!(host.look(later).await.unwrap().state(), SessionState::Stored);

    let session = client.session(1).record("delete").open().await.unwrap();
    let now = Index::from(session.id());
    session.store(Duration::ZERO).await.unwrap();
    host.gone(now).await;
}

#[tokio::test]
async fn refusals_become_errors_that_say_what_to_do() {
    let (_host, client) = host().await;
    let unknown = client.new_session(9).await.unwrap_err();
    assert!(matches!(&unknown, Error::Rejected { reason, .. } if reason == "KIND_UNKNOWN"), "{unknown:?}");

    let mut session = client.new_session(1).await.unwrap();
    let large = session.append(vec![0; 1025]).await.unwrap_err();
    assert!(matches!(large, Error::TooLarge { what: TooLarge::Record, limit: Some(1024), .. }), "{large:?}");
    assert!(!large.is_final());
    session.append("small").await.unwrap();

    let unfinished = session.store(Duration::from_secs(u64::from(u32::MAX))).await.unwrap_err();
    let (session, error) = unfinished.into_parts();
    assert!(matches!(&error, Error::Rejected { reason, .. } if reason == "TIMEOUT_TOO_LONG"), "{error:?}");
    session.expect("the session can still be used").delete().await.unwrap();
}

#[tokio::test]
async fn many_sessions_share_a_client() {
    let (host, client) = host().await;
    let tasks: Vec<_> = (0..100)
        .map(|n| {
            let client = client.clone();
            tokio::spawn(async move {
                let mut session = client.new_session(1).await.unwrap();
                session.append(format!("{n}")).await.unwrap();
                if n % 2 == 0 {
                    session.delete().await.unwrap();
                    return None;
                }
                Some((n, session))
            })
        })
        .collect();
    let mut kept = Vec::new();
    for task in tasks {
        kept.extend(task.await.unwrap());
    }
    assert_eq!(host.kind(1).await.active, 50);
    for (n, session) in kept {
        assert_eq!(host.records(session.id().into()).await.unwrap(), [n.to_string()]);
    }
}
