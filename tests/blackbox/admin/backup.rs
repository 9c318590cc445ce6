//! Backups: made while the host serves, restored, and refused where they would destroy something or are not whole.

use std::fs;

use mpy6a_proto::v1::SessionState;

use super::cli::{mpy6a, refused, said};
use crate::harness::{Config, Host, Kind};

fn config() -> Config {
    Config::of([Kind::misbehave(1).set("delay", "1h").set("max_repeats", 1)])
}

fn text(path: &std::path::Path) -> String {
    path.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_a_backup_is_served_from_it_after_a_disaster() {
    let mut host = Host::start(&config()).await;
    let parked = host.left(1, &["trap"]).await;
    host.parked(parked).await;
    let active = host.open(1, "before").await;
    let (wire, busy) = (host.connect(), tokio::sync::oneshot::channel::<()>());
    let at_work = tokio::spawn(async move {
        let mut stop = busy.1;
        while stop.try_recv().is_err() {
            let handle = wire.open(1, "meanwhile").await;
            wire.delete(handle, 0).await.unwrap();
        }
    });
    let copy = text(&host.path("copy.redb"));
    let told = said(&mpy6a(&host, &["backup", &copy]).await);
    assert!(told.contains("sessions") && told.contains("all of it is right"), "{told}");
    busy.0.send(()).unwrap();
    at_work.await.unwrap();
    let lost = host.open(1, "after the backup").await;

    host.kill();
    let (store, log) = (host.path("mpy6a.redb"), host.path("mpy6a.redb-log"));
    let over = refused(&mpy6a(&host, &["restore", &copy, "--config", &text(&host.path("mpy6a.toml"))]).await, 1);
    assert!(over.contains("is there already") && over.contains("move"), "{over}");
    fs::remove_file(store).unwrap();
    let over = refused(&mpy6a(&host, &["restore", &copy, "--config", &text(&host.path("mpy6a.toml"))]).await, 1);
    assert!(over.contains("redb-log"), "its log alone is in the way as well: {over}");
    fs::remove_dir_all(log).unwrap();
    let told = said(&mpy6a(&host, &["restore", &copy, "--config", &text(&host.path("mpy6a.toml"))]).await);
    assert!(told.contains("1 parked"), "{told}");

    host.launch().await;
    assert_eq!(host.in_state(parked, SessionState::Parked).await.attempts[0].outcome, "trapped");
    host.append(active, 0, "its client goes on").await.unwrap();
    assert_eq!(host.append(lost, 0, "x").await.unwrap_err().reason, "SESSION_NOT_FOUND");
}

#[tokio::test]
async fn a_backup_or_a_store_is_verified_and_what_is_wrong_is_named() {
    let mut host = Host::start(&config()).await;
    for _ in 0..300 {
        host.open(1, "a record of some length, to fill some pages").await;
    }
    let (copy, cut) = (text(&host.path("copy.redb")), text(&host.path("cut.redb")));
    said(&mpy6a(&host, &["backup", &copy]).await);
    let again = refused(&mpy6a(&host, &["backup", &copy]).await, 1);
    assert!(again.contains("is there already"), "{again}");
    assert!(said(&mpy6a(&host, &["verify", &copy]).await).contains("300 held"));

    let whole = fs::read(&copy).unwrap();
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let config = text(&host.path("mpy6a.toml"));
    let live = refused(&mpy6a(&host, &["verify", "--config", &config]).await, 1);
    assert!(live.contains("in use"), "{live}");
    refused(&mpy6a(&host, &["verify", &cut]).await, 1);
    fs::write(&cut, "no backup").unwrap();
    assert!(refused(&mpy6a(&host, &["verify", &cut]).await, 1).contains("not a store of mpy6a"));

    // Killed: what came after the backup is in the log alone.
    host.open(1, "x").await;
    host.kill();
    let told = said(&mpy6a(&host, &["verify", "--config", &config]).await);
    assert!(told.contains("commits in the log"), "{told}");
    let left: Vec<_> = fs::read_dir(host.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("unfinished")), "{left:?}");
}

#[tokio::test]
async fn a_cut_backup_is_not_restored() {
    let mut host = Host::start(&config()).await;
    host.open(1, "x").await;
    let copy = text(&host.path("copy.redb"));
    said(&mpy6a(&host, &["backup", &copy]).await);
    host.kill();
    fs::remove_file(host.path("mpy6a.redb")).unwrap();
    fs::remove_dir_all(host.path("mpy6a.redb-log")).unwrap();
    let whole = fs::read(&copy).unwrap();
    for bytes in [0, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(&copy, &whole[..bytes]).unwrap();
        let told = refused(&mpy6a(&host, &["restore", &copy, "--config", &text(&host.path("mpy6a.toml"))]).await, 1);
        assert!(!told.is_empty());
        assert!(!host.path("mpy6a.redb").exists(), "{bytes} of {} bytes", whole.len());
    }
}
