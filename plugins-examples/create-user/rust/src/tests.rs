//! The handler's decisions, run natively: for each state that a client can leave, what is asked of A and B, and how
//! the session ends.

use mpy6a_handler::{
    Failure,
    http::{Cause, Request, Response},
    testing::{Ended, Operation, Scene},
};

const ASKED: &str = r#"{"step":"create","user":{"nick":"ёж & co","name":"Анна","mail":"a@example.org"}}"#;
const CREATED: &str = r#"{"step":"created","id":7}"#;
const FOUND: &str = r#"{"id":7,"nick":"ёж & co","name":"Анна","mail":"a@example.org"}"#;
const NOBODY: &str = r#"{"error":"no such user"}"#;

/// Run the handler over these records. A and B answer as they are told.
fn run(records: &[&str], a: (u16, &'static str), b: (u16, &'static str)) -> Ended {
    run_with(records, move |request| {
        let (status, body) = if request.url.starts_with("http://a/") { a } else { b };
        Ok(Response::new(status, body))
    })
}

fn run_with(records: &[&str], answer: impl FnMut(&Request) -> Result<Response, Cause> + 'static) -> Ended {
    let scene = Scene::new().setting("service_a", "http://a").setting("service_b", "http://b").http(answer);
    records.iter().fold(scene, |scene, record| scene.record(*record)).run(super::handle)
}

/// Method, URL and step of every request.
fn requests(ended: &Ended) -> Vec<(&str, &str, Option<&str>)> {
    let show = |i: usize| {
        let Request { method, url, step, .. } = &ended.requests[i];
        (method.as_str(), url.as_str(), step.as_deref())
    };
    (0..ended.requests.len()).map(show).collect()
}

#[test]
fn without_an_id_the_nick_is_looked_up_and_the_user_rolled_forward() {
    let ended = run(&[ASKED], (200, FOUND), (204, ""));
    let nick = "http://a/users?nick=%D1%91%D0%B6%20%26%20co";
    assert_eq!(requests(&ended), [("GET", nick, Some("find")), ("PUT", "http://b/index/7", Some("index"))]);
    assert_eq!(ended.requests[1].body.as_deref(), Some(FOUND.as_bytes()));
    assert_eq!((ended.result.clone(), ended.operations.as_slice()), (Ok(()), [Operation::Delete].as_slice()));
    assert!(ended.logged("rolled forward user 7"));
}

#[test]
fn with_an_id_it_is_fetched_whatever_its_attributes_became() {
    let renamed = r#"{"id":7,"nick":"ёж","name":"","mail":""}"#;
    let ended = run(&[ASKED, CREATED], (200, renamed), (204, ""));
    assert_eq!(requests(&ended)[0], ("GET", "http://a/users/7", Some("find")));
    assert_eq!(ended.requests[1].body.as_deref(), Some(renamed.as_bytes()));
    assert!(ended.logged("rolled forward user 7"));
}

#[test]
fn a_user_that_a_does_not_know_is_rolled_back() {
    for records in [&[ASKED][..], &[ASKED, CREATED]] {
        let ended = run(records, (404, NOBODY), (500, "B must not be asked"));
        assert_eq!(ended.requests.len(), 1);
        assert_eq!(ended.operations, [Operation::Delete]);
        assert!(ended.logged("rolled back: no such user"));
    }
}

#[test]
fn a_session_without_records_is_forgotten_without_asking() {
    let ended = run(&[], (500, "A must not be asked"), (500, ""));
    assert!(ended.requests.is_empty());
    assert_eq!(ended.operations, [Operation::Delete]);
}

#[test]
fn somebody_else_with_the_nick_is_indexed_but_does_not_count_as_this_one() {
    let other = r#"{"id":3,"nick":"ёж & co","name":"Борис","mail":"b@example.org"}"#;
    let ended = run(&[ASKED], (200, other), (204, ""));
    assert_eq!(requests(&ended)[1].1, "http://b/index/3");
    assert_eq!(ended.operations, [Operation::Delete]);
    assert!(ended.logged("rolled back: no such user; user 3 has the nick"));
}

#[test]
fn any_error_leaves_at_once_to_be_repeated() {
    let cases = [
        run(&[ASKED], (503, "made to fail"), (204, "")),
        run(&[ASKED], (412, "stale"), (204, "")),
        run(&[ASKED], (200, "<html>"), (204, "")),
        run(&[ASKED], (404, "<html>not A's words"), (204, "")),
        run(&[ASKED], (200, FOUND), (503, "made to fail")),
        run(&[ASKED], (200, FOUND), (400, "B does not like it")),
        run_with(&[ASKED], |_| Err(Cause::Timeout)),
        run_with(&[ASKED], |_| Err(Cause::Denied("not on the list".into()))),
    ];
    for ended in cases {
        assert!(matches!(ended.result, Err(Failure::Retry(_))), "{:?}", ended.result);
        assert!(ended.operations.is_empty() && ended.lines.is_empty());
    }
}

#[test]
fn a_record_that_nobody_can_read_is_permanent() {
    let ended = run(&[ASKED, "{"], (200, FOUND), (204, ""));
    assert!(matches!(ended.result, Err(Failure::Permanent(reason)) if reason.starts_with("record 1: ")));
    assert!(ended.requests.is_empty() && ended.operations.is_empty());
}
