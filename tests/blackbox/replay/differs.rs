//! Another plugin, given what the one of then was given, does something else: that is shown, and ends with 1.

use super::{replay, replayed};
use crate::harness::{Config, Effects, Host, Kind, built, module, tagged};

/// A host whose kind 1 parks every session with this reason, and may send requests.
async fn parking(reason: char, effects: &Effects) -> Host {
    let mut host = Host::prepare(&Config::of([]));
    std::fs::write(host.path("handler.wasm"), module(reason)).unwrap();
    host.reconfigure(&Config::of([Kind::new(1, "handler.wasm").allow(&effects.url)]));
    host.launch().await;
    host
}

#[tokio::test]
async fn what_another_plugin_does_otherwise_is_shown() {
    let effects = Effects::fine().await;
    let host = parking('a', &effects).await;
    let id = host.left(1, &["anything"]).await;
    host.parked(id).await;
    let other = host.path("other.wasm");
    std::fs::write(&other, module('b')).unwrap();
    let other = other.to_str().unwrap();
    let (object, code) = replayed(&host, id, &["--plugin", other]).await;
    assert_eq!((code, &object["same"]), (1, &false.into()), "{object}");
    assert_eq!(object["differences"], serde_json::json!(["outcome"]));
    assert_eq!((&object["then"]["cause"], &object["now"]["cause"]), (&"a".into(), &"b".into()));
    let output = replay(&host, id, &["--plugin", other]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["permanent: a", "permanent: b", "then", "now", "different   outcome"] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
}

#[tokio::test]
async fn a_request_that_was_not_made_then_is_answered_by_an_error_and_shown() {
    let effects = Effects::fine().await;
    let host = parking('a', &effects).await;
    let id = host.left(1, &[&format!("http {}/new", effects.url)]).await;
    host.parked(id).await;
    let misbehave = built("misbehave");
    let (object, code) = replayed(&host, id, &["--plugin", misbehave.to_str().unwrap()]).await;
    assert_eq!((code, &object["differences"]), (1, &serde_json::json!(["outcome", "http"])), "{object}");
    assert!(object["now"]["cause"].as_str().unwrap().contains("this request was not made then"), "{object}");
    assert!(object["now"]["http"][0].as_str().unwrap().contains("not made then"), "{object}");
    assert!(effects.seen().is_empty());
}

#[tokio::test]
async fn the_plugin_of_then_is_kept_when_its_file_changes() {
    let mut host = Host::prepare(&Config::of([]));
    std::fs::write(host.path("handler.wasm"), tagged("misbehave", "old")).unwrap();
    host.reconfigure(&Config::of([Kind::misbehave(1).set("plugin.file", "handler.wasm")]));
    host.launch().await;
    let id = host.left(1, &["permanent old"]).await;
    host.parked(id).await;
    super::does_the_same(&host, id, "before").await;
    std::fs::write(host.path("handler.wasm"), module('n')).unwrap();
    host.kind_is(1, "is served by the new one", |kind| {
        kind.plugin.as_ref().is_some_and(|plugin| plugin.digest != hex::encode([0; 32])) && kind.trouble.is_empty()
    })
    .await;
    super::does_the_same(&host, id, "after").await;
    // Somebody cleaned up.
    std::fs::remove_dir_all(host.path("mpy6a.redb-recordings/plugins")).unwrap();
    let output = replay(&host, id, &[]).await;
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && told.contains("--plugin FILE"), "{told}");
}
