//! The command line over `Admin`: what a person types at three in the morning.

use std::{
    io::Write as _,
    process::{Output, Stdio},
};

use serde_json::Value;

use crate::harness::{Config, Host, Kind, serve, shown};

/// `mpy6a` with these arguments, for this host.
pub async fn mpy6a(host: &Host, arguments: &[&str]) -> Output {
    mpy6a_fed(host, arguments, b"").await
}

async fn mpy6a_fed(host: &Host, arguments: &[&str], input: &[u8]) -> Output {
    let mut command = serve();
    command.args(arguments).env("MPY6A_HOST", host.admin_url());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let input = input.to_vec();
    let run = move || {
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(&input).unwrap();
        child.wait_with_output().unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[track_caller]
pub fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    assert!(output.status.success(), "{} {}", text(&output.stdout), text(&output.stderr));
    let text = text(&output.stdout);
    let widest = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    assert!(widest <= 80 || text.starts_with('{'), "{widest} columns: {text}");
    text
}

#[track_caller]
pub fn refused(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn patient() -> Kind {
    Kind::misbehave(1).set("delay", "1h").set("max_repeats", 1)
}

#[tokio::test]
async fn sessions_are_listed_shown_and_explained() {
    let host = Host::start(&Config::of([patient()])).await;
    assert_eq!(said(&mpy6a(&host, &["session", "ls"]).await), "no such sessions\n");
    let id = host.left(1, &["trap", "\u{1b}[31mred"]).await;
    host.parked(id).await;
    let waiting = host.open(1, "x").await.id.unwrap();

    let listed = said(&mpy6a(&host, &["session", "ls"]).await);
    let lines: Vec<_> = listed.lines().collect();
    assert_eq!(lines.len(), 3, "{listed}");
    assert!(lines[0].starts_with("ID") && lines[0].contains("WAITS FOR"));
    assert!(lines[1].starts_with(&shown(waiting)) && lines[1].contains("active"), "{listed}");
    assert!(lines[2].contains("parked") && lines[2].contains("out-of-repeats: wasm trap"), "{listed}");
    let parked =
        said(&mpy6a(&host, &["session", "ls", "--state", "parked", "--kind", "k1", "--outcome", "trapped"]).await);
    assert_eq!(parked.lines().count(), 2, "{parked}");

    let json = said(&mpy6a(&host, &["session", "ls", "--output", "json", "--state", "parked"]).await);
    let object: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (object["waits_for"].as_str(), object["last_outcome"].as_str()),
        (Some("out-of-repeats"), Some("trapped"))
    );

    let whole = said(&mpy6a(&host, &["session", "show", &shown(id)]).await);
    for part in ["parked", "out of repeats", "\\u{1b}[31mred", "trapped", "attempts"] {
        assert!(whole.contains(part), "{part:?} is not in {whole}");
    }
    let json = said(&mpy6a(&host, &["session", "show", &shown(id), "--output", "json", "--records", "hex"]).await);
    let object: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(object["records"][0].as_str(), Some("74726170"));
    assert_eq!(object["attempts"][0]["outcome"].as_str(), Some("trapped"));
}

#[tokio::test]
async fn acting_by_filter_is_tried_first_and_done_by_yes() {
    let host = Host::start(&Config::of([patient()])).await;
    let mut ids = Vec::new();
    for _ in 0..15 {
        ids.push(host.left(1, &["permanent no such user"]).await);
    }
    for id in &ids {
        host.parked(*id).await;
    }
    let tried = said(&mpy6a(&host, &["session", "delete", "--cause", "no such user"]).await);
    assert!(tried.contains("and 5 more") && tried.contains("would delete 15 sessions (15 k1): say --yes"), "{tried}");
    assert!(host.look(ids[0]).await.is_some(), "nothing was done");

    let everything = refused(&mpy6a(&host, &["session", "delete", "--yes"]).await, 1);
    assert!(everything.contains("every session") && everything.contains("--all"), "{everything}");
    let both = refused(&mpy6a(&host, &["session", "delete", &shown(ids[0]), "--all"]).await, 1);
    assert!(both.contains("not by both"), "{both}");

    let redriven = said(&mpy6a(&host, &["session", "redrive", &shown(ids[0])]).await);
    assert_eq!(redriven, "redriven: 1 session\n");
    host.seen(ids[0], "parked again", |it| it.attempts.len() == 2 && it.due_ms == 0).await;
    assert_eq!(said(&mpy6a(&host, &["session", "delete", "--kind", "1", "--yes"]).await), "deleted: 15 sessions\n");
    for id in ids {
        assert!(host.look(id).await.is_none());
    }
    let nothing = said(&mpy6a(&host, &["session", "redrive", "--all"]).await);
    assert!(nothing.contains("nothing to do"), "{nothing}");
}

#[tokio::test]
async fn what_is_refused_is_told_once_with_a_remedy() {
    let host = Host::start(&Config::of([patient()])).await;
    let [one, two] = [host.open(1, "x").await, host.open(1, "y").await].map(|handle| shown(handle.id.unwrap()));
    let told = refused(&mpy6a(&host, &["session", "park", &one, &two]).await, 1);
    assert!(told.contains("ask by force") && told.contains("and 1 more like it"), "{told}");
    assert_eq!(said(&mpy6a(&host, &["session", "park", &one, "--force"]).await), "parked: 1 session\n");
    let told = refused(&mpy6a(&host, &["session", "show", "1-99999"]).await, 1);
    assert!(told.contains("no session 1-99999"), "{told}");
    assert!(refused(&mpy6a(&host, &["session", "show", "7"]).await, 1).contains("3-1042"));
    assert!(refused(&mpy6a(&host, &["kind", "pause", "nobody"]).await, 1).contains("k1 (1)"));
    let nobody = mpy6a(&host, &["status", "--host", "127.0.0.1:9"]).await;
    assert!(refused(&nobody, 3).contains("--host"), "{nobody:?}");
}

#[tokio::test]
async fn a_script_is_a_client() {
    let host = Host::start(&Config::of([patient()])).await;
    let handle = said(&mpy6a(&host, &["session", "new", "k1", "delete", "--request-id", "once"]).await);
    let again = said(&mpy6a(&host, &["session", "new", "k1", "delete", "--request-id", "once"]).await);
    assert_eq!(handle, again);
    let (id, handle) = (handle.split(':').next().unwrap().to_owned(), handle.trim());
    mpy6a(&host, &["session", "append", handle, "second"]).await;
    said(&mpy6a_fed(&host, &["session", "append", handle, "--file", "-"], b"from\0stdin").await);
    let shown = said(&mpy6a(&host, &["session", "show", &id]).await);
    assert!(shown.contains("second") && shown.contains("from\\u{0}stdin"), "{shown}");
    said(&mpy6a(&host, &["session", "replace", handle, "delete"]).await);
    said(&mpy6a(&host, &["session", "store", handle, "--timeout", "0s"]).await);
    let late = refused(&mpy6a(&host, &["session", "finish", handle]).await, 1);
    assert!(late.contains("takes no more operations") || late.contains("no session"), "{late}");

    // Where others have accounts the handle is not for the command line.
    let other = said(&mpy6a(&host, &["session", "new", "1"]).await);
    let file = host.path("handle");
    std::fs::write(&file, &other).unwrap();
    let at_file = format!("@{}", file.display());
    said(&mpy6a_fed(&host, &["session", "append", &at_file, "--file", "-"], b"one").await);
    said(&mpy6a_fed(&host, &["session", "append", "-", "two"], other.as_bytes()).await);
    let both = mpy6a_fed(&host, &["session", "append", "-", "--file", "-"], other.as_bytes()).await;
    assert!(refused(&both, 1).contains("either the handle or the record"));
    assert!(refused(&mpy6a(&host, &["session", "finish", "@/dev/zero"]).await, 1).contains("longer than 128 bytes"));
    assert!(refused(&mpy6a(&host, &["session", "finish", "@none"]).await, 1).contains("cannot read the handle"));
    said(&mpy6a_fed(&host, &["session", "finish", "-"], other.as_bytes()).await);

    let other = said(&mpy6a(&host, &["session", "new", "1"]).await);
    said(&mpy6a(&host, &["session", "finish", other.trim()]).await);
    assert!(refused(&mpy6a(&host, &["session", "append", "3-1", "x"]).await, 1).contains("00c0ffee"));
}

#[tokio::test]
async fn kinds_are_paused_resumed_and_watched() {
    let host = Host::start(&Config::of([patient()])).await;
    assert_eq!(said(&mpy6a(&host, &["status"]).await).lines().count(), 4);
    said(&mpy6a(&host, &["kind", "pause", "k1"]).await);
    let waiting = host.left(1, &["delete"]).await;
    let listed = said(&mpy6a(&host, &["kind", "ls"]).await);
    assert!(listed.contains("no: paused 0s ago"), "{listed}");
    let status = mpy6a(&host, &["status"]).await;
    assert_eq!(status.status.code(), Some(1), "somebody should look at it");
    assert!(String::from_utf8(status.stdout).unwrap().contains("! k1: paused, and 1 stored sessions wait"));
    assert_eq!(said(&mpy6a(&host, &["kind", "resume", "k1"]).await), "resumed: k1\n");
    host.gone(waiting).await;
    let drawn = said(&mpy6a(&host, &["top", "--count", "2", "--every", "10ms"]).await);
    assert_eq!(drawn.matches("term 1").count(), 2, "{drawn}");
    assert!(said(&mpy6a(&host, &["reload"]).await).contains("in service"));
    host.write_config("listen = 7");
    assert!(refused(&mpy6a(&host, &["reload"]).await, 1).contains("the old one stays in service"));
}

#[tokio::test]
async fn completions_and_man_pages_know_every_command() {
    let host = Host::prepare(&Config::of([patient()]));
    for shell in ["bash", "zsh", "fish"] {
        let output = mpy6a(&host, &["completions", shell]).await;
        assert!(output.status.success() && String::from_utf8(output.stdout).unwrap().contains("redrive"), "{shell}");
    }
    let folder = host.path("man");
    said(&mpy6a(&host, &["man", folder.to_str().unwrap()]).await);
    for page in ["mpy6a.1", "mpy6a-session-redrive.1", "mpy6a-backup.1"] {
        assert!(folder.join(page).exists(), "{page}");
    }
}
