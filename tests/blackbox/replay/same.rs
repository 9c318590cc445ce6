//! The same plugin, given again what it was given then, does the same.

use std::os::unix::fs::MetadataExt as _;

use axum::http::StatusCode;
use mpy6a_proto::v1::Index;

use super::{does_the_same, replay};
use crate::{
    admin::cli::said,
    harness::{Config, Effects, Host, Kind, built, plain, serve, shown, until},
};

/// Leave a session with this record, and wait until its only run has ended.
async fn repeated(host: &Host, kind: u32, record: &str) -> Index {
    let id = host.left(kind, &[record]).await;
    until("the run has ended", async || {
        let session = host.look(id).await;
        session.is_none_or(|session| !session.attempts.is_empty()).then_some(())
    })
    .await;
    id
}

#[tokio::test]
async fn whatever_a_handler_does_it_does_again() {
    let effects = Effects::start(async |seen| plain(StatusCode::OK, &format!("you asked for {}", seen.path))).await;
    let kind =
        Kind::misbehave(1).allow(&effects.url).set("plugin.fuel", 20_000_000).set("plugin.settings.word", "hush");
    let host = Host::start(&Config::of([kind])).await;
    let url = &effects.url;
    for record in [
        "delete".to_owned(),
        "store 3600".to_owned(),
        "nothing".to_owned(),
        "retry later".to_owned(),
        "append-then-retry more".to_owned(),
        "append-then-trap lost".to_owned(),
        "append-after-delete late".to_owned(),
        "big-record 100000".to_owned(),
        "facts".to_owned(),
        "setting word".to_owned(),
        "setting none".to_owned(),
        "panic".to_owned(),
        "loop".to_owned(),
        "recurse".to_owned(),
        "memory".to_owned(),
        "pollables".to_owned(),
        "log 3000".to_owned(),
        "stdout said".to_owned(),
        "sleep 30".to_owned(),
        format!("http {url}/a?b=c"),
        format!("wasi-http {url}/d"),
        format!("http-step charge {url}/e"),
        format!("append-then-http-then-trap kept {url}/f"),
        format!("append-then-wasi-http-then-trap kept {url}/g"),
        "http http://198.51.100.1/not-granted".to_owned(),
    ] {
        let id = repeated(&host, 1, &record).await;
        let seen = effects.seen().len();
        let now = does_the_same(&host, id, &record).await;
        assert!(now["fuel"].as_u64().unwrap() > 0, "{record}: {now}");
        assert_eq!(effects.seen().len(), seen, "{record}: a replay sends nothing");
    }
}

#[tokio::test]
async fn chance_and_both_clocks_are_as_they_were() {
    let mut host = Host::prepare(&Config::of([]));
    std::fs::write(host.path("dice.wasm"), dice()).unwrap();
    host.reconfigure(&Config::of([Kind::new(1, "dice.wasm")]));
    host.launch().await;
    let (one, two) = (repeated(&host, 1, "x").await, repeated(&host, 1, "y").await);
    let (first, second) = (does_the_same(&host, one, "one").await, does_the_same(&host, two, "two").await);
    assert_eq!(first["outcome"], "permanent", "{first}");
    assert_ne!(first["cause"], second["cause"], "each run has chance and time of its own");
}

#[tokio::test]
async fn a_run_that_ran_out_of_time_does_so_again_waiting_or_computing() {
    let silent = Effects::start(async |_| std::future::pending().await).await;
    let kind =
        Kind::misbehave(1).allow(&silent.url).set("plugin.time", "400ms").set("plugin.fuel", 1_000_000_000_000_i64);
    let host = Host::start(&Config::of([kind])).await;
    for record in
        [format!("http {}/x", silent.url), format!("wasi-http {}/x", silent.url), "sleep 60000".into(), "loop".into()]
    {
        let id = repeated(&host, 1, &record).await;
        let now = does_the_same(&host, id, &record).await;
        assert_eq!(now["outcome"], "timed-out", "{record}");
    }
}

