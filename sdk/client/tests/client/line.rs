//! What is promised of the stream alone.

use std::time::Duration;

use bytes::Bytes;
use mpy6a_client::{Client, Error, Session};
use tokio::time::{Instant, sleep};
use tonic::Code;

use crate::peer::{Done, Fault, KIND, LEASE, Peer, Way, overloaded, refusal};

/// How long the client asks by single calls after it was told that the stream is not served.
const STREAM_RETRY: Duration = Duration::from_secs(30);

async fn sessions(client: &Client, count: usize) -> Vec<Session> {
    let mut sessions = Vec::new();
    for _ in 0..count {
        sessions.push(client.new_session(KIND).await.unwrap());
    }
    sessions
}

/// Append this to all of them at once.
async fn append_all(sessions: Vec<Session>, record: &'static str) -> Vec<Session> {
    let at_work: Vec<_> = sessions
        .into_iter()
        .map(|mut session| {
            tokio::spawn(async move {
                session.append(record).await.unwrap();
                session
            })
        })
        .collect();
    let mut back = Vec::new();
    for task in at_work {
        back.push(task.await.unwrap());
    }
    back
}

#[tokio::test(start_paused = true)]
async fn operations_of_many_sessions_share_messages_and_one_stream() {
    let peer = Peer::start(Way::Streamed);
    let sessions = sessions(&peer.client(), 1000).await;
    peer.book().messages.clear();
    let sessions = append_all(sessions, "a").await;
    let messages = peer.book().messages.clone();
    assert_eq!(messages.iter().sum::<usize>(), 1000);
    assert!(messages.len() < 100, "{messages:?}");
    assert_eq!(peer.book().streams, 1);
    assert!(sessions.iter().all(|session| peer.book().records(session.id()) == ["a"]));
}

#[tokio::test(start_paused = true)]
async fn what_was_under_way_when_the_stream_broke_is_applied_once() {
    let peer = Peer::start(Way::Streamed);
    let sessions = sessions(&peer.client(), 100).await;
    // Some are applied before it breaks, the others hang.
    peer.script((0..100).map(|n| match n {
        50 => Fault::LoseAnswer,
        51.. => Fault::Hang,
        _ => Fault::Queue,
    }));
    let sessions = append_all(sessions, "a").await;
    peer.flush().await;
    assert!(sessions.iter().all(|session| peer.book().records(session.id()) == ["a"]));
    assert_eq!(peer.book().streams, 2);
    let mut numbers: Vec<_> = peer.book().seen.iter().map(|(number, _)| *number).collect();
    numbers.sort_unstable();
    let twice: Vec<u64> = (101..=200).flat_map(|number| [number; 2]).collect();
    assert_eq!(numbers, twice, "each twice, with its number");
}

