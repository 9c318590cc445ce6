//! Kinds: pausing and resuming, and reading everything again by request.

use std::{fs, process::Command};

use mpy6a_proto::v1::{self, WaitReason};

use super::waits;
use crate::harness::{Config, Host, Kind, Refused, serve};

async fn pause(host: &Host, kind: u32) -> Result<(), Refused> {
    host.admin.clone().pause_kind(v1::PauseKindRequest { kind }).await?;
    Ok(())
}

async fn resume(host: &Host, kind: u32) -> Result<(), Refused> {
    host.admin.clone().resume_kind(v1::ResumeKindRequest { kind }).await?;
    Ok(())
}

#[tokio::test]
async fn a_pause_holds_over_a_kill_and_until_it_is_resumed() {
    let mut host = Host::start(&Config::of([Kind::misbehave(1), Kind::misbehave(2)])).await;
    pause(&host, 1).await.unwrap();
    host.restart().await;
    let waiting = host.left(1, &["delete"]).await;
    let other = host.left(2, &["delete"]).await;
    host.gone(other).await;
    let (reason, words) = waits(&host, waiting).await;
    assert_eq!(reason, WaitReason::KindPaused);
    assert!(words.contains("mpy6a kind resume k1"), "{words}");
    let kind = host.kind(1).await;
    assert!(kind.paused && kind.paused_since_ms.is_some() && kind.first_due_ms.is_some(), "{kind:?}");
    assert!(!host.kind(2).await.paused);
    resume(&host, 1).await.unwrap();
    host.gone(waiting).await;
}

#[tokio::test]
async fn a_kind_that_left_the_config_while_it_was_paused_is_listed_and_can_be_resumed() {
    let host = Host::start(&Config::of([Kind::misbehave(1), Kind::misbehave(2)])).await;
    pause(&host, 2).await.unwrap();
    host.configure(&Config::of([Kind::misbehave(1)]));
    host.kind_is(2, "left the config", |kind| kind.name.is_empty() && kind.paused).await;
    resume(&host, 2).await.unwrap();
    assert!(!host.kinds().await.contains_key(&2));
    assert_eq!(resume(&host, 2).await.unwrap_err().reason, "KIND_UNKNOWN");
    assert_eq!(pause(&host, 9).await.unwrap_err().reason, "KIND_UNKNOWN");
}

#[tokio::test]
async fn a_reload_answers_when_everything_was_read_and_says_what_is_wrong() {
    let host = Host::start(&Config::of([Kind::misbehave(1)])).await;
    let reload = async || host.admin.clone().reload(v1::ReloadRequest {}).await.unwrap().into_inner();
    host.configure(&Config::of([Kind::misbehave(1), Kind::misbehave(2)]));
    let answer = reload().await;
    assert_eq!(answer.config_trouble, "");
    let served: Vec<_> = answer.kinds.iter().map(|kind| (kind.id, kind.plugin.is_some())).collect();
    assert_eq!(served, [(1, true), (2, true)], "at once, not when the files were looked at");

    fs::write(host.path("broken.wasm"), "no component").unwrap();
    host.configure(&Config::of([Kind::misbehave(1), Kind::new(2, host.path("broken.wasm"))]));
    let answer = reload().await;
    assert!(answer.kinds[1].trouble.contains("not usable Wasm"), "{answer:?}");
    assert!(answer.kinds[1].plugin.is_some(), "the old one stays");

    host.write_config("listen = 7");
    let answer = reload().await;
    assert!(answer.config_trouble.contains("listen"), "{}", answer.config_trouble);
}

#[tokio::test]
async fn a_host_that_starts_paused_repeats_nothing_until_each_kind_is_resumed() {
    let paused = |id| Kind::misbehave(id).set("paused", true);
    let mut host = Host::start(&Config::of([paused(1), paused(2)])).await;
    let left = [host.left(1, &["delete"]).await, host.left(2, &["delete"]).await];
    host.kill();
    // Due at once when the next host takes over: the command line alone holds them back, and over another kill, too.
    host.reconfigure(&Config::of([Kind::misbehave(1), Kind::misbehave(2)]));
    host.try_launch(starting_paused).await.unwrap();
    host.restart().await;
    for id in left {
        assert_eq!(waits(&host, id).await.0, WaitReason::KindPaused);
    }
    for (kind, id) in [(1, left[0]), (2, left[1])] {
        resume(&host, kind).await.unwrap();
        host.gone(id).await;
    }
}

fn starting_paused() -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" \"$@\" --start-paused"]).arg(serve().get_program());
    command
}
