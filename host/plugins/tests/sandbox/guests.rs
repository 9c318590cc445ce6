//! Guests made by real toolchains, for what cannot be written by hand: `wasi:http`, whose types are hundreds of lines.
//!
//! ```text
//! .ci/build-guests && cargo test -p mpy6a-plugins -- --ignored
//! ```

use std::{env, path::PathBuf, sync::Arc};

use bytes::Bytes;
use mpy6a_plugins::{LoadError, PluginSpec, RunEnd, inspect};
use mpy6a_sessions::Outcome;

use crate::rig::{Answer, Rig, serve};

/// Where `.ci/build-guests` puts them.
pub fn guests() -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |target| root.join(target)).join("guests")
}

/// Run the hostile guest, which does as its first record says.
async fn misbehave(rig: &mut Rig, order: &str) -> RunEnd {
    let spec = PluginSpec { file: guests().join("misbehave.wasm"), ..rig.spec.clone() };
    let plugin = rig.sandbox.load(&spec).await.unwrap();
    rig.records = vec![Bytes::from(order.to_owned())];
    rig.run_loaded(&plugin).await
}

/// A rig that may ask a server of its own, and the server's address.
async fn rig(answer: Answer) -> (Rig, String) {
    let rig = Rig::new();
    let target = format!("http://127.0.0.1:{}", serve(Arc::clone(&rig.events), answer).await);
    (rig.target(&target, ""), target)
}

#[tokio::test]
#[ignore = "needs .ci/build-guests"]
async fn wasi_http_passes_the_same_barrier_and_the_same_list() {
    let (mut rig, target) = rig(Answer::ok("found")).await;
    let end = misbehave(&mut rig, &format!("append-then-wasi-http-then-trap intent {target}/users")).await;
    assert!(matches!(end.report.outcome, Outcome::Trapped(_)), "{:?}", end.report.outcome);
    let [commit, request] = &rig.events()[..] else { panic!("{:?}", rig.events()) };
    assert!(commit.starts_with("commit") && request.starts_with("GET /users HTTP/1.1\r\n"), "{:?}", rig.events());

    let end = misbehave(&mut rig, &format!("wasi-http {target}/users")).await;
    assert_eq!(end.report.outcome, Outcome::Permanent("200 found".into()));
    let end = misbehave(&mut rig, "wasi-http http://127.0.0.1:1/").await;
    assert!(end.report.outcome.cause().contains("Denied"), "{:?}", end.report.outcome);
    let count = rig.events().len();
    let end = misbehave(&mut rig, &format!("delete-then-http {target}")).await;
    assert!(end.report.outcome.cause().contains("the session is finished"), "{:?}", end.report.outcome);
    assert_eq!(rig.events().len(), count);
}

#[tokio::test]
#[ignore = "needs .ci/build-guests"]
async fn wasi_http_sends_no_head_that_is_the_hosts_to_set() {
    let (mut rig, target) = rig(Answer::ok("found")).await;
    for header in ["te", "trailer", "expect", "alt-used", "connection", "host"] {
        let end = misbehave(&mut rig, &format!("wasi-http-header {header} {target}/")).await;
        let cause = end.report.outcome.cause();
        assert!(cause.contains("the host's to set") || cause.contains("Forbidden"), "{header}: {cause}");
    }
    let end = misbehave(&mut rig, &format!("wasi-http-connect {target}/")).await;
    assert!(end.report.outcome.cause().contains("there are none"), "{:?}", end.report.outcome);
    assert_eq!(rig.events(), [""; 0], "nothing left the host");
    let end = misbehave(&mut rig, &format!("wasi-http-header accept {target}/")).await;
    assert_eq!(end.report.outcome, Outcome::Permanent("200 found".into()));
}

#[tokio::test]
#[ignore = "needs .ci/build-guests"]
async fn an_import_of_wasi_http_needs_a_grant() {
    let rig = Rig::new();
    let spec = PluginSpec { file: guests().join("misbehave.wasm"), ..rig.spec.clone() };
    let refused = rig.sandbox.load(&spec).await.expect_err("no grant");
    assert!(matches!(&refused, LoadError::Import { import, .. } if import.starts_with("wasi:http/")), "{refused}");
}

#[test]
#[ignore = "needs .ci/build-guests"]
fn what_every_toolchain_made_has_no_problem() {
    let files: Vec<PathBuf> = std::fs::read_dir(guests()).unwrap().map(|entry| entry.unwrap().path()).collect();
    for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "wasm")) {
        let inspected = inspect::inspect(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert!(inspected.problems.is_empty(), "{}: {:?}", file.display(), inspected.problems);
    }
    assert!(files.len() >= 5, "{files:?}");
}

#[tokio::test]
#[ignore = "needs .ci/build-guests"]
async fn too_many_host_resources_and_long_sleeps_end_the_run() {
    let (mut rig, _) = rig(Answer::Silence).await;
    let end = misbehave(&mut rig, "pollables").await;
    assert!(
        matches!(&end.report.outcome, Outcome::ContractBroken(why) if why.contains("host resources")),
        "{:?}",
        end.report.outcome
    );
    rig.spec.limits.time = std::time::Duration::from_millis(200);
    assert_eq!(misbehave(&mut rig, "sleep 100000").await.report.outcome, Outcome::TimedOut);
}
