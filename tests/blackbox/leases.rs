//! One operator at a time: a client that falls silent has its session repeated, one that is back before that loses
//! nothing, and one that comes later is told so.

use std::time::Duration;

use mpy6a_client::{Builder, Client, Error};
use mpy6a_proto::v1::{Index, SessionState};

use crate::harness::{Config, Host, Kind, PATIENCE, Proxy, until};

/// A lease that is soon over, and that a client on a slow machine still renews in time.
const LEASE: &str = "600ms";

/// Over the stream, and by a call for each operation.
const WAYS: [fn(Builder) -> Builder; 2] = [|builder| builder, Builder::unary];

async fn host(delay: &str) -> Host {
    Host::start(&Config::of([Kind::misbehave(1).set("lease", LEASE).set("delay", delay)])).await
}

#[tokio::test]
async fn a_client_that_dies_has_its_session_repeated() {
    let host = host("0s").await;
    let raw = host.open(1, "delete").await;
    let client = Client::connect(host.url()).unwrap();
    let dropped = client.session(1).record("delete").open().await.unwrap();
    let id = Index::from(dropped.id());
    drop(dropped);
    host.gone(raw.id.unwrap()).await;
    host.gone(id).await;
}

#[tokio::test]
async fn a_lease_that_is_renewed_does_not_end() {
    for way in WAYS {
        let host = host("0s").await;
        let client = way(Client::builder(host.url())).connect().unwrap();
        let mut kept = client.session(1).record("delete").open().await.unwrap();
        let abandoned = [host.open(1, "delete").await, host.open(1, "delete").await];
        // When a second session that was left behind is gone, whole leases have passed.
        for handle in abandoned {
            host.gone(handle.id.unwrap()).await;
        }
        let later = host.open(1, "delete").await;
        host.gone(later.id.unwrap()).await;
        kept.check_lease().unwrap();
        kept.append("still mine").await.unwrap();
        let seen = host.look(kept.id().into()).await.unwrap();
        assert_eq!((seen.state(), seen.repeats), (SessionState::Active, 0));
        kept.delete().await.unwrap();
    }
}

#[tokio::test]
async fn silence_shorter_than_the_claim_costs_nothing() {
    let host = host("1000s").await;
    for operation in ["append", "renew"] {
        let handle = host.open(1, "delete").await;
        let id = handle.id.unwrap();
        let stored = host.in_state(id, SessionState::Stored).await;
        assert!(stored.due_ms >= stored.stored_ms + 1_000_000, "{stored:?}");
        if operation == "append" {
            host.append(handle, 1, "back").await.unwrap();
        } else {
            assert_eq!(host.renew(handle).await, Ok(600));
        }
        let seen = host.look(id).await.unwrap();
        assert_eq!((seen.state(), seen.repeats), (SessionState::Active, 0), "{operation}");
        assert_eq!(seen.fence, handle.id, "{operation}: no change of hands");
        host.delete(handle, 2).await.unwrap();
    }
}

#[tokio::test]
async fn a_client_that_was_cut_off_and_is_back_in_time_goes_on() {
    for way in WAYS {
        let host = host("1000s").await;
        let proxy = Proxy::to(host.port()).await;
        let client = way(Client::builder(&proxy.url)).connect().unwrap();
        let mut session = client.session(1).record("delete").open().await.unwrap();
        proxy.cut();
        let lost = tokio::time::timeout(PATIENCE, session.lost()).await.expect("the lease is over by its clock");
        assert!(matches!(lost, Error::LeaseExpired { .. }), "{lost:?}");
        host.in_state(session.id().into(), SessionState::Stored).await;
        proxy.mend();
        session.append("back").await.unwrap();
        session.check_lease().expect("all is well again");
        session.delete().await.unwrap();
    }
}

#[tokio::test]
async fn a_client_whose_session_was_claimed_is_told_that_its_lease_is_lost() {
    for way in WAYS {
        let host = host("0s").await;
        let proxy = Proxy::to(host.port()).await;
        let client = way(Client::builder(&proxy.url)).connect().unwrap();
        let mut session = client.session(1).record("permanent taken").open().await.unwrap();
        let id = Index::from(session.id());
        proxy.cut();
        host.parked(id).await;
        proxy.mend();
        let error = session.append("late").await.unwrap_err();
        assert!(matches!(error, Error::LeaseLost { session: lost, .. } if lost == session.id()), "{error:?}");
        assert!(error.is_final());
        assert!(matches!(session.check_lease(), Err(Error::LeaseLost { .. })));
        assert_eq!(host.records(id).await.unwrap(), ["permanent taken"], "nothing was written into the repeat");
    }
}

#[tokio::test]
async fn the_background_renewal_alone_finds_out_that_a_lease_is_lost() {
    for way in WAYS {
        let host = host("0s").await;
        let proxy = Proxy::to(host.port()).await;
        let client = way(Client::builder(&proxy.url)).connect().unwrap();
        let session = client.session(1).record("permanent taken").open().await.unwrap();
        proxy.cut();
        host.parked(session.id().into()).await;
        proxy.mend();
        let is_lost = async || matches!(session.check_lease(), Err(Error::LeaseLost { .. })).then_some(());
        until("the client knows that its lease is lost", is_lost).await;
    }
}

#[tokio::test]
async fn a_host_that_is_down_is_told_apart_from_a_lost_lease() {
    for way in WAYS {
        let mut host = Host::start(&Config::of([Kind::misbehave(1)])).await;
        let client = way(Client::builder(host.url())).operation_timeout(Duration::from_millis(300)).connect().unwrap();
        let mut session = client.session(1).record("delete").open().await.unwrap();
        host.kill();
        let error = session.append("meanwhile").await.unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
        assert!(!error.is_final());
        session.check_lease().expect("the lease still holds");
        host.launch().await;
        session.append("meanwhile").await.unwrap();
        assert_eq!(host.records(session.id().into()).await.unwrap(), ["delete", "meanwhile"], "applied once in all");
    }
}

#[tokio::test]
async fn the_operator_at_work_is_the_only_one() {
    let host = Host::start(&Config::of([Kind::misbehave(1).set("lease", "50ms")])).await;
    let handle = host.open(1, "sleep 300").await;
    let id = handle.id.unwrap();
    host.in_state(id, SessionState::Repeating).await;
    let mut refused = 0;
    while host.look(id).await.is_some() {
        assert_eq!(host.append(handle, 0, "intruder").await.unwrap_err().reason, "LEASE_LOST");
        refused += 1;
    }
    assert!(refused > 0);
}
