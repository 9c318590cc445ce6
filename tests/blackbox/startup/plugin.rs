//! A plugin file that is missing, corrupt or hostile: `check` names it, and a host starts, serves every other kind, and
//! keeps that kind's sessions until the file is mended.

use std::{fs, path::PathBuf};

use mpy6a_proto::v1::SessionState;
use tempfile::TempDir;

use super::check;
use crate::harness::{Config, Host, Kind, built, wat};

/// The well-behaved kind beside the bad ones.
const GOOD: u32 = 100;

/// What the trouble with a plugin must say: what is wrong, and what to do.
type Says = &'static [&'static str];

const NO_WASM: Says = &["is not usable Wasm", "build it again"];

const NO_HANDLE: Says = &["does not export `handle`", "build it for the world `mpy6a:handler/handler`"];

/// Plugins that no toolchain made, or none as it should.
fn corrupt(folder: &TempDir) -> Vec<(Kind, Says)> {
    let file = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let noise: Vec<u8> = (0..10_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let header = [b"\0asm\x01\0\0\0".as_slice(), &noise].concat();
    let module = fs::read(built("misbehave")).unwrap();
    let component = fs::read(wat("component-without-handle")).unwrap();
    vec![
        (Kind::new(1, folder.path().join("absent.wasm")), &["absent.wasm", "cannot be read", "check the path"]),
        (Kind::new(2, folder.path()), &["cannot be read", "it is a folder"]),
        (Kind::new(3, file("empty.wasm", b"")), NO_WASM),
        (Kind::new(4, file("noise.wasm", &noise)), NO_WASM),
        (Kind::new(5, file("header.wasm", &header)), NO_WASM),
        (Kind::new(6, file("half.wasm", &module[..module.len() / 2])), NO_WASM),
        (Kind::new(7, file("cut.wasm", &component[..20])), NO_WASM),
        (Kind::new(8, wat("bare-delete")).set("plugin.sha256", "0".repeat(64)), &["is pinned", "correct `sha256`"]),
    ]
}

/// Plugins that are sound, and not for this host.
fn unfit(folder: &TempDir) -> Vec<(Kind, Says)> {
    let file = |name: &str, text: &str| -> PathBuf {
        let path = folder.path().join(name);
        fs::write(&path, wat::parse_str(text).unwrap()).unwrap();
        path
    };
    let unknown = file("unknown.wasm", "(component (import \"acme:db/store@1.0.0\" (instance)))");
    let version = file("version.wasm", "(component (import \"mpy6a:handler/types@2.0.0\" (instance)))");
    vec![
        (Kind::new(11, wat("component-without-handle")), NO_HANDLE),
        (Kind::new(12, wat("no-handle")), NO_HANDLE),
        (Kind::new(13, wat("wrong-handle")), &["handle", "build it again"]),
        (Kind::new(14, built("misbehave")), &["imports wasi:http", "is not granted", "add [[kind.plugin.http]]"]),
        (Kind::new(15, wat("imports-filesystem")), &["wasi:filesystem/preopens@0.2.0"]),
        (Kind::new(16, unknown), &["imports acme:db/store@1.0.0", "handlers get mpy6a:handler"]),
        (Kind::new(17, version), &["mpy6a:handler/types@2.0.0", "this host speaks mpy6a:handler@1"]),
        (
            Kind::new(18, wat("start-loops")),
            &["does not start within its limits", "out-of-fuel", "raise the kind's `fuel`"],
        ),
        (
            Kind::new(19, wat("memory-huge")),
            &["memory has a minimum byte size of 4294967296 which exceeds the limit", "raise the kind's `memory`"],
        ),
        (
            Kind::new(20, wat("bare-delete")).set("plugin.memory", "1MiB"),
            &["does not start within its limits", "out-of-memory", "raise the kind's `fuel`, `memory`"],
        ),
    ]
}

fn bad(folder: &TempDir) -> Vec<(u32, Kind, Says)> {
    let all = corrupt(folder).into_iter().chain(unfit(folder));
    all.map(|(kind, says)| (kind.id(), kind.set("max_running", 1).set("plugin.fuel", 10_000_000), says)).collect()
}

#[tokio::test]
async fn check_names_every_plugin_that_does_not_load_and_its_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let bad = bad(&folder);
    let kinds = bad.iter().map(|(_, kind, _)| kind.clone());
    let host = Host::prepare(&Config::of(kinds).with(Kind::misbehave(GOOD)));
    let checked = check(&host);
    assert!(!checked.right);
    for (id, _, says) in &bad {
        let from = checked.text.find(&format!("kind {id} k{id} ")).unwrap();
        let about = &checked.text[from..];
        let about = &about[..about.find(" limits ").unwrap()];
        assert!(about.contains("WRONG"), "{about}");
        for part in *says {
            assert!(about.contains(part), "{part:?} is not in {about:?}");
        }
    }
    assert_eq!(checked.text.matches(" WRONG ").count(), bad.len(), "the good one is right: {}", checked.text);
}

#[tokio::test]
async fn a_host_starts_with_them_says_so_and_keeps_their_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let bad = bad(&folder);
    let kinds = bad.iter().map(|(_, kind, _)| kind.clone());
    let host = Host::start(&Config::of(kinds).with(Kind::misbehave(GOOD))).await;

    let mut waiting = Vec::new();
    for (id, ..) in &bad {
        waiting.push(host.left(*id, &["delete"]).await);
    }
    let good = host.left(GOOD, &["delete"]).await;
    host.gone(good).await;

    let listed = host.kinds().await;
    let log = host.log();
    for (id, _, says) in &bad {
        let event = log.iter().find(|event| event["kind"] == *id && event["level"] == "ERROR").unwrap();
        assert_eq!(event["message"], "a plugin does not load: its sessions wait");
        assert_eq!(listed[id].plugin, None, "kind {id}");
        for part in *says {
            assert!(listed[id].trouble.contains(part), "kind {id}: {part:?} is not in {:?}", listed[id].trouble);
            assert!(event["trouble"].as_str().unwrap().contains(part), "kind {id}: {event}");
        }
    }
    assert_eq!(listed[&GOOD].trouble, "");
    assert!(listed[&GOOD].plugin.is_some());
    for session in waiting {
        let seen = host.look(session).await.unwrap();
        assert_eq!((seen.state(), seen.repeats), (SessionState::Stored, 0), "they are not used up by waiting");
    }
}

#[tokio::test]
async fn a_session_whose_plugin_is_mended_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("late.wasm");
    let host = Host::start(&Config::of([Kind::new(1, &file)])).await;
    let session = host.left(1, &["anything"]).await;
    fs::copy(wat("bare-delete"), &file).unwrap();
    host.gone(session).await;
    assert_eq!(host.kind_is(1, "has a plugin", |kind| kind.plugin.is_some()).await.trouble, "");
}
