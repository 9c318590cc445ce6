//! A config that an editor rewrites in place: half of it opens nothing, and the old one stays in service until it is whole.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use rustix::fs::{CWD, Mode, mkfifoat};

use super::{config, guarded, token};
use crate::harness::{Host, serve, until};

/// Why the newest config is not in service.
async fn trouble(host: &Host, part: &str) {
    let boss = host.with_token(&token("boss"));
    until(&format!("the trouble says {part:?}"), async || {
        boss.kinds().await.unwrap().iter().any(|kind| kind.trouble.contains(part)).then_some(())
    })
    .await;
}

async fn lets_in_nobody_else(host: &Host) {
    let refused = host.showing(None, None).new_session(1).await.unwrap_err();
    assert_eq!(refused.reason, "CREDENTIALS_MISSING");
    host.with_token(&token("shop")).new_session(1).await.unwrap();
}

/// `mpy6a reload`: exit code, and what it says in one line.
fn reload(host: &Host) -> (Option<i32>, String) {
    let output =
        serve().args(["--host", &host.admin_url(), "reload"]).env("MPY6A_TOKEN", token("boss")).output().unwrap();
    (output.status.code(), one_spaced([output.stdout, output.stderr].concat()))
}

fn one_spaced(said: Vec<u8>) -> String {
    String::from_utf8(said).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_config_opens_no_host_and_drops_nothing() {
    let host = Host::start(&guarded()).await;
    let in_place = |text: &str| fs::write(host.path("mpy6a.toml"), text).unwrap();
    in_place("");
    trouble(&host, "it is empty").await;
    lets_in_nobody_else(&host).await;
    // Without the accesses, whole otherwise, and asked for by a person: still no.
    in_place(&config().text(host.ports()));
    trouble(&host, "this one has none").await;
    let (code, said) = reload(&host);
    assert!(code == Some(1) && said.contains("put [[access]] back"), "{said}");
    lets_in_nobody_else(&host).await;

    in_place(&guarded().set("limits.shutdown", "11s").text(host.ports()));
    host.logged("config in service").await;
    assert_eq!(reload(&host).0, Some(0));
    lets_in_nobody_else(&host).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_is_opened_where_its_config_says_so() {
    let host = Host::start(&guarded()).await;
    host.configure(&config().set("open_to_all", true).set("admin.open_to_all", true));
    until("anybody is let in", async || host.showing(None, None).new_session(1).await.ok()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_beginning_of_a_config_is_taken_when_it_stays_so_or_a_person_asks_for_it() {
    let mut host = Host::prepare(&guarded());
    let short = guarded().text(host.ports());
    host.write_config(&format!("{short}\n# the end\n"));
    host.launch().await;
    fs::write(host.path("mpy6a.toml"), &short).unwrap();
    trouble(&host, "it is the beginning of the config in service").await;
    let boss = host.with_token(&token("boss"));
    until("it is taken", async || boss.kinds().await.unwrap().iter().all(|kind| kind.trouble.is_empty()).then_some(()))
        .await;

    fs::write(host.path("mpy6a.toml"), format!("{short}\n# another\n[traces]")).unwrap();
    trouble(&host, "its last line has no end").await;
    assert_eq!(reload(&host).0, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_config_that_is_being_written_is_not_read_by_request_either() {
    let host = Host::start(&guarded()).await;
    let text = guarded().set("limits.shutdown", "11s").text(host.ports());
    let (path, is_done) = (host.path("mpy6a.toml"), Arc::new(AtomicBool::new(false)));
    let writer = {
        let is_done = Arc::clone(&is_done);
        thread::spawn(move || {
            let mut lines = 0;
            while !is_done.load(Ordering::Relaxed) {
                lines += 1;
                fs::write(&path, "# being written\n".repeat(lines % 9_000) + &text).unwrap();
                thread::sleep(Duration::from_millis(5));
            }
            fs::write(&path, text).unwrap();
        })
    };
    let (code, said) = reload(&host);
    is_done.store(true, Ordering::Relaxed);
    writer.join().unwrap();
    assert!(code == Some(1) && said.contains("not yet done: reload again"), "{said}");
    // The watcher takes it when it lies still.
    host.logged("config in service").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fifo_in_the_place_of_a_config_or_a_plugin_holds_up_nothing() {
    let host = Host::start(&guarded()).await;
    fs::copy(host.path("mpy6a.toml"), host.path("right.toml")).unwrap();
    fs::remove_file(host.path("mpy6a.toml")).unwrap();
    mkfifoat(CWD, host.path("mpy6a.toml"), Mode::RUSR | Mode::WUSR).unwrap();
    let (code, said) = reload(&host);
    assert!(code == Some(1) && said.contains("it is a FIFO: name a regular file"), "{said}");
    let check = || serve().args(["check", "--config"]).arg(host.path("mpy6a.toml")).output().unwrap();
    assert!(one_spaced(check().stdout).contains("it is a FIFO"));

    fs::remove_file(host.path("mpy6a.toml")).unwrap();
    mkfifoat(CWD, host.path("plugin.fifo"), Mode::RUSR | Mode::WUSR).unwrap();
    let text = fs::read_to_string(host.path("right.toml")).unwrap();
    let (at, end) = (text.find("file = \"").unwrap(), "bare-delete.wasm\"");
    let text = text.replacen(&text[at..text.find(end).unwrap() + end.len()], "file = \"plugin.fifo\"", 1);
    host.write_config(&text);
    let (code, said) = reload(&host);
    assert!(code == Some(1) && said.contains("it is a FIFO"), "{said}");
    assert!(one_spaced(check().stdout).contains("it is a FIFO"));
    assert_eq!(host.with_token(&token("shop")).new_session(1).await.map(|_| ()).map_err(|it| it.reason), Ok(()));
}
