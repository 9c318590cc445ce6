//! Retries: the first answer again, and nothing applied twice, whatever happened in between.

use bytes::Bytes;

use super::fixture::{Host, KIND, client_op, client_op_of, question, request};
use crate::{
    Access, Caller, ClientId, Error, Handle, Limits, NamedClient, New, Outcome, Refusal, RequestName, SessionOp,
    limits::RetryLimits, rules::Reply,
};

fn append(record: &'static str) -> SessionOp {
    SessionOp::Append(Bytes::from_static(record.as_bytes()))
}

fn new(request_id: &str) -> New {
    New { kind: KIND, request: request(request_id), ..New::default() }
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

/// A client that named itself, and what it says of its requests.
fn named(client: u8, settled_below: u64) -> Caller {
    Caller { access: Access::NONE, client: Some(NamedClient { id: ClientId([client; 16]), settled_below }) }
}

/// The `New` of a named client.
fn numbered(client: u8, number: u64) -> New {
    New { kind: KIND, request: Some(RequestName { caller: ClientId([client; 16]), number }), ..New::default() }
}

/// A host that remembers four sessions of callers without a name.
fn forgetful() -> Host {
    let retries = RetryLimits { unnamed_max: 4, ..RetryLimits::default() };
    Host::with_limits(Limits { retries, ..Limits::default() })
}

/// So long nobody says anything, but for clients that are of no account.
fn silence(host: &mut Host, seconds: u64) {
    for _ in 0..seconds {
        host.pass_ms(1_000);
        host.open(KIND);
    }
}

/// So much load that what is only counted is forgotten.
fn load(host: &mut Host) {
    for n in 0..10 {
        let handle = host.try_new(new(&format!("load {n}"))).unwrap().handle;
        host.operate(handle, 1, SessionOp::Delete).unwrap();
    }
}

#[test]
fn a_live_session_answers_its_new_however_late_and_whatever_came_between() {
    let mut host = forgetful();
    let (first, of_named) = (host.try_new(new("r")).unwrap(), host.try_new_of(named(1, 1), numbered(1, 1)).unwrap());
    for _ in 0..2 {
        load(&mut host);
        // Stored, claimed, stored again: it is there all the time.
        host.pass_ms(20_000);
        assert_eq!(host.try_new(new("r")), Ok(first));
        assert_eq!(host.try_new_of(named(1, 1), numbered(1, 1)), Ok(of_named));
        let other = New { record: Some("x".into()), ..new("r") };
        assert_eq!(host.try_new(other), Err(Refusal::RequestIdReused.into()));
        host.restart();
    }
}

#[test]
fn a_named_clients_answers_outlive_any_load_until_it_settles_them() {
    let mut host = forgetful();
    let opened = host.try_new_of(named(1, 1), numbered(1, 1)).unwrap();
    let delete = |settled| client_op_of(named(1, settled), opened.handle, 2, SessionOp::Delete);
    let deleted = host.apply(delete(1)).unwrap();
    for _ in 0..2 {
        load(&mut host);
        assert_eq!(host.apply(delete(2)), Ok(deleted));
        host.restart();
    }
    // A request below what is settled is a late copy: it opens nothing.
    assert_eq!(
        host.try_new_of(named(1, 2), numbered(1, 1)),
        Err(Refusal::RequestSettled { number: 1, settled_below: 2 }.into())
    );
    host.try_new_of(named(1, 3), numbered(1, 3)).unwrap();
    assert_eq!(host.apply(delete(3)), Err(Refusal::SessionNotFound(opened.handle.id).into()), "settled");
}

#[test]
fn a_new_whose_answer_its_clients_own_later_work_pushed_out_is_refused_and_opens_nothing() {
    let retries = RetryLimits { unnamed_max: 4, named_max: 4, ..RetryLimits::default() };
    let mut host = Host::with_limits(Limits { retries, ..Limits::default() });
    let lost = host.try_new_of(named(1, 1), numbered(1, 1)).unwrap().handle;
    host.apply(client_op_of(named(1, 1), lost, 2, SessionOp::Delete)).unwrap();
    for number in (3..43).step_by(2) {
        let handle = host.try_new_of(named(1, 1), numbered(1, number)).unwrap().handle;
        host.apply(client_op_of(named(1, 1), handle, number + 1, SessionOp::Delete)).unwrap();
    }
    let late = host.try_new_of(named(1, 1), numbered(1, 1));
    assert!(matches!(late, Err(Error::Refused(Refusal::RequestSettled { number: 1, .. }))), "{late:?}");
    host.try_new_of(named(1, 1), numbered(1, 43)).unwrap();
}

#[test]
fn a_named_client_that_fell_silent_is_remembered_as_one_without_a_name() {
    let mut host = forgetful();
    let opened = host.try_new_of(named(1, 1), numbered(1, 1)).unwrap();
    let delete = || client_op_of(named(1, 1), opened.handle, 2, SessionOp::Delete);
    let deleted = host.apply(delete()).unwrap();
    for _ in 0..3 {
        silence(&mut host, 9);
        load(&mut host);
        assert_eq!(host.apply(delete()), Ok(deleted), "it was heard of within its lease");
    }
    silence(&mut host, 10);
    load(&mut host);
    assert_eq!(host.apply(delete()), Err(Refusal::SessionNotFound(opened.handle.id).into()));
}

#[test]
fn a_session_that_another_client_deleted_is_not_forgotten_by_the_numbers_of_the_one_that_opened_it() {
    let mut host = forgetful();
    let opened = host.try_new_of(named(1, 1), numbered(1, 1)).unwrap();
    let delete = || client_op_of(named(2, 1), opened.handle, 1, SessionOp::Delete);
    let deleted = host.apply(delete()).unwrap();
    host.try_new_of(named(1, 100), numbered(1, 100)).unwrap();
    assert_eq!(host.apply(delete()), Ok(deleted));
}

#[test]
fn what_another_client_asked_last_is_not_forgotten_by_the_numbers_of_the_one_that_opened_the_session() {
    let mut host = forgetful();
    let opened = host.try_new_of(named(1, 1), numbered(1, 1)).unwrap();
    let handle = opened.handle;
    host.apply(client_op_of(named(1, 1), handle, 2, append("a"))).unwrap();
    // It hands the session on to one without a name, who counts by itself, and leaves it to the handler.
    let store = || client_op_of(Caller::default(), handle, 3, SessionOp::Store { timeout_s: Some(0) });
    let stored = host.apply(store()).unwrap();
    host.pass_ms(1_000);
    let claimed = host.claim().unwrap();
    host.finish(&claimed, vec![SessionOp::Delete], Outcome::Returned).unwrap();
    for _ in 0..2 {
        host.try_new_of(named(1, 100), numbered(1, 100)).unwrap();
        assert_eq!(host.apply(store()), Ok(stored));
        host.restart();
    }
}

#[test]
fn what_ends_before_its_client_is_heard_of_after_a_restart_is_remembered_for_it() {
    let mut host = forgetful();
    let opened = host.try_new_of(named(1, 1), numbered(1, 1)).unwrap();
    let store = || client_op_of(named(1, 1), opened.handle, 2, SessionOp::Store { timeout_s: Some(0) });
    let stored = host.apply(store()).unwrap();
    host.restart();
    host.pass_ms(1_000);
    let claimed = host.claim().unwrap();
    host.finish(&claimed, vec![SessionOp::Delete], Outcome::Returned).unwrap();
    load(&mut host);
    assert_eq!(host.try_new_of(named(1, 1), numbered(1, 1)), Ok(opened));
    assert_eq!(host.apply(store()), Ok(stored));
}

#[test]
fn what_callers_of_other_accesses_ask_is_never_found() {
    let mut host = Host::new();
    let of = |access| New { request: Some(RequestName::of_id(access, "r").unwrap()), ..new("r") };
    let [mine, theirs, nobodys] = [Some("mine"), Some("theirs"), None].map(|access| host.try_new(of(access)).unwrap());
    assert!(mine.handle.id != theirs.handle.id && theirs.handle.id != nobodys.handle.id);
    let other = New { record: Some("x".into()), ..of(Some("fourth")) };
    assert!(host.try_new(other).is_ok(), "nor does a refusal tell that an id was used");
    assert_eq!(host.try_new(of(Some("mine"))), Ok(mine));
}

#[test]
fn one_access_pushes_out_its_own_answers_only() {
    let mut host = forgetful();
    let caller = |access| Caller { access: Access(access), client: None };
    let modest = host.try_new_of(caller(1), new("modest")).unwrap();
    host.operate(modest.handle, 1, SessionOp::Delete).unwrap();
    for n in 0..20 {
        let handle = host.try_new_of(caller(2), new(&format!("flood {n}"))).unwrap().handle;
        host.operate(handle, 1, SessionOp::Delete).unwrap();
    }
    assert_eq!(host.try_new_of(caller(1), new("modest")), Ok(modest));
}
