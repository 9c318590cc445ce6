//! Retries: the first answer again, and nothing applied twice, whatever happened in between.

use bytes::Bytes;

use super::fixture::{Host, KIND, client_op, question};
use crate::{Error, Handle, New, Outcome, Refusal, SessionOp, rules::Reply};

fn append(record: &'static str) -> SessionOp {
    SessionOp::Append(Bytes::from_static(record.as_bytes()))
}

fn new(request_id: &str) -> New {
    New { kind: KIND, request_id: Some(request_id.into()), ..New::default() }
}

#[test]
fn repeating_the_last_operation_gets_the_first_answer() {
    let mut host = Host::new();
    let handle = host.open(KIND);
    let first = host.operate(handle, 1, append("a")).unwrap();
    assert_eq!(host.operate(handle, 1, append("a")), Ok(first));
    host.restart();
    assert_eq!(host.operate(handle, 1, append("a")), Ok(first), "after a restart");
    assert_eq!(host.inspect(handle.id).unwrap().records, ["a"]);
    assert_ne!(host.operate(handle, 2, append("a")), Ok(first), "another number is another operation");
    assert_eq!(host.inspect(handle.id).unwrap().records, ["a", "a"]);
}

#[test]
fn a_retry_in_the_same_batch_gets_the_first_answer() {
    let mut host = Host::new();
    let handle = host.open(KIND);
    let (messages, answers): (Vec<_>, Vec<_>) = (0..3).map(|_| question(client_op(handle, 5, append("a")))).unzip();
    host.step(messages).unwrap();
    let answers: Vec<_> = answers.into_iter().map(|mut answer| answer.try_recv().unwrap().unwrap()).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(host.inspect(handle.id).unwrap().records, ["a"]);
}

#[test]
fn a_number_used_for_something_else_and_one_behind_are_refused() {
    let mut host = Host::new();
    let handle = host.open(KIND);
    host.operate(handle, 5, append("a")).unwrap();
    assert_eq!(host.operate(handle, 5, append("b")), Err(Refusal::NumberReused { number: 5 }.into()));
    let replace = SessionOp::Replace(Bytes::from_static(b"a"));
    assert_eq!(host.operate(handle, 5, replace), Err(Refusal::NumberReused { number: 5 }.into()));
    assert_eq!(host.operate(handle, 4, append("a")), Err(Refusal::NumberStale { number: 4, last: 5 }.into()));
    assert_eq!(host.inspect(handle.id).unwrap().records, ["a"]);
}

#[test]
fn a_repeated_new_opens_nothing() {
    let mut host = Host::new();
    let first = host.try_new(new("r1")).unwrap();
    assert_eq!(host.try_new(new("r1")), Ok(first));
    host.restart();
    assert_eq!(host.try_new(new("r1")), Ok(first), "after a restart");
    assert_ne!(host.try_new(new("r2")).unwrap().handle.id, first.handle.id);
    let other = New { record: Some("x".into()), ..new("r1") };
    assert_eq!(host.try_new(other), Err(Error::Refused(Refusal::RequestIdReused)));
    host.operate(first.handle, 1, SessionOp::Delete).unwrap();
    assert_eq!(host.try_new(new("r1")), Ok(first), "after the session is gone");
    assert_eq!(host.counts()[&KIND].active, 1);
}

#[test]
fn a_repeated_delete_gets_the_first_answer_though_the_session_is_gone() {
    let mut host = Host::new();
    let handle = host.open(KIND);
    let first = host.operate(handle, 3, SessionOp::Delete).unwrap();
    for _ in 0..2 {
        assert_eq!(host.operate(handle, 3, SessionOp::Delete), Ok(first));
        assert_eq!(host.operate(handle, 4, SessionOp::Delete), Err(Refusal::SessionFinished(handle.id).into()));
        let guess = Handle { key: crate::Key(1), ..handle };
        assert_eq!(host.operate(guess, 3, SessionOp::Delete), Err(Refusal::KeyWrong(handle.id).into()));
        host.restart();
    }
}

#[test]
fn a_repeated_store_gets_the_first_answer_though_a_run_has_finished_the_session_since() {
    let mut host = Host::new();
    let handle = host.open(KIND);
    let store = || SessionOp::Store { timeout_s: Some(1) };
    let first = host.operate(handle, 1, store()).unwrap();
    assert!(matches!(first, Reply::Applied(applied) if applied.due_ms == Some(1_001_000)));
    assert_eq!(host.operate(handle, 1, store()), Ok(first));
    host.pass_ms(1_000);
    let claimed = host.claim().unwrap();
    assert_eq!(host.operate(handle, 1, store()), Ok(first), "while a run holds it");
    host.finish(&claimed, vec![SessionOp::Delete], Outcome::Returned).unwrap();
    assert_eq!(host.operate(handle, 1, store()), Ok(first), "after the run deleted it");
}

#[test]
fn a_client_whose_session_was_finished_by_a_run_is_told_that_it_lost_it() {
    let mut host = Host::new();
    let handle = host.open(KIND);
    host.operate(handle, 1, append("a")).unwrap();
    host.pass_ms(10_000);
    host.pass_ms(5_000);
    let claimed = host.claim().unwrap();
    host.finish(&claimed, vec![SessionOp::Delete], Outcome::Returned).unwrap();
    for _ in 0..2 {
        assert_eq!(host.operate(handle, 2, append("b")), Err(Refusal::LeaseLost(handle.id).into()));
        host.restart();
    }
}
