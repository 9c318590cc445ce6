//! Leases are kept without the caller's doing; when they cannot be, the caller is told in time.

use std::{pin::pin, time::Duration};

use mpy6a_client::{Error, Session};
use tokio::time::{Instant, sleep, timeout};
use tonic::Code;

use super::WAY;
use crate::peer::{Fault, KIND, LEASE, Peer, Way, refusal};

/// When a caller is told to stop: a tenth before the end.
const STOP: Duration = LEASE.checked_mul(9).unwrap().checked_div(10).unwrap();

async fn sessions(peer: &Peer, count: usize) -> Vec<Session> {
    let client = peer.client();
    let mut sessions = Vec::new();
    for _ in 0..count {
        sessions.push(client.new_session(KIND).await.unwrap());
    }
    sessions
}

#[tokio::test(start_paused = true)]
async fn idle_sessions_are_kept_many_with_each_request() {
    let peer = Peer::start(WAY);
    let sessions = sessions(&peer, 500).await;
    let mut lost = pin!(sessions[0].lost());
    timeout(LEASE * 10, &mut lost).await.unwrap_err();
    for session in &sessions {
        session.check_lease().unwrap();
    }
    let renewals = peer.book().renewals.clone();
    assert!((29..=31).contains(&renewals.len()), "each third of a lease: {renewals:?}");
    assert!(renewals.iter().all(|count| *count == 500), "{renewals:?}");
}

#[tokio::test(start_paused = true)]
async fn more_sessions_than_one_request_may_name_take_several() {
    let peer = Peer::start(WAY);
    let sessions = sessions(&peer, 10_001).await;
    sleep(LEASE / 2).await;
    let asked: &[usize] = match WAY {
        Way::Streamed => &[10_001],
        Way::Unary => &[10_000, 1],
    };
    assert_eq!(peer.book().renewals, asked);
    sleep(LEASE).await;
    sessions.last().unwrap().check_lease().unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_operation_is_a_renewal() {
    let peer = Peer::start(WAY);
    let mut session = sessions(&peer, 1).await.remove(0);
    for _ in 0..20 {
        sleep(LEASE / 4).await;
        let before = session.lease_ends();
        session.append("still here").await.unwrap();
        assert_eq!(session.lease_ends() - before, LEASE / 4);
    }
    assert!(peer.book().renewals.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_caller_is_told_in_time_and_that_it_may_go_on() {
    let peer = Peer::start(WAY);
    let mut session = sessions(&peer, 1).await.remove(0);
    let opened = Instant::now();
    peer.go_down();

    let why = session.lost().await;
    assert!(matches!(why, Error::LeaseExpired { .. }) && !why.is_final(), "{why:?}");
    assert_eq!(opened.elapsed(), STOP);
    assert!(matches!(session.check_lease(), Err(Error::LeaseExpired { .. })));

    peer.come_up();
    sleep(Duration::from_secs(2)).await;
    session.check_lease().expect("a renewal clears the expiry");
    session.append("a").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_operation_clears_an_expiry_too() {
    let peer = Peer::start(WAY);
    let mut session = sessions(&peer, 1).await.remove(0);
    peer.script_renewals((0..1000).map(|_| Fault::Hang));
    session.lost().await;
    session.append("a").await.unwrap();
    session.check_lease().unwrap();
}

#[tokio::test(start_paused = true)]
async fn unavailable_becomes_expired_when_the_lease_has_run_out_meanwhile() {
    let peer = Peer::start(WAY);
    let client = peer.builder().operation_timeout(LEASE * 2).connect().unwrap();
    let mut session = client.new_session(KIND).await.unwrap();
    peer.go_down();
    let error = session.append("a").await.unwrap_err();
    assert!(matches!(error, Error::LeaseExpired { source: Some(_), .. }), "{error:?}");
    peer.come_up();
    session.append("a").await.expect("until a repeat claims the session it is still ours");
}

#[tokio::test(start_paused = true)]
async fn the_hosts_word_in_a_renewal_is_final() {
    for reason in ["LEASE_LOST", "SESSION_NOT_FOUND", "SESSION_FINISHED", "KEY_WRONG"] {
        let peer = Peer::start(WAY);
        let mut session = sessions(&peer, 1).await.remove(0);
        peer.book().taken.insert(session.id().index, reason);
        let why = session.lost().await;
        assert!(why.is_final(), "{why:?}");
        assert_eq!(matches!(why, Error::LeaseLost { .. }), reason == "LEASE_LOST");
        peer.book().taken.clear();
        sleep(LEASE).await;
        assert!(session.append("a").await.unwrap_err().is_final());
        assert!(peer.book().seen.is_empty(), "the host need not say it twice");
        assert_eq!(peer.book().renewals.len(), 1, "what is lost is not renewed");
    }
}

#[tokio::test(start_paused = true)]
async fn the_hosts_word_in_an_answer_wakes_who_waits_for_it() {
    let peer = Peer::start(WAY);
    let mut session = sessions(&peer, 1).await.remove(0);
    let lost = tokio::spawn(session.lost());
    peer.script([Fault::Refuse(refusal(Code::FailedPrecondition, "LEASE_LOST"))]);
    let asked = Instant::now();
    assert!(matches!(session.append("a").await, Err(Error::LeaseLost { .. })));
    assert!(matches!(lost.await.unwrap(), Error::LeaseLost { .. }));
    assert_eq!(asked.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_meets_a_session_already_deleted_is_no_loss() {
    let peer = Peer::start(WAY);
    let client = peer.builder().try_timeout(LEASE).operation_timeout(LEASE * 3).connect().unwrap();
    let session = client.new_session(KIND).await.unwrap();
    let (id, lost) = (session.id(), session.lost());
    // The delete hangs; meanwhile the renewal is refused, as it is when it overtakes the answer.
    peer.script([Fault::Hang]);
    peer.book().taken.insert(id.index, "SESSION_NOT_FOUND");
    let deleting = tokio::spawn(session.delete());
    sleep(LEASE / 2).await;
    assert!(!peer.book().renewals.is_empty());
    peer.book().taken.clear();
    deleting.await.unwrap().unwrap();
    assert!(matches!(lost.await, Error::Finished { session, .. } if session == id));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_is_not_about_the_session_is_tried_again() {
    let peer = Peer::start(WAY);
    let session = sessions(&peer, 1).await.remove(0);
    peer.book().taken.insert(session.id().index, "OVERLOADED");
    sleep(LEASE / 2).await;
    let tried = peer.book().renewals.len();
    assert!((2..20).contains(&tried), "{tried} tries: with backoff");
    peer.book().taken.clear();
    timeout(LEASE * 2, session.lost()).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn renewals_outlast_a_host_that_hangs_or_is_restarted() {
    let peer = Peer::start(WAY);
    let session = sessions(&peer, 1).await.remove(0);
    peer.script_renewals([Fault::Hang, Fault::LoseAnswer]);
    timeout(LEASE * 2, session.lost()).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_dropped_session_is_left_to_its_handler() {
    let peer = Peer::start(WAY);
    let mut sessions = sessions(&peer, 2).await;
    drop(sessions.pop());
    sleep(LEASE / 2).await;
    assert_eq!(peer.book().renewals, [1]);
    let lost = sessions[0].lost();
    sessions.clear();
    sleep(LEASE * 2).await;
    assert_eq!(peer.book().renewals, [1], "no session, no client, no renewals");
    assert!(matches!(lost.await, Error::LeaseExpired { .. }));
}
