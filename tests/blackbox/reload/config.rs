//! A changed config is in service, whole or not at all: by its file, or by SIGHUP.

use std::time::Instant;

use mpy6a_proto::v1::{NewRequest, SessionState};
use rustix::process::Signal;

use crate::harness::{Config, Host, Kind, until, wat};

fn kind(id: u32) -> Kind {
    Kind::new(id, wat("bare-delete"))
}

/// Wait until a kind gives leases of this length, as the config says.
async fn leases_last(host: &Host, lease_ms: u64) {
    until("the lease is as configured", async || {
        let opened = host.new_session(NewRequest { kind: 1, ..NewRequest::default() }).await.unwrap();
        (opened.lease_ms == lease_ms).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_changed_file_comes_into_service() {
    let host = Host::start(&Config::of([kind(1)])).await;
    leases_last(&host, 60_000).await;
    let mut took = Vec::new();
    for seconds in [11, 12, 13, 14, 15] {
        host.configure(&Config::of([kind(1).set("lease", format!("{seconds}s"))]));
        let changed = Instant::now();
        leases_last(&host, seconds * 1_000).await;
        took.push(changed.elapsed());
    }
    took.sort();
    println!("in service after {took:?}");
    assert_eq!(host.logged("config in service").await["level"], "INFO");
}

#[tokio::test]
async fn sighup_reads_everything_again() {
    let host = Host::start(&Config::of([kind(1)])).await;
    host.configure(&Config::of([kind(1).set("lease", "20s")]));
    host.signal(Signal::HUP);
    host.logged("SIGHUP: reading the config and every plugin again").await;
    leases_last(&host, 20_000).await;
}

#[tokio::test]
async fn a_broken_config_keeps_the_old_one_in_service_and_says_so_until_it_is_mended() {
    let host = Host::start(&Config::of([kind(1)])).await;
    for (broken, says) in [
        ("[[kind", "no TOML"),
        ("[[kind]]\nid = 1\nname = \"k1\"\nplugin.file = \"x\"\nlease = \"soon\"\n", "`soon` is no time span"),
        ("", "cannot read the config"),
    ] {
        if broken.is_empty() {
            std::fs::remove_file(host.path("mpy6a.toml")).unwrap();
        } else {
            host.write_config(broken);
        }
        let seen = host.kind_is(1, "is in trouble", |kind| !kind.trouble.is_empty()).await;
        assert!(seen.trouble.contains(says) && seen.trouble.contains("mpy6a.toml"), "{:?}", seen.trouble);
        assert_eq!(host.logged("the config is wrong: the old one stays in service").await["level"], "ERROR");
        let session = host.left(1, &["anything"]).await;
        host.gone(session).await;
        leases_last(&host, 60_000).await;

        host.configure(&Config::of([kind(1)]));
        host.kind_is(1, "is out of trouble", |kind| kind.trouble.is_empty()).await;
    }
}

#[tokio::test]
async fn kinds_come_and_go_and_the_sessions_of_one_that_went_wait_for_it() {
    let host = Host::start(&Config::of([kind(1)])).await;
    let request = NewRequest { kind: 2, ..NewRequest::default() };
    assert_eq!(host.new_session(request.clone()).await.unwrap_err().reason, "KIND_UNKNOWN");

    host.configure(&Config::of([kind(1), kind(2)]));
    until("kind 2 is known", async || host.new_session(request.clone()).await.ok()).await;
    let session = host.left(2, &["anything"]).await;
    host.gone(session).await;

    let handle = host.open(2, "anything").await;
    let waiting = handle.id.unwrap();
    host.configure(&Config::of([kind(1)]));
    let gone = host.kind_is(2, "has left the config", |kind| !kind.trouble.is_empty() && kind.plugin.is_none()).await;
    assert!(gone.trouble.contains("the config does not name this kind"), "{:?}", gone.trouble);
    assert_eq!(gone.name, "");
    host.logged("the kind left the config: its sessions are kept").await;
    assert_eq!(host.new_session(request.clone()).await.unwrap_err().reason, "KIND_UNKNOWN");
    // Its client works on, and what it leaves is due at once; later ones of another kind pass it by.
    host.append(handle, 1, "more").await.unwrap();
    host.store(handle, 2, Some(0)).await.unwrap();
    for _ in 0..10 {
        let other = host.left(1, &["anything"]).await;
        host.gone(other).await;
    }
    let seen = host.look(waiting).await.unwrap();
    assert_eq!((seen.state(), seen.repeats), (SessionState::Stored, 0));

    host.configure(&Config::of([kind(1), kind(2)]));
    host.gone(waiting).await;
}

#[tokio::test]
async fn a_paused_kind_waits_and_serves_its_clients_and_goes_on_when_it_is_resumed() {
    let host = Host::start(&Config::of([kind(1), kind(2)])).await;
    host.configure(&Config::of([kind(1).set("paused", true), kind(2)]));
    host.kind_is(1, "is paused", |kind| kind.paused).await;
    let mut waiting = Vec::new();
    for _ in 0..10 {
        waiting.push(host.left(1, &["anything"]).await);
    }
    // Later ones of another kind pass them by.
    for _ in 0..10 {
        let other = host.left(2, &["anything"]).await;
        host.gone(other).await;
    }
    let seen = host.kind(1).await;
    assert_eq!((seen.stored, seen.repeating), (10, 0));

    host.configure(&Config::of([kind(1), kind(2)]));
    for session in waiting {
        host.gone(session).await;
    }
}

#[tokio::test]
async fn what_waits_for_a_restart_is_named_and_the_rest_is_taken() {
    let host = Host::start(&Config::of([kind(1)])).await;
    host.configure(&Config::of([kind(1).set("lease", "20s")]).set("limits.record", "2KiB").set("limits.runs", 32));
    let event = host.logged("stay as they were until the host is restarted").await;
    assert_eq!(event["keys"], "limits.record, limits.runs");
    leases_last(&host, 20_000).await;
    host.open(1, &"x".repeat(3_000)).await;
}
