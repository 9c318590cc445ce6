//! Tests of what a reload takes into service and what it keeps, over real plugins and a real store. The watcher has
//! tests of its own; here a reload is asked for.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{fs, time::Duration};

use mpy6a_plugins::SandboxConfig;
use mpy6a_sessions::{Environment, Error, Limits, New, Refusal, Started, store::redb::RedbStore};
use tempfile::TempDir;

use super::*;
use crate::{
    config::{LogFormat, Text},
    recordings::Recordings,
    reload::reloader::Because,
    telemetry::Telemetry,
};

/// A handler that returns at once; the data makes each version another file.
fn handler(version: u32) -> Vec<u8> {
    let text = format!(
        r#"(module
            (memory (export "memory") 1)
            (data (i32.const 64) "version {version}")
            (global $free (mut i32) (i32.const 4096))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (global.set $free (i32.add (global.get $free) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16))))
                (i32.sub (global.get $free) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16))))
            (func (export "handle") (param i32) (result i32) (i32.const 1024)))"#
    );
    wat::parse_str(text).unwrap()
}

/// A host without gRPC and runs, in a folder of its own.
struct Bench {
    folder: TempDir,
    reloader: Reloader,
}

impl Bench {
    /// Start with this config and these plugin files.
    async fn start(config: &str, plugins: &[(&str, Vec<u8>)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mpy6a.toml");
        fs::write(&file, config).unwrap();
        for (name, bytes) in plugins {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        let text = Text::read(&file).unwrap();
        let config = text.config().unwrap();
        let sandbox = Sandbox::new(SandboxConfig {
            runs_max: 4,
            memory_bytes_max: 64 << 20,
            cache_dir: None,
            limits: Limits::default(),
        });
        let (board, loads, watcher) = super::start(&file, config, sandbox.unwrap(), &Certificates::default()).await;
        let policies = board.now().config.policies(|kind| board.plugins.get(kind).is_some());
        let store = RedbStore::in_memory().unwrap();
        let Started { sessions, .. } =
            mpy6a_sessions::start(store, Limits::default(), policies, Environment::real()).unwrap();
        let telemetry = Telemetry::start(LogFormat::Text, "info").unwrap();
        let recordings = Recordings::start(&folder.path().join("store"), &board.now().config);
        let (_, rings) = super::bell();
        let reloader = Reloader {
            file,
            text,
            suspect: None,
            board,
            loads,
            watcher,
            certificates: Certificates::default(),
            sessions,
            telemetry,
            recordings,
            rings,
            answers: Vec::new(),
        };
        Self { folder, reloader }
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.folder.path().join(name), bytes).unwrap();
    }

    /// Reload what the files with these names concern, and wait for every load.
    async fn reload(&mut self, names: &[&str]) {
        let changed: Vec<PathBuf> = names.iter().map(|name| self.folder.path().join(name)).collect();
        self.reloader.reload(Because::Changed, |file| changed.contains(file)).await;
        while let Some((kind, result)) = self.reloader.loads.next().await {
            take(&self.reloader.board, kind, result);
            self.reloader.publish();
        }
    }

    fn digest(&self, kind: u32) -> Option<[u8; 32]> {
        self.reloader.board.plugins.get(kind).map(|plugin| plugin.digest())
    }

    fn trouble(&self, kind: u32) -> String {
        self.reloader.board.now().trouble(kind)
    }

    async fn open(&self, kind: u32) -> Result<Duration, Error> {
        let opened = self.reloader.sessions.open(New { kind, ..New::default() }).await?;
        Ok(Duration::from_millis(opened.lease_ms))
    }
}

fn kind(id: u32, more: &str) -> String {
    format!("[[kind]]\nid = {id}\nname = \"k{id}\"\nplugin.file = \"{id}.wasm\"\n{more}\n")
}

#[tokio::test]
async fn a_changed_plugin_is_taken_and_a_broken_one_keeps_the_old() {
    let mut bench = Bench::start(&kind(1, ""), &[("1.wasm", handler(1))]).await;
    let first = bench.digest(1).unwrap();
    let whole = handler(2);
    bench.write("1.wasm", &whole[..whole.len() / 2]);
    bench.reload(&["1.wasm"]).await;
    assert_eq!(bench.digest(1), Some(first));
    assert!(!bench.trouble(1).is_empty());

    bench.write("1.wasm", &whole);
    bench.reload(&["1.wasm"]).await;
    assert_ne!(bench.digest(1), Some(first));
    assert_eq!(bench.trouble(1), "");
}

#[tokio::test]
async fn a_config_with_a_mistake_changes_nothing_and_says_why() {
    let mut bench = Bench::start(&kind(1, "lease = \"1s\""), &[("1.wasm", handler(1)), ("2.wasm", handler(2))]).await;
    bench.write("mpy6a.toml", kind(1, "lease = \"2s\"") + &kind(2, "lease = 2"));
    bench.reload(&["mpy6a.toml"]).await;
    assert_eq!(bench.open(1).await, Ok(Duration::from_secs(1)));
    assert_eq!(bench.open(2).await, Err(Refusal::KindUnknown(2).into()));
    assert!(bench.trouble(1).contains("kind.lease"), "{}", bench.trouble(1));

    bench.write("mpy6a.toml", kind(1, "lease = \"2s\"") + &kind(2, "lease = \"2s\""));
    bench.reload(&["mpy6a.toml"]).await;
    assert_eq!(bench.open(1).await, Ok(Duration::from_secs(2)));
    assert_eq!(bench.open(2).await, Ok(Duration::from_secs(2)));
    assert!(bench.digest(2).is_some());
    assert_eq!(bench.trouble(1), "");
}

#[tokio::test]
async fn a_config_put_back_as_it_was_is_no_trouble_any_more() {
    let mut bench = Bench::start(&kind(1, ""), &[("1.wasm", handler(1))]).await;
    bench.write("mpy6a.toml", "nonsense");
    bench.reload(&["mpy6a.toml"]).await;
    assert_ne!(bench.trouble(1), "");
    bench.write("mpy6a.toml", kind(1, ""));
    bench.reload(&["mpy6a.toml"]).await;
    assert_eq!(bench.trouble(1), "");
}

#[tokio::test]
async fn one_plugin_that_does_not_load_holds_up_no_other() {
    let plugins = [("1.wasm", handler(1)), ("2.wasm", b"no wasm".to_vec())];
    let mut bench = Bench::start(&(kind(1, "") + &kind(2, "")), &plugins).await;
    assert!(bench.digest(1).is_some() && bench.digest(2).is_none());
    assert!(bench.trouble(1).is_empty() && !bench.trouble(2).is_empty());
    assert!(bench.open(2).await.is_ok(), "clients of the kind are served, its sessions wait");

    bench.write("2.wasm", handler(2));
    bench.reload(&["2.wasm"]).await;
    assert!(bench.digest(2).is_some() && bench.trouble(2).is_empty());
}

#[tokio::test]
async fn a_plugin_keeps_its_old_settings_until_it_loads_with_the_new_ones() {
    let mut bench = Bench::start(&kind(1, "plugin.settings.a = \"old\""), &[("1.wasm", handler(1))]).await;
    let setting = |bench: &Bench| bench.reloader.board.plugins.get(1).unwrap().spec().settings["a"].clone();
    bench.write("1.wasm", "broken");
    bench.write("mpy6a.toml", kind(1, "lease = \"2s\"\nplugin.settings.a = \"new\""));
    bench.reload(&["mpy6a.toml", "1.wasm"]).await;
    assert_eq!(setting(&bench), "old");
    assert_eq!(bench.open(1).await, Ok(Duration::from_secs(2)), "the kind's own part is in service");
    bench.write("1.wasm", handler(1));
    bench.reload(&["1.wasm"]).await;
    assert_eq!(setting(&bench), "new");
}

#[tokio::test]
async fn the_same_plugin_read_again_stays_the_one_it_was() {
    let mut bench = Bench::start(&kind(1, ""), &[("1.wasm", handler(1))]).await;
    let before = bench.reloader.board.plugins.get(1).unwrap();
    bench.reload(&["1.wasm", "mpy6a.toml"]).await;
    assert!(Arc::ptr_eq(&before, &bench.reloader.board.plugins.get(1).unwrap()));
}

#[tokio::test]
async fn a_kind_that_left_the_config_is_out_of_service_and_its_sessions_are_kept() {
    let plugins = [("1.wasm", handler(1)), ("2.wasm", handler(2))];
    let mut bench = Bench::start(&(kind(1, "") + &kind(2, "")), &plugins).await;
    bench.open(2).await.unwrap();
    bench.write("mpy6a.toml", kind(1, "") + "# no more\n");
    bench.reload(&["mpy6a.toml"]).await;
    assert_eq!(bench.digest(2), None);
    assert_eq!(bench.open(2).await, Err(Refusal::KindUnknown(2).into()));
    assert_eq!(bench.reloader.sessions.counts().await.unwrap()[&2].active, 1);
}

#[tokio::test]
async fn what_needs_a_restart_stays_as_it_was_while_the_rest_is_taken() {
    let mut bench = Bench::start(&kind(1, ""), &[("1.wasm", handler(1))]).await;
    let before = bench.reloader.board.now().config.fixed.clone();
    bench.write("mpy6a.toml", "listen = \"127.0.0.1:1\"\n".to_owned() + &kind(1, "lease = \"3s\""));
    bench.reload(&["mpy6a.toml"]).await;
    assert_eq!(bench.reloader.board.now().config.fixed, before);
    assert_eq!(bench.open(1).await, Ok(Duration::from_secs(3)));
}

#[tokio::test]
async fn a_config_that_is_the_beginning_of_the_one_in_service_waits_to_be_written_on() {
    let plugins = [("1.wasm", handler(1)), ("2.wasm", handler(2))];
    let mut bench = Bench::start(&(kind(1, "") + &kind(2, "")), &plugins).await;
    bench.write("mpy6a.toml", kind(1, ""));
    bench.reload(&["mpy6a.toml"]).await;
    assert!(bench.trouble(2).contains("looks cut off"), "{}", bench.trouble(2));
    assert!(bench.open(2).await.is_ok() && bench.digest(2).is_some());
    // It stays so.
    let suspect = bench.reloader.suspect.as_mut().unwrap();
    suspect.since = suspect.since.checked_sub(crate::limits::CUT_OFF_SETTLE).unwrap();
    bench.reload(&["mpy6a.toml"]).await;
    assert_eq!((bench.trouble(1), bench.digest(2)), (String::new(), None));

    bench.write("mpy6a.toml", "# nothing\n");
    for _ in 0..2 {
        bench.reload(&["mpy6a.toml"]).await;
        assert!(bench.trouble(1).contains("it is empty") && bench.open(1).await.is_ok(), "{}", bench.trouble(1));
        assert!(bench.reloader.suspect.is_none(), "an empty one is never taken");
    }
}

#[tokio::test]
async fn a_config_that_looks_cut_off_is_no_longer_the_same_when_it_was_broken_in_between() {
    let plugins = [("1.wasm", handler(1)), ("2.wasm", handler(2))];
    let mut bench = Bench::start(&(kind(1, "") + &kind(2, "")), &plugins).await;
    bench.write("mpy6a.toml", kind(1, ""));
    bench.reload(&["mpy6a.toml"]).await;
    let suspect = bench.reloader.suspect.as_mut().unwrap();
    suspect.since = suspect.since.checked_sub(crate::limits::CUT_OFF_SETTLE).unwrap();
    for between in ["nonsense", "# nothing\n"] {
        bench.write("mpy6a.toml", between);
        bench.reload(&["mpy6a.toml"]).await;
        bench.write("mpy6a.toml", kind(1, ""));
        bench.reload(&["mpy6a.toml"]).await;
        assert!(bench.trouble(2).contains("looks cut off"), "{}", bench.trouble(2));
        assert!(bench.digest(2).is_some(), "it begins to wait anew");
        let suspect = bench.reloader.suspect.as_mut().unwrap();
        suspect.since = suspect.since.checked_sub(crate::limits::CUT_OFF_SETTLE).unwrap();
    }
}
