//! What a client bounds, and when it gives up: memory, time, its runtime.

use std::{io, time::Duration};

use hyper_util::rt::TokioIo;
use mpy6a_client::{Client, Error, Session};
use tokio::{
    io::DuplexStream,
    runtime::Runtime,
    task::JoinSet,
    time::{Instant, sleep},
};
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use crate::peer::{Fault, KIND, LEASE, Peer, Way, overloaded};

const WAYS: [Way; 2] = [Way::Streamed, Way::Unary];

/// So many openings at once, with a record of so many bytes.
fn open_many(client: &Client, count: usize, bytes: usize) -> JoinSet<Result<Session, Error>> {
    (0..count).map(|_| client.session(KIND).record(vec![0; bytes]).open()).collect()
}

#[tokio::test(start_paused = true)]
async fn while_the_host_is_away_no_more_wait_than_there_is_room_for() {
    for way in WAYS {
        for (operations, record_bytes, bytes, waiting) in [(100, 1 << 20, 10, 100), (10_000, 5_000, 100, 50)] {
            let peer = Peer::start(way);
            let client = peer.builder().waiting_max(operations, record_bytes).connect().unwrap();
            peer.go_down();
            let first = open_many(&client, waiting, bytes);
            sleep(Duration::from_millis(100)).await;
            let mut more = open_many(&client, 1000, bytes);
            // Those that have no place are told at once, long before the first give up.
            for _ in 0..1000 {
                let error = more.join_next().await.unwrap().unwrap().unwrap_err();
                let Error::Unavailable { tries: 0, maybe_applied: false, .. } = error else { panic!("{error:?}") };
                assert!(error.to_string().contains("waiting_max"), "{error}");
            }
            assert_eq!(first.len(), waiting);
            peer.come_up();
            for opened in first.join_all().await {
                drop(opened.unwrap());
            }
            drop(client.session(KIND).record(vec![0; bytes]).open().await.unwrap());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn while_the_host_answers_those_without_a_place_wait_for_their_turn() {
    for way in WAYS {
        let peer = Peer::start(way);
        let client = peer.builder().waiting_max(10, 1 << 20).connect().unwrap();
        let opened = open_many(&client, 20, 10).join_all().await;
        assert!(opened.iter().all(Result::is_ok), "{opened:?}");
        peer.script((0..10).map(|_| Fault::Refuse(overloaded(Duration::from_secs(1)))));
        let mut more = open_many(&client, 30, 10);
        let error = more.join_next().await.unwrap().unwrap().unwrap_err();
        assert!(matches!(error, Error::Overloaded { tries: 0, .. }), "{error:?}");
        assert_eq!(more.join_all().await.iter().filter(|opened| opened.is_ok()).count(), 20);
    }
}

#[tokio::test(start_paused = true)]
async fn those_that_wait_for_their_turn_are_bounded_and_told_when_the_host_falls_silent() {
    for way in WAYS {
        for (operations, record_bytes, bytes) in [(50, 1 << 20, 10), (10_000, 5_000, 100)] {
            let peer = Peer::start(way);
            let client = peer.builder().waiting_max(operations, record_bytes).connect().unwrap();
            peer.script((0..1000).map(|_| Fault::Hang));
            let begun = Instant::now();
            let mut opened = open_many(&client, 150, bytes);
            for _ in 0..50 {
                let error = opened.join_next().await.unwrap().unwrap().unwrap_err();
                assert!(matches!(error, Error::Overloaded { tries: 0, .. }), "beyond as many again: {error:?}");
            }
            assert_eq!(begun.elapsed(), Duration::ZERO);
            for _ in 0..50 {
                let error = opened.join_next().await.unwrap().unwrap().unwrap_err();
                let Error::Unavailable { tries: 0, maybe_applied: false, .. } = error else { panic!("{error:?}") };
                assert!(error.to_string().contains("waiting_max"), "{error}");
            }
            assert_eq!(begun.elapsed().as_secs(), 3, "as soon as a try had no answer");
            assert_eq!(opened.len(), 50);
            peer.book().script.clear();
            assert!(opened.join_all().await.iter().all(Result::is_ok));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_to_fail_fast_is_told_after_the_first_try() {
    for way in WAYS {
        let peer = Peer::start(way);
        let client = peer.builder().fail_fast().connect().unwrap();
        let mut session = client.new_session(KIND).await.unwrap();
        peer.go_down();
        let error = session.append("a").await.unwrap_err();
        // The first may still go out over the connection that has just broken.
        let Error::Unavailable { tries: 1..=2, .. } = error else { panic!("{error:?}") };
        let error = session.append("b").await.unwrap_err();
        let Error::Unavailable { tries: 1, maybe_applied: false, .. } = error else { panic!("{error:?}") };
        peer.come_up();
        session.append("b").await.unwrap();
        peer.script([Fault::LoseAnswer]);
        session.append("c").await.expect("what was sent is tried again");
    }
}

/// A channel that never has a connection.
fn never_connected() -> Channel {
    let connector = service_fn(|_| std::future::pending::<io::Result<TokioIo<DuplexStream>>>());
    Endpoint::from_static("http://peer").connect_with_connector_lazy(connector)
}

#[tokio::test(start_paused = true)]
async fn what_never_had_a_connection_was_not_applied() {
    for way in WAYS {
        let client = way.taken_by(Client::over(never_connected())).connect().unwrap();
        let error = client.new_session(KIND).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable { maybe_applied: false, .. }), "{way:?}: {error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_time_is_too_long() {
    for way in WAYS {
        let peer = Peer::start(way);
        let builder = peer.builder().operation_timeout(Duration::MAX).try_timeout(Duration::MAX);
        let client = builder.connect_timeout(Duration::MAX).connect().unwrap();
        let mut session = client.new_session(KIND).await.unwrap();
        peer.script([Fault::LoseAnswer]);
        session.append("a").await.unwrap();
        sleep(LEASE * 2).await;
        session.check_lease().unwrap();
    }
}

#[test]
fn a_client_whose_runtime_has_ended_says_so() {
    for way in WAYS {
        let first = Runtime::new().unwrap();
        let (client, mut session) = first.block_on(async {
            let client = way.taken_by(Peer::start(way).builder()).connect().unwrap();
            let session = client.new_session(KIND).await.unwrap();
            (client, session)
        });
        drop(first);
        Runtime::new().unwrap().block_on(async {
            let error = client.new_session(KIND).await.unwrap_err();
            assert!(matches!(error, Error::RuntimeEnded { maybe_applied: false, .. }), "{error:?}");
            let error = session.append("a").await.unwrap_err();
            assert!(matches!(error, Error::RuntimeEnded { maybe_applied: false, .. }), "{error:?}");
            assert!(!error.is_final() && error.to_string().contains("runtime"), "{error}");
        });
    }
}

#[test]
fn an_operation_under_way_when_its_runtime_ends_may_have_been_applied() {
    for way in WAYS {
        let first = Runtime::new().unwrap();
        let (peer, mut session) = first.block_on(async {
            let peer = Peer::start(way);
            let session = peer.client().new_session(KIND).await.unwrap();
            peer.script([Fault::Hang]);
            (peer, session)
        });
        Runtime::new().unwrap().block_on(async {
            let asked = tokio::spawn(async move { session.append("a").await });
            while peer.book().seen.is_empty() {
                sleep(Duration::from_millis(1)).await;
            }
            first.shutdown_background();
            let error = asked.await.unwrap().unwrap_err();
            assert!(matches!(error, Error::RuntimeEnded { maybe_applied: true, .. }), "{error:?}");
        });
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_opened_again_by_its_own_request_id_is_kept_when_the_stale_one_goes() {
    for way in WAYS {
        let peer = Peer::start(way);
        let client = peer.client();
        let opening = client.session(KIND).record("order 7").request_id("order 7, 0a6b");
        let mut stale = opening.open().await.unwrap();
        stale.append("from the first").await.unwrap();
        let mut session = client.session(KIND).record("order 7").request_id("order 7, 0a6b").await.unwrap();
        assert_eq!((session.id(), peer.book().opened()), (stale.id(), 1));
        session.append("from the second").await.unwrap();
        let error = stale.append("late").await.unwrap_err();
        let Error::Rejected { reason, .. } = &error else { panic!("{error:?}") };
        assert_eq!(reason, "OPERATION_NUMBER_STALE");
        drop(stale);
        sleep(LEASE * 3).await;
        session.check_lease().expect("the stale one's end is not its own");
        assert_eq!(peer.book().records(session.id()), ["order 7", "from the first", "from the second"]);
    }
}

/// That the session of an opening, which an earlier try had opened, is over for this client.
fn assert_opened_before(error: &Error) {
    assert!(error.maybe_applied() && error.is_final(), "{error:?}");
    assert!(error.to_string().contains("an earlier try of this opening had opened it"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ended_since_is_not_opened_again_by_its_request_id() {
    for way in WAYS {
        let peer = Peer::start(way);
        let client = peer.client();
        let opening = client.session(KIND).request_id("order 8, 77aa");
        let session = opening.open().await.unwrap();
        peer.book().taken.insert(session.id().index, "LEASE_LOST");
        let another = client.session(KIND).request_id("order 8, 77aa");
        for opening in [&opening, &opening, &another] {
            let error = opening.open().await.unwrap_err();
            assert!(matches!(error, Error::LeaseLost { .. }), "{error:?}");
            assert_opened_before(&error);
        }
        assert_eq!(peer.book().opened(), 1);
        assert_eq!(peer.book().news.len(), 3, "the second time it was known");
        let error = client.session(KIND).request_id("").await.unwrap_err();
        assert!(matches!(&error, Error::Rejected { reason, .. } if reason == "REQUEST_INVALID"), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn calls_of_one_opening_wait_for_each_other() {
    let peer = Peer::start(Way::Unary);
    let opening = peer.client().session(KIND).record("a");
    let (first, second) = tokio::join!(opening.open(), opening.clone().open());
    assert_ne!(first.unwrap().id(), second.unwrap().id(), "never two sessions of a client on one of the host's");
    peer.script([Fault::Queue]);
    let dropped = tokio::time::timeout(Duration::from_millis(10), opening.open()).await;
    assert!(dropped.is_err());
    let changed = opening.clone().record("b").open().await.unwrap();
    assert_eq!(peer.book().records(changed.id()), ["b"], "another content is another wish");
    let resumed = opening.open().await.unwrap();
    peer.flush().await;
    assert_eq!(peer.book().opened(), 4);
    assert_eq!(peer.book().records(resumed.id()), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn calls_of_one_opening_wait_no_longer_than_one_may_take() {
    for way in WAYS {
        let peer = Peer::start(way);
        let patience = Duration::from_secs(2);
        let client = peer.builder().operation_timeout(patience).try_timeout(patience / 2).connect().unwrap();
        peer.script((0..1000).map(|_| Fault::Hang));
        let opening = client.session(KIND).record("a");
        let begun = Instant::now();
        let calls: JoinSet<_> = (0..10).map(|_| opening.open()).collect();
        for outcome in calls.join_all().await {
            let error = outcome.unwrap_err();
            assert!(matches!(error, Error::Unavailable { session: None, maybe_applied: true, .. }), "{error:?}");
        }
        assert!(begun.elapsed() <= patience + Duration::from_millis(10), "{:?}", begun.elapsed());
        peer.book().script.clear();
        drop(opening.open().await.unwrap());
        assert_eq!(peer.book().opened(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn calls_of_one_opening_take_room_like_any_others() {
    for way in WAYS {
        let peer = Peer::start(way);
        let client = peer.builder().waiting_max(10, 1 << 20).connect().unwrap();
        peer.go_down();
        let opening = client.session(KIND).record("a");
        let mut calls: JoinSet<_> = (0..30).map(|_| opening.open()).collect();
        for _ in 0..20 {
            let error = calls.join_next().await.unwrap().unwrap().unwrap_err();
            assert!(matches!(error, Error::Unavailable { tries: 0, .. } | Error::Overloaded { .. }), "{error:?}");
        }
        assert_eq!(calls.len(), 10);
        peer.come_up();
        assert!(calls.join_all().await.iter().all(Result::is_ok));
    }
}

#[tokio::test(start_paused = true)]
async fn an_opening_that_resumes_after_its_session_was_taken_is_told_so() {
    for way in WAYS {
        let peer = Peer::start(way);
        let opening = peer.client().session(KIND).record("a");
        peer.script([Fault::LoseAnswer]);
        let dropped = tokio::time::timeout(Duration::from_millis(1), opening.open()).await;
        assert!(dropped.is_err());
        peer.book().taken.insert(1, "LEASE_LOST");
        for _ in 0..3 {
            let error = opening.open().await.unwrap_err();
            assert!(matches!(error, Error::LeaseLost { .. }), "its work is its handler's now: {error:?}");
            assert_opened_before(&error);
        }
        assert_eq!(peer.book().opened(), 1);
        let changed = opening.record("b").open().await.unwrap();
        assert_eq!(peer.book().records(changed.id()), ["b"], "another content is another wish");
    }
}
