//! The Rust client over the stream, against the real host.

use mpy6a_client::{Client, Session};
use mpy6a_proto::v1::{Index, SessionState};

use super::{host, paused, through};
use crate::harness::{Kind, Proxy};

/// A delay and a lease that no test outlives: whatever happens sooner is the stream's doing.
const LONG: &str = "1000s";

fn id(session: &Session) -> Index {
    session.id().into()
}

#[tokio::test]
async fn a_client_that_hands_over_when_cut_has_its_sessions_stored_as_soon_as_it_is_gone() {
    let host = host(paused().set("delay", LONG).set("lease", LONG)).await;
    let client = Client::builder(host.url()).hand_over_when_cut().connect().unwrap();
    let mut session = client.session(1).record("a").open().await.unwrap();
    session.append("b").await.unwrap();
    let id = id(&session);
    drop(client);
    assert_eq!(host.look(id).await.unwrap().state(), SessionState::Active);
    drop(session);
    host.in_state(id, SessionState::Stored).await;
}

#[tokio::test]
async fn a_client_whose_connection_broke_renews_everything_at_once() {
    let host = host(paused().set("delay", LONG).set("lease", LONG)).await;
    let proxy = Proxy::to(host.port()).await;
    let client = Client::builder(&proxy.url).hand_over_when_cut().connect().unwrap();
    let mut sessions = Vec::new();
    for _ in 0..5 {
        sessions.push(client.session(1).record("a").open().await.unwrap());
    }
    proxy.cut();
    for session in &sessions {
        host.in_state(id(session), SessionState::Stored).await;
    }
    proxy.mend();
    for mut session in sessions {
        let seen = host.in_state(id(&session), SessionState::Active).await;
        assert_eq!(seen.fence, Some(id(&session)), "no change of hands");
        session.append("b").await.unwrap();
        session.delete().await.unwrap();
    }
}

#[tokio::test]
async fn a_lease_holds_though_the_connection_broke() {
    // Due at once, were it stored: the first to be claimed would be this one.
    let host = host(Kind::misbehave(1).set("delay", "0s").set("lease", LONG)).await;
    let proxy = Proxy::to(host.port()).await;
    let client = Client::connect(&proxy.url).unwrap();
    let mut session = client.session(1).record("delete").open().await.unwrap();
    proxy.cut();
    // A session of a stream that is known to be gone, and was cut later, is taken; this one is not.
    let second = Proxy::to(host.port()).await;
    let mut stream = through(&second, &host).stream().await;
    let taken = stream.open(1, 1, "delete").await.handle.unwrap();
    second.cut();
    host.gone(taken.id.unwrap()).await;
    let seen = host.look(id(&session)).await.unwrap();
    assert_eq!((seen.state(), seen.fence), (SessionState::Active, Some(id(&session))));
    session.check_lease().unwrap();
    proxy.mend();
    session.append("on").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_records_and_short_ones_of_many_sessions_arrive_whole_and_in_order() {
    const SESSIONS: usize = 40;
    let host = host(paused()).await;
    let client = Client::connect(host.url()).unwrap();
    let lengths = [10, 30_000, 100_000, 20_000, 0, 40_000];
    let at_work: Vec<_> = (0..SESSIONS)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                let mut session = client.new_session(1).await.unwrap();
                for length in lengths {
                    session.append(vec![b'x'; length]).await.unwrap();
                }
                session
            })
        })
        .collect();
    for task in at_work {
        let session = task.await.unwrap();
        let records = host.records(id(&session)).await.unwrap();
        assert_eq!(records.iter().map(String::len).collect::<Vec<_>>(), lengths);
        session.delete().await.unwrap();
    }
}
