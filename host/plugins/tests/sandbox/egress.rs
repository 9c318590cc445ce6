//! HTTP out of the sandbox: what is committed before it, where it may go, and how an answer is bounded.

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use mpy6a_plugins::{
    Barrier, RunEnd, Sandbox,
    barrier::Committing,
    egress::{Resolve, Resolving},
};
use mpy6a_sessions::{Error, Handle, Outcome, SessionOp};

use crate::{
    guest::handler,
    rig::{Answer, Rig, config, serve},
};

/// Intends, asks, tells.
const ASK: &str = "(call $intend (local.get $data)) (call $get (local.get $data) (i32.const 0)) (call $told)";

/// A rig whose guest asks a loopback server that answers so.
async fn rig(answer: Answer) -> Rig {
    let rig = Rig::new();
    let port = serve(Arc::clone(&rig.events), answer).await;
    let target = format!("http://127.0.0.1:{port}");
    rig.target(&target, &format!("{target}/users"))
}

/// The number of the `http-error` that the guest got, and its text.
fn error(end: &RunEnd) -> (u32, &str) {
    let number = end.report.log_tail.lines().find_map(|line| line.strip_prefix("ERROR ")).expect("an error");
    (number.parse().unwrap(), end.report.outcome.cause())
}

const DENIED: u32 = 0;
const INVALID: u32 = 1;
const UNREACHABLE: u32 = 2;
const TIMEOUT: u32 = 3;
const BROKEN: u32 = 4;
const TOO_LARGE: u32 = 5;

#[tokio::test]
async fn what_was_asked_is_durable_before_the_request_leaves() {
    let rig = rig(Answer::ok("found")).await;
    let end = rig.run(&handler(ASK)).await;
    assert_eq!(end.report.outcome, Outcome::Permanent("found".into()));
    assert_eq!(end.ops, [], "committed already");
    let [commit, request] = &rig.events()[..] else { panic!("{:?}", rig.events()) };
    assert_eq!(commit, r#"commit [Append(b"intent")]"#);
    assert!(request.starts_with("GET /users HTTP/1.1\r\n"), "{request}");
    let request = request.to_lowercase();
    assert!(
        request.contains("\r\nidempotency-key: 1-7/step\r\n") && request.contains("\r\nmpy6a-fence: 1-9\r\n"),
        "{request}"
    );
}

#[tokio::test]
async fn a_trap_after_a_request_throws_away_only_what_came_after_it() {
    let rig = rig(Answer::ok("found")).await;
    let body = "(call $intend (local.get $data)) (call $get (local.get $data) (i32.const 0))
                (call $intend (local.get $data)) unreachable";
    let end = rig.run(&handler(body)).await;
    assert!(matches!(end.report.outcome, Outcome::Trapped(_)));
    assert_eq!(end.ops, []);
    assert_eq!(rig.events().iter().filter(|event| event.starts_with("commit")).count(), 1);
}

#[tokio::test]
async fn without_anything_to_commit_there_is_no_barrier() {
    let rig = rig(Answer::ok("found")).await;
    rig.run(&handler("(call $get (local.get $data) (i32.const 0)) (call $told)")).await;
    assert_eq!(rig.events().len(), 1, "{:?}", rig.events());
}

#[tokio::test]
async fn when_the_barrier_fails_the_run_ends_and_nothing_is_sent() {
    let mut rig = rig(Answer::ok("found")).await;
    rig.barrier_answer = Err(Error::StoreFailed);
    let end = rig.run(&handler(ASK)).await;
    assert!(
        matches!(&end.report.outcome, Outcome::Trapped(why) if why.contains("durable") && why.contains("store failed")),
        "{:?}",
        end.report.outcome
    );
    assert_eq!(rig.events().len(), 1, "the commit only: {:?}", rig.events());
}

#[tokio::test]
async fn a_panic_of_the_host_ends_the_run_and_nothing_else() {
    struct Panicking;
    impl Barrier for Panicking {
        fn commit(&self, _: Handle, _: Vec<SessionOp>) -> Committing<'_> {
            Box::pin(async { panic!("on purpose") })
        }
    }
    let rig = rig(Answer::ok("found")).await;
    let plugin = rig.load(&handler(ASK)).await.unwrap();
    // More often than the pool has room for: a run that panicked gives its place back.
    for _ in 0..10 {
        let end = plugin.run(rig.job(), Arc::new(Panicking)).await;
        assert!(
            matches!(&end.report.outcome, Outcome::Trapped(why) if why.contains("panicked") && why.contains("on purpose")),
            "{:?}",
            end.report.outcome
        );
    }
    assert_eq!(rig.run_loaded(&plugin).await.report.outcome, Outcome::Permanent("found".into()));
}

#[tokio::test]
async fn a_finished_session_sends_nothing() {
    let rig = rig(Answer::ok("found")).await;
    let body = "(call $delete (i32.load offset=8 (local.get $data)) (i32.const 3000))
                (call $get (local.get $data) (i32.const 0)) (call $told)";
    let end = rig.run(&handler(body)).await;
    assert_eq!(error(&end).0, INVALID);
    assert!(error(&end).1.contains("the session is finished"));
    assert_eq!(rig.events(), [] as [String; 0]);
}

#[tokio::test]
async fn without_a_grant_and_outside_of_it_requests_are_denied_before_anything_is_committed() {
    let mut rig = rig(Answer::ok("found")).await;
    rig.spec.grants.http.clear();
    let end = rig.run(&handler(ASK)).await;
    assert_eq!(error(&end).0, DENIED);
    assert!(error(&end).1.contains("[[kind.plugin.http]]"), "{:?}", error(&end));

    let rig = rig.target("http://127.0.0.1:1", "http://127.0.0.1:2/");
    let end = rig.run(&handler(ASK)).await;
    assert_eq!(error(&end).0, DENIED);
    assert!(error(&end).1.contains("http://127.0.0.1:2"), "{:?}", error(&end));
    assert_eq!(rig.events(), [] as [String; 0]);
}

