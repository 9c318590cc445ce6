//! No more is kept than the config says; and of what is not kept it is told why.

use std::os::unix::fs::PermissionsExt as _;

use axum::http::StatusCode;
use mpy6a_proto::v1::Index;

use super::{files, replay};
use crate::{
    admin::cli::{mpy6a, refused, said},
    harness::{Config, Effects, Host, Kind, plain, shown, until},
};

async fn failed(host: &Host, record: &str) -> Index {
    let id = host.left(1, &[record]).await;
    host.parked(id).await;
    id
}

async fn told(host: &Host, id: Index) -> String {
    refused(&replay(host, id, &[]).await, 1).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn the_oldest_goes_first_and_what_went_is_told() {
    let host = Host::start(&Config::of([Kind::misbehave(1).set("keep.attempts", 3)])).await;
    let mut sessions = Vec::new();
    for number in 0..6 {
        sessions.push(failed(&host, &format!("permanent {number}")).await);
        said(&replay(&host, sessions[number], &[]).await);
    }
    until("three are kept", async || (files(&host).len() == 3).then_some(())).await;
    assert!(told(&host, sessions[0]).await.contains("newer ones took its place: raise `attempts`"));
    for id in &sessions[3..] {
        said(&replay(&host, *id, &[]).await);
    }
    let shown = said(&mpy6a(&host, &["session", "show", &shown(sessions[5])]).await);
    assert!(shown.contains("kept"), "{shown}");
    let attempt = &host.look(sessions[0]).await.unwrap().attempts[0];
    assert!(!attempt.kept && attempt.not_kept.contains("raise"), "{attempt:?}");

    host.configure(&Config::of([Kind::misbehave(1).set("keep.attempts", 0)]));
    until("none is kept", async || files(&host).is_empty().then_some(())).await;
}

#[tokio::test]
async fn what_is_larger_than_a_kind_keeps_is_not_kept() {
    let host = Host::start(&Config::of([Kind::misbehave(1).set("keep.bytes", "64KiB")])).await;
    let id = failed(&host, &format!("permanent x{}", " ".repeat(100_000))).await;
    let told = told(&host, id).await;
    assert!(told.contains("more than its kind keeps: raise `bytes`"), "{told}");
    assert!(files(&host).is_empty());
    let small = failed(&host, "permanent x").await;
    said(&replay(&host, small, &[]).await);
    let all: u64 = files(&host).iter().map(|file| file.metadata().unwrap().len()).sum();
    assert!(all > 0 && all <= 64 << 10, "{all}");
}

#[tokio::test]
async fn a_run_that_was_answered_more_than_is_kept_is_shown_and_not_replayed() {
    let large = Effects::start(async |_| plain(StatusCode::OK, &"x".repeat(100_000))).await;
    let host = Host::start(&Config::of([Kind::misbehave(1).allow(&large.url).set("keep.bytes", "64KiB")])).await;
    let id = failed(&host, &format!("append-then-http-then-trap kept {}/x", large.url)).await;
    let output = replay(&host, id, &[]).await;
    let told = refused(&output, 1);
    assert!(told.contains("cannot be replayed") && told.contains("`keep.bytes`: raise that"), "{told}");
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("trapped") && shown.contains("append kept"), "{shown}");
}

#[tokio::test]
async fn switched_off_nothing_is_kept() {
    let host = Host::start(&Config::of([Kind::misbehave(1).set("keep.attempts", 0)])).await;
    let id = failed(&host, "trap").await;
    assert!(told(&host, id).await.contains("its kind keeps none: raise `attempts` of [kind.keep]"));
    assert!(files(&host).is_empty());
    let nobody = Index { term: 9, index: 9 };
    assert!(told(&host, nobody).await.contains("no attempt of session 9-9 is kept"));
}

#[tokio::test]
async fn a_setting_is_kept_only_where_it_was_read_and_the_folder_is_its_owners() {
    const SECRET: &str = "hunter2-and-more";
    let host = Host::start(&Config::of([Kind::misbehave(1).set("plugin.settings.password", SECRET)])).await;
    let holds = |file: &std::path::PathBuf| {
        let bytes = std::fs::read(file).unwrap();
        bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes())
    };
    let unread = failed(&host, "trap").await;
    said(&replay(&host, unread, &[]).await);
    assert_eq!(files(&host).iter().filter(|file| holds(file)).count(), 0);
    let read = failed(&host, "setting password").await;
    said(&replay(&host, read, &[]).await);
    assert_eq!(files(&host).iter().filter(|file| holds(file)).count(), 1);
    let folder = host.path("mpy6a.redb-recordings");
    assert_eq!(std::fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn of_a_session_with_several_attempts_each_can_be_asked_for() {
    let kind = Kind::misbehave(1).set("max_repeats", 3);
    let host = Host::start(&Config::of([kind])).await;
    let id = failed(&host, "append-then-retry more").await;
    for repeat in ["1", "2", "3"] {
        let text = said(&replay(&host, id, &[repeat]).await);
        assert!(text.contains(&format!("repeat {repeat},")), "{text}");
    }
    let told = refused(&replay(&host, id, &["4"]).await, 1);
    assert!(told.contains("ask for one of 1, 2, 3"), "{told}");
}