#[tokio::test]
async fn the_plugin_is_compiled_once_for_all_attempts() {
    let kind = Kind::misbehave(1).set("plugin.time", "400ms").set("plugin.fuel", 1_000_000_000_000_i64);
    let host = Host::start(&Config::of([kind])).await;
    let cache = tempfile::tempdir().unwrap();
    let mut compiled = Vec::new();
    for record in ["permanent one", "permanent two", "loop"] {
        let id = repeated(&host, 1, record).await;
        let mut command = serve();
        command.args(["session", "replay", &shown(id)]).env("MPY6A_HOST", host.admin_url());
        command.env("XDG_CACHE_HOME", cache.path());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(output.status.success(), "{output:?}");
        // A compiled plugin is written aside and renamed: one that is compiled again is another file.
        let entries = std::fs::read_dir(cache.path().join("mpy6a/plugins")).unwrap();
        compiled.push(entries.map(|entry| entry.unwrap().metadata().unwrap().ino()).collect::<Vec<_>>());
    }
    assert!(compiled[0].len() == 1 && compiled.iter().all(|files| *files == compiled[0]), "{compiled:?}");
}

#[tokio::test]
async fn operations_and_requests_in_turn_are_done_again_in_turn() {
    let script = "append one\ntell\nreplace two\ntell\nappend three\nstore 3600\n";
    let effects =
        Effects::start(async |seen| plain(StatusCode::OK, if seen.path == "/handed" { script } else { "" })).await;
    let puppet = Kind::new(1, built("puppet")).allow(&effects.url).set("plugin.settings.outside", effects.url.as_str());
    let host = Host::start(&Config::of([puppet])).await;
    let id = repeated(&host, 1, "record").await;
    let now = does_the_same(&host, id, "puppet").await;
    let operations: Vec<_> = now["operations"].as_array().unwrap().iter().map(|op| op.as_str().unwrap()).collect();
    assert_eq!(operations, ["append one", "replace two", "append three", "store 3600"]);
    assert_eq!(now["http"].as_array().unwrap().len(), 3);
    let text = said(&replay(&host, id, &["1"]).await);
    for part in ["repeat 1", "append one", "/handed", "same        it did again what it did then"] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
}

#[tokio::test]
async fn a_body_that_nobody_took_is_known_by_all_of_it() {
    // Nobody listens there.
    let outside = "http://127.0.0.1:9";
    let host = Host::start(&Config::of([Kind::new(1, built("puppet"))
        .allow(outside)
        .set("plugin.settings.outside", outside)]))
    .await;
    let id = repeated(&host, 1, "a record that goes into the body").await;
    let now = does_the_same(&host, id, "unreachable").await;
    assert_eq!(now["outcome"], "retry", "{now}");
    assert!(now["http"][0].as_str().unwrap().contains("32 bytes"), "{now}");
}

/// A module that ends with `permanent` and, as letters, 16 random bytes and what both clocks say, asked of WASI preview 1.
fn dice() -> Vec<u8> {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
        (memory (export "memory") 2)
        (global $free (mut i32) (i32.const 4096))
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local i32)
          (local.set 4 (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
          (global.set $free (i32.add (local.get 4) (local.get 3)))
          (local.get 4))
        (func (export "handle") (param i32) (result i32) (local $at i32)
          (drop (call $random (i32.const 1024) (i32.const 16)))
          (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 1040)))
          (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 1048)))
          (loop $each
            (i32.store8 (i32.add (i32.const 3000) (i32.mul (local.get $at) (i32.const 2)))
              (i32.add (i32.const 97) (i32.shr_u (i32.load8_u (i32.add (i32.const 1024) (local.get $at))) (i32.const 4))))
            (i32.store8 (i32.add (i32.const 3001) (i32.mul (local.get $at) (i32.const 2)))
              (i32.add (i32.const 97) (i32.and (i32.load8_u (i32.add (i32.const 1024) (local.get $at))) (i32.const 15))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br_if $each (i32.lt_u (local.get $at) (i32.const 32))))
          (i32.store8 (i32.const 2048) (i32.const 1))
          (i32.store8 (i32.const 2052) (i32.const 1))
          (i32.store (i32.const 2056) (i32.const 3000))
          (i32.store (i32.const 2060) (i32.const 64))
          (i32.const 2048)))"#;
    wat::parse_str(text).unwrap()
}
