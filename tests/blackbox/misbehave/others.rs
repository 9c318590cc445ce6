//! One kind's handlers hold up nobody else's.

use mpy6a_proto::v1::SessionState;

use crate::harness::{Config, Host, Kind};

#[tokio::test]
async fn other_kinds_are_repeated_while_one_misbehaves_with_all_its_workers() {
    // As much fuel and time as there can be: these runs end when the test does.
    let endless = Kind::misbehave(1).set("plugin.fuel", i64::MAX).set("plugin.time", "10m").set("max_running", 4);
    let host = Host::start(&Config::of([endless, Kind::misbehave(2)])).await;
    let mut greedy = Vec::new();
    for record in ["loop", "loop", "sleep 600000", "loop", "loop", "loop"] {
        greedy.push(host.left(1, &[record]).await);
    }
    host.kind_is(1, "has no worker free", |kind| kind.repeating == 4).await;

    for _ in 0..20 {
        let session = host.left(2, &["delete"]).await;
        host.gone(session).await;
    }
    let mut states = Vec::new();
    for session in greedy {
        states.push(host.look(session).await.unwrap().state());
    }
    assert_eq!(states[..4], [SessionState::Repeating; 4], "they still run");
    assert_eq!(states[4..], [SessionState::Stored; 2], "and hold up those of their own kind alone");
}
