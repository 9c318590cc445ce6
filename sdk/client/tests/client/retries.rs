//! An operation is applied once, however often it is tried; and what is said when it is not known.

use std::time::Duration;

use mpy6a_client::Error;
use tokio::time::{Instant, sleep, timeout};
use tonic::Code;

use super::WAY;
use crate::peer::{Done, Fault, KIND, LEASE, Peer, overloaded, refusal};

fn append(record: &'static str) -> Done {
    Done::Append(record.into())
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_does_not_apply_an_operation_twice() {
    let peer = Peer::start(WAY);
    let mut session = peer.client().new_session(KIND).await.unwrap();
    peer.script([Fault::LoseAnswer, Fault::LoseAnswer]);
    session.append("a").await.unwrap();
    assert_eq!(peer.book().records(session.id()), ["a"]);
    assert_eq!(peer.book().seen, vec![(2, append("a")); 3]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_does_not_open_two_sessions() {
    let peer = Peer::start(WAY);
    peer.script([Fault::LoseAnswer]);
    let client = peer.client();
    let session = client.session(KIND).record("a").open().await.unwrap();
    assert_eq!(peer.book().opened(), 1);
    assert_eq!(peer.book().records(session.id()), ["a"]);
    let news = peer.book().news.clone();
    assert_eq!(news.len(), 2);
    assert_eq!(news[0], news[1]);
    assert_eq!((news[0].number, news[0].request_id.as_str()), (1, ""));
}

#[tokio::test(start_paused = true)]
async fn a_restart_of_the_host_is_not_noticed() {
    let peer = Peer::start(WAY);
    let client = peer.client();
    let mut session = client.new_session(KIND).await.unwrap();
    peer.go_down();
    let restart = tokio::spawn({
        let peer = peer.clone();
        async move {
            sleep(Duration::from_secs(4)).await;
            peer.come_up();
        }
    });
    session.append("a").await.unwrap();
    drop(client.new_session(KIND).await.unwrap());
    session.delete().await.unwrap();
    restart.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_try_that_is_not_answered_is_followed_by_another() {
    let peer = Peer::start(WAY);
    let client = peer.builder().try_timeout(Duration::from_secs(1)).connect().unwrap();
    let mut session = client.new_session(KIND).await.unwrap();
    peer.script([Fault::Hang, Fault::Hang]);
    let begun = Instant::now();
    session.append("a").await.unwrap();
    assert!((2..3).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_host_that_asks_for_time_gets_it() {
    let peer = Peer::start(WAY);
    let mut session = peer.client().new_session(KIND).await.unwrap();
    let asked = Duration::from_secs(2);
    peer.script([Fault::Refuse(overloaded(asked))]);
    let begun = Instant::now();
    session.append("a").await.unwrap();
    assert!(begun.elapsed() >= asked && begun.elapsed() < asked * 2, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_host_that_stays_overloaded_has_applied_nothing() {
    let peer = Peer::start(WAY);
    let mut session = peer.client().new_session(KIND).await.unwrap();
    peer.script((0..100).map(|_| Fault::Refuse(overloaded(Duration::from_millis(500)))));
    let error = session.append("a").await.unwrap_err();
    assert!(matches!(error, Error::Overloaded { tries: 10.., .. }) && !error.is_final(), "{error:?}");
    assert!(peer.book().records(session.id()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_host_that_cannot_be_reached_is_unavailable_and_has_applied_nothing() {
    let peer = Peer::start(WAY);
    peer.go_down();
    let begun = Instant::now();
    let error = peer.client().new_session(KIND).await.unwrap_err();
    let Error::Unavailable { maybe_applied: false, tries, .. } = error else { panic!("{error:?}") };
    assert!(error.to_string().contains("connection refused"), "the root cause: {error}");
    assert!((10..40).contains(&tries), "{tries} tries: backoff lies between a flood and a wait");
    assert!((9..=10).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_back_shortly_before_the_end_is_still_asked() {
    let peer = Peer::start(WAY);
    let client = peer.client();
    peer.go_down();
    let back = async {
        sleep(Duration::from_millis(9_750)).await;
        peer.come_up();
    };
    let (opened, ()) = tokio::join!(client.new_session(KIND), back);
    drop(opened.unwrap());
}

/// Leaves an append of `a` in the peer's queue, without an outcome.
async fn unavailable(peer: &Peer) -> mpy6a_client::Session {
    let client = peer.builder().operation_timeout(Duration::from_secs(1)).connect().unwrap();
    let mut session = client.new_session(KIND).await.unwrap();
    peer.script([Fault::Queue]);
    let error = session.append("a").await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { maybe_applied: true, tries: 1, .. }), "{error:?}");
    session
}

#[tokio::test(start_paused = true)]
async fn the_same_operation_called_again_resumes_the_one_without_an_outcome() {
    let peer = Peer::start(WAY);
    let mut session = unavailable(&peer).await;
    session.append("a").await.unwrap();
    peer.flush().await;
    assert_eq!(peer.book().records(session.id()), ["a"]);
    session.append("a").await.unwrap();
    assert_eq!(peer.book().records(session.id()), ["a", "a"], "after an outcome the same is another");
}

#[tokio::test(start_paused = true)]
async fn another_operation_shuts_the_door_on_the_one_without_an_outcome() {
    let peer = Peer::start(WAY);
    let mut session = unavailable(&peer).await;
    session.append("b").await.unwrap();
    peer.flush().await;
    assert_eq!(peer.book().records(session.id()), ["b"], "what comes late is refused by its number");
    assert_eq!(peer.book().seen, [(2, append("a")), (3, append("b"))]);
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_in_the_middle_is_resumed_like_any_other() {
    let peer = Peer::start(WAY);
    let mut session = peer.client().new_session(KIND).await.unwrap();
    peer.script([Fault::Hang]);
    timeout(Duration::from_millis(10), session.append("a")).await.unwrap_err();
    session.append("a").await.unwrap();
    assert_eq!(peer.book().seen, vec![(2, append("a")); 2]);
    peer.script([Fault::Hang]);
    timeout(Duration::from_millis(10), session.append("b")).await.unwrap_err();
    session.append("c").await.unwrap();
    assert_eq!(peer.book().seen[2..], [(3, append("b")), (4, append("c"))]);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_could_not_be_deleted_comes_back_and_can_be() {
    let peer = Peer::start(WAY);
    let client = peer.builder().operation_timeout(Duration::from_secs(1)).connect().unwrap();
    let session = client.new_session(KIND).await.unwrap();
    peer.script([Fault::Hang]);
    let (session, error) = session.delete().await.unwrap_err().into_parts();
    assert!(matches!(error, Error::Unavailable { .. }));
    let session = session.unwrap();
    let id = session.id();
    session.delete().await.unwrap();
    assert_eq!(peer.book().seen, vec![(2, Done::Delete); 2]);
    assert!(peer.book().finished(id));
}

#[tokio::test(start_paused = true)]
async fn a_delete_whose_answer_was_lost_is_done_even_if_the_host_forgot_the_session() {
    let peer = Peer::start(WAY);
    let session = peer.client().new_session(KIND).await.unwrap();
    peer.script([Fault::LoseAnswer, Fault::Refuse(refusal(Code::NotFound, "SESSION_NOT_FOUND"))]);
    session.delete().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_session_not_found_after_its_lease_may_have_been_finished_by_its_handler() {
    let peer = Peer::start(WAY);
    let client = peer.builder().operation_timeout(LEASE * 2).try_timeout(LEASE).connect().unwrap();
    let session = client.new_session(KIND).await.unwrap();
    peer.script([Fault::Hang, Fault::Refuse(refusal(Code::NotFound, "SESSION_NOT_FOUND"))]);
    peer.script_renewals((0..100).map(|_| Fault::Hang));
    let error = session.delete().await.unwrap_err();
    assert!(matches!(error.error(), Error::NotFound { .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_failing_host_is_tried_again_and_quoted() {
    let peer = Peer::start(WAY);
    let client = peer.builder().operation_timeout(Duration::from_secs(1)).connect().unwrap();
    let mut session = client.new_session(KIND).await.unwrap();
    peer.script((0..100).map(|_| Fault::Refuse(refusal(Code::Unavailable, "STORE_FAILED"))));
    let error = session.append("a").await.unwrap_err();
    let Error::Unavailable { tries: 2.., maybe_applied: true, source, .. } = error else { panic!("{error:?}") };
    assert!(source.to_string().contains("STORE_FAILED"), "{source}");
}