#[tokio::test(start_paused = true)]
async fn when_the_stream_breaks_all_leases_are_renewed_at_once() {
    let peer = Peer::start(Way::Streamed);
    let client = peer.client();
    let sessions = sessions(&client, 3).await;
    let broke = Instant::now();
    peer.break_connections();
    while peer.book().renewals.is_empty() {
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(peer.book().renewals, [3]);
    assert!(broke.elapsed() < LEASE / 12, "{:?}", broke.elapsed());
    assert_eq!(peer.book().streams, 2);
    sessions[0].check_lease().unwrap();
}

#[tokio::test(start_paused = true)]
async fn renewals_in_a_hurry_outlast_a_host_that_is_away() {
    let peer = Peer::start(Way::Streamed);
    let client = peer.client();
    let sessions = sessions(&client, 3).await;
    let began = Instant::now();
    peer.go_down();
    sleep(Duration::from_millis(500)).await;
    peer.come_up();
    while peer.book().renewals.is_empty() {
        sleep(Duration::from_millis(10)).await;
    }
    assert!(began.elapsed() < LEASE / 4, "{:?}", began.elapsed());
    assert_eq!(peer.book().renewals, [3]);
    drop(sessions);
}

#[tokio::test(start_paused = true)]
async fn a_host_without_the_stream_is_asked_by_single_calls() {
    let peer = Peer::start(Way::Streamed);
    peer.book().no_stream = true;
    let mut session = peer.client().new_session(KIND).await.unwrap();
    session.append("a").await.unwrap();
    sleep(LEASE).await;
    session.check_lease().unwrap();
    assert_eq!(peer.book().streams, 1, "asked for once");
    assert_eq!(peer.book().records(session.id()), ["a"]);
    assert_eq!(peer.book().renewals.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_was_passed_on_before_the_stream_was_said_not_to_be_served_may_have_been_applied() {
    let withdrawn = || [Fault::Refuse(refusal(Code::PermissionDenied, "ACCESS_DENIED"))];
    let peer = Peer::start(Way::Streamed);
    let opening = peer.client().session(KIND).record("a");
    peer.book().passes_on = true;
    peer.script(withdrawn());
    let error = opening.open().await.unwrap_err();
    assert!(matches!(error, Error::Rejected { maybe_applied: true, .. }), "{error:?}");
    let mut session = opening.open().await.unwrap();
    assert_eq!(peer.book().opened(), 1);

    sleep(STREAM_RETRY).await;
    peer.script(withdrawn());
    let error = session.append("b").await.unwrap_err();
    assert!(matches!(error, Error::Rejected { maybe_applied: true, .. }), "{error:?}");
    assert_eq!(peer.book().streams, 2, "the append was sent over the stream first");
    session.append("b").await.unwrap();
    assert_eq!(peer.book().records(session.id()), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn an_overload_after_a_stream_that_passed_it_on_does_not_say_that_nothing_was_applied() {
    let peer = Peer::start(Way::Streamed);
    let opening = peer.client().session(KIND).record("a");
    peer.book().passes_on = true;
    peer.script((0..100).map(|_| Fault::Refuse(overloaded(Duration::from_secs(1)))));
    let error = opening.open().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { tries: 2.., maybe_applied: true, .. }), "{error:?}");
    peer.book().script.clear();
    drop(opening.open().await.unwrap());
    assert_eq!(peer.book().opened(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_long_record_goes_by_a_call_of_its_own() {
    let peer = Peer::start(Way::Streamed);
    let mut session = peer.client().new_session(KIND).await.unwrap();
    peer.book().messages.clear();
    let long = Bytes::from(vec![7; 100_000]);
    session.append(long.clone()).await.unwrap();
    assert!(peer.book().messages.is_empty());
    session.append("short").await.unwrap();
    assert_eq!(peer.book().messages, [1]);
    assert_eq!(peer.book().records(session.id()), [long, "short".into()]);
}

#[tokio::test(start_paused = true)]
async fn records_that_are_too_long_together_go_in_several_messages() {
    let peer = Peer::start(Way::Streamed);
    let sessions = sessions(&peer.client(), 10).await;
    peer.book().messages.clear();
    let record: &'static str = "x".repeat(20_000).leak();
    append_all(sessions, record).await;
    assert_eq!(peer.book().messages, [1; 10]);
}

#[tokio::test(start_paused = true)]
async fn a_session_for_which_the_stream_has_no_room_is_opened_by_a_call() {
    let peer = Peer::start(Way::Streamed);
    peer.script([Fault::Refuse(refusal(Code::ResourceExhausted, "STREAM_FULL"))]);
    let mut session = peer.client().new_session(KIND).await.unwrap();
    session.append("a").await.unwrap();
    assert_eq!(peer.book().seen, [(2, Done::Append("a".into()))]);
    let news = peer.book().news.clone();
    assert_eq!((news.len(), news[0] == news[1]), (2, true));
}

#[tokio::test(start_paused = true)]
async fn the_stream_is_closed_with_the_last_session() {
    let peer = Peer::start(Way::Streamed);
    let client = peer.client();
    let session = client.new_session(KIND).await.unwrap();
    drop(client);
    sleep(LEASE).await;
    assert_eq!(peer.book().closed, 0);
    drop(session);
    while peer.book().closed == 0 {
        sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_over_the_stream_what_a_call_says() {
    for way in [Way::Streamed, Way::Unary] {
        let peer = Peer::start(way);
        let mut session = peer.client().new_session(KIND).await.unwrap();
        peer.script([Fault::Refuse(refusal(Code::InvalidArgument, "REQUEST_INVALID"))]);
        let error = session.append("a").await.unwrap_err();
        let Error::Rejected { reason, message, .. } = error else { panic!("{error:?}") };
        assert_eq!((reason.as_str(), message.as_str()), ("REQUEST_INVALID", "the peer says REQUEST_INVALID"));
    }
}
