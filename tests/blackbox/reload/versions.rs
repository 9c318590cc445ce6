//! What a plugin file that changes does to the sessions of its kind, when it is broken and when it is not.

use mpy6a_proto::v1::SessionState;

use super::{digest, serves, serving};
use crate::harness::{module, tagged};

#[tokio::test]
async fn a_broken_plugin_keeps_the_old_one_in_service_and_says_so_until_it_is_mended() {
    let (host, file) = serving(&module('a')).await;
    for broken in [b"no wasm".to_vec(), module('b')[..100].to_vec(), wat::parse_str("(module)").unwrap()] {
        file.copy_over(&broken);
        let seen = host.kind_is(1, "is in trouble", |kind| !kind.trouble.is_empty()).await;
        assert_eq!(seen.plugin.unwrap().digest, digest(&module('a')));
        host.logged("a plugin does not load: its old plugin stays in service").await;
        let session = host.left(1, &["anything"]).await;
        assert_eq!(host.parked(session).await.attempts[0].cause, "a");
        // The same old one again: nothing new to be put into service, and no trouble any more.
        file.rename_over(&module('a'));
        host.kind_is(1, "is out of trouble", |kind| serves(kind, &digest(&module('a')))).await;
    }
    std::fs::remove_file(&file.0).unwrap();
    host.kind_is(1, "misses its file", |kind| kind.trouble.contains("cannot be read")).await;
    file.copy_over(&module('b'));
    host.kind_is(1, "is served by the new one", |kind| serves(kind, &digest(&module('b')))).await;
}

#[tokio::test]
async fn a_run_under_way_ends_on_the_version_it_began_with() {
    let old = tagged("misbehave", "old");
    let (host, file) = serving(&old).await;
    let session = host.left(1, &["sleep 1000"]).await;
    host.in_state(session, SessionState::Repeating).await;
    file.rename_over(&module('b'));
    host.kind_is(1, "is served by the new version", |kind| serves(kind, &digest(&module('b')))).await;
    // The new version would park it.
    host.gone(session).await;
    assert_eq!(host.repeat_ended(session).await["ended"], "deleted");
}