#[tokio::test]
async fn redirects_are_the_guests_to_follow() {
    let rig = rig(Answer::Bytes(b"HTTP/1.1 302 Found\r\nlocation: /other\r\ncontent-length: 2\r\n\r\nno".into())).await;
    let end = rig.run(&handler(ASK)).await;
    assert_eq!(end.report.outcome, Outcome::Permanent("no".into()));
    assert_eq!(rig.events().len(), 2, "one commit, one request: {:?}", rig.events());
}

#[tokio::test]
async fn answers_that_are_too_long_announced_or_not_are_cut_off() {
    for head in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n"] {
        let rig = rig(Answer::Endless(head.into())).await.limits(|limits| limits.response_bytes = 100_000);
        let end = rig.run(&handler(ASK)).await;
        assert_eq!(error(&end).0, TOO_LARGE);
    }
}

#[tokio::test]
async fn a_head_without_end_is_cut_off() {
    let rig = rig(Answer::Endless(b"HTTP/1.1 200 OK\r\nx: ".into())).await;
    assert_eq!(error(&rig.run(&handler(ASK)).await).0, BROKEN);
}

#[tokio::test]
async fn a_server_that_hangs_up_or_talks_nonsense_may_have_done_it() {
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort", "220 smtp.example ESMTP\r\n"] {
        let rig = rig(Answer::Bytes(answer.into())).await;
        assert_eq!(error(&rig.run(&handler(ASK)).await).0, BROKEN, "{answer:?}");
    }
}

#[tokio::test]
async fn silence_ends_by_the_guests_timeout_or_by_the_runs_own() {
    let silent = rig(Answer::Silence).await;
    let end = silent.run(&handler("(call $get (local.get $data) (i32.const 100)) (call $told)")).await;
    assert_eq!(error(&end).0, TIMEOUT);

    let silent = rig(Answer::Silence).await.limits(|limits| limits.time = Duration::from_millis(300));
    let end = silent.run(&handler(ASK)).await;
    assert_eq!(end.report.outcome, Outcome::TimedOut);
    assert_eq!(end.ops, []);
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let target = format!("http://127.0.0.1:{port}");
    let end = Rig::new().target(&target, &target).run(&handler(ASK)).await;
    assert_eq!(error(&end).0, UNREACHABLE);
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_unreachable_whether_it_answers_or_not() {
    for answer in [Answer::ok("found"), Answer::Silence] {
        let rig = Rig::new();
        let port = serve(Arc::clone(&rig.events), answer).await;
        let target = format!("https://127.0.0.1:{port}");
        let rig = rig.target(&target, &target);
        // The run has 20 s, connecting 5 s.
        let end = rig.run(&handler(ASK)).await;
        assert_eq!(error(&end).0, UNREACHABLE, "{:?}", error(&end));
        assert_eq!(rig.events().len(), 1, "the commit only");
    }
}

/// Every name is here.
struct Fixed(IpAddr);

impl Resolve for Fixed {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a> {
        let answer = if name == "nowhere.example" { Err(io::Error::other("no such name")) } else { Ok(vec![self.0]) };
        Box::pin(async move { answer })
    }
}

#[tokio::test]
async fn a_name_cannot_be_bound_to_an_address_that_was_not_meant() {
    let loopback = Arc::new(Fixed([127, 0, 0, 1].into()));
    let rig = Rig::with(Sandbox::with_resolver(config(), loopback).unwrap());
    let port = serve(Arc::clone(&rig.events), Answer::ok("secret")).await;
    let target = format!("http://service.example:{port}");
    let mut rig = rig.target(&target, &target);
    let end = rig.run(&handler(ASK)).await;
    assert_eq!(error(&end).0, DENIED);
    assert!(error(&end).1.contains("127.0.0.1, a loopback address"), "{:?}", error(&end));
    assert_eq!(rig.events().len(), 1, "the commit only");

    // Unless the rule says that this is where it lives.
    rig.spec.grants.http = vec![mpy6a_plugins::HttpRule::parse(&target, &["127.0.0.0/8"]).unwrap()];
    assert_eq!(rig.run(&handler(ASK)).await.report.outcome, Outcome::Permanent("secret".into()));

    let nowhere = rig.target("http://nowhere.example", "http://nowhere.example");
    assert_eq!(error(&nowhere.run(&handler(ASK)).await).0, UNREACHABLE);
}

#[tokio::test]
async fn nothing_is_sent_while_a_plugin_is_tried_out() {
    let rig = rig(Answer::ok("found")).await;
    let url = String::from_utf8(rig.records[0].to_vec()).unwrap();
    let start = format!(
        "(data (i32.const 1200) \"{url}\")
         (func $start
           (i32.store (i32.const 1300) (i32.const 1304))
           (i32.store (i32.const 1304) (i32.const 1200)) (i32.store (i32.const 1308) (i32.const {}))
           (call $get (i32.const 1300) (i32.const 0)))
         (export \"_initialize\" (func $start))",
        url.len()
    );
    let plugin = rig.load(&crate::guest::handler_with(&start, "(call $ok)")).await.unwrap();
    assert_eq!(rig.events(), [] as [String; 0]);
    // In a run it is, and the barrier has nothing to commit yet.
    rig.run_loaded(&plugin).await;
    assert_eq!(rig.events().len(), 1);
}
