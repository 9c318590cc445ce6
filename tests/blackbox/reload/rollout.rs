//! A changed plugin that traps: refused before it takes over, or taken back after; no session is lost, and people see it.

use mpy6a_proto::v1::Index;

use super::{digest, serves};
use crate::{
    admin::cli::{mpy6a, said},
    harness::{Config, GuestFile, Host, Kind, module, tagged},
};

/// A handler that traps, whatever it is given; the number makes each another file.
fn trapping(number: u32) -> Vec<u8> {
    let text = format!(
        r#"(module
          (memory (export "memory") 1)
          (data (i32.const 64) "{number}")
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
          (func (export "handle") (param i32) (result i32) unreachable))"#
    );
    wat::parse_str(text).unwrap()
}

async fn serving(wasm: &[u8], kind: impl Fn(Kind) -> Kind) -> (Host, GuestFile) {
    let mut host = Host::prepare(&Config::of([]));
    let file = GuestFile(host.path("handler.wasm"));
    file.copy_over(wasm);
    let misbehave = Kind::misbehave(1).set("plugin.file", "handler.wasm").set("max_repeats", 1_000);
    host.reconfigure(&Config::of([kind(misbehave)]));
    host.launch().await;
    (host, file)
}

/// What people see of it, everywhere.
async fn is_told_everywhere(host: &Host, old: &[u8], bad: &[u8], what: &str) {
    let bad = &digest(bad)[..12];
    let listed = said(&mpy6a(host, &["plugin", "ls"]).await);
    let listed_words = listed.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        listed.contains(&digest(old)[..12]) && listed_words.contains(&format!("! k1: version {bad} {what}")),
        "{listed}"
    );
    let json = said(&mpy6a(host, &["plugin", "ls", "--output", "json"]).await);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["digest"], digest(old));
    assert!(json["refused"].as_str().unwrap().contains(what), "{json}");
    assert!(said(&mpy6a(host, &["kind", "ls"]).await).contains("by old plugin"));
    let status = mpy6a(host, &["status"]).await;
    assert_eq!(status.status.code(), Some(1), "somebody should look at it");
    assert!(String::from_utf8(status.stdout).unwrap().contains(bad));
}

#[tokio::test]
async fn one_that_traps_on_kept_attempts_never_takes_over() {
    let good = tagged("misbehave", "good");
    let (host, file) = serving(&good, |kind| kind.set("rollout.try_attempts", 5).set("max_repeats", 1)).await;
    let mut last = Index::default();
    for record in ["permanent one", "delete", "retry two", "trap"] {
        last = host.left(1, &[record]).await;
        host.repeat_ended(last).await;
    }
    host.parked(last).await;
    let bad = trapping(1);
    file.rename_over(&bad);
    let seen = host.kind_is(1, "is in trouble", |kind| !kind.trouble.is_empty()).await;
    assert!(seen.trouble.contains("is refused: tried on repeat 1 of session"), "{}", seen.trouble);
    assert_eq!(seen.plugin.unwrap().digest, digest(&good));
    is_told_everywhere(&host, &good, &bad, "is refused").await;
    host.logged("a plugin does not load: its old plugin stays in service").await;
    let after = host.left(1, &["permanent after"]).await;
    assert_eq!(host.parked(after).await.attempts[0].plugin_digest, digest(&good), "no run was of the bad one");

    let better = tagged("misbehave", "better");
    file.rename_over(&better);
    host.kind_is(1, "is served by the better one", |kind| serves(kind, &digest(&better))).await;
    host.logged("a changed plugin was tried on attempts that are kept").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_traps_under_load_is_taken_back_and_no_session_is_lost() {
    let watch = |kind: Kind| kind.set("rollout.max_trap_percent", 50).set("rollout.min_runs", 10);
    let (host, file) = serving(&module('a'), watch).await;
    let mut sessions = Vec::new();
    for _ in 0..10 {
        sessions.push(host.left(1, &["anything"]).await);
    }
    let bad = trapping(1);
    file.rename_over(&bad);
    while host.kind(1).await.trouble.is_empty() {
        sessions.push(host.left(1, &["anything"]).await);
        assert!(sessions.len() < 20_000, "it is never taken back");
    }
    let seen = host.kind(1).await;
    assert!(seen.trouble.contains("was taken back:") && seen.trouble.contains("runs trapped"), "{}", seen.trouble);
    assert_eq!(seen.plugin.unwrap().digest, digest(&module('a')));
    let event = host.logged("a plugin traps too often: the version before it is back").await;
    assert!(event["traps"].as_u64().unwrap() * 2 > event["runs"].as_u64().unwrap(), "{event}");
    let mut trapped = 0;
    for id in &sessions {
        let parked = host.parked(*id).await;
        let last = parked.attempts.last().unwrap();
        assert_eq!((last.cause.as_str(), &last.plugin_digest), ("a", &digest(&module('a'))));
        trapped += parked.attempts.iter().filter(|attempt| attempt.outcome == "trapped").count();
    }
    assert!(trapped >= 6, "{trapped}");
    is_told_everywhere(&host, &module('a'), &bad, "was taken back").await;

    // Read again as it is, it stays back; another one is taken.
    let reloaded = mpy6a(&host, &["reload"]).await;
    assert_eq!(reloaded.status.code(), Some(1), "{reloaded:?}");
    assert_eq!(host.kind(1).await.plugin.unwrap().digest, digest(&module('a')));
    file.rename_over(&module('b'));
    host.kind_is(1, "is served by the next one", |kind| serves(kind, &digest(&module('b')))).await;
}
