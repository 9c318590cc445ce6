//! Durable before answered; nothing acknowledged after a failure; nothing refused leaves a trace.

use std::sync::atomic::Ordering::SeqCst;

use super::fixture::{Host, KIND, client_op, question};
use crate::{
    Caller, Error, Handle, Key, Limits, New, Refusal, SessionOp, StateName, limits::BATCH_OPS_MAX, op::Op, rules::Reply,
};

#[test]
fn one_commit_makes_a_whole_batch_durable() {
    let mut host = Host::new();
    let handle = host.open(KIND);
    let before = host.levers.commits.load(SeqCst);
    let (messages, answers): (Vec<_>, Vec<_>) = (1..=BATCH_OPS_MAX as u64)
        .map(|number| question(client_op(handle, number, SessionOp::Append("r".into()))))
        .unzip();
    host.step(messages).unwrap();
    assert_eq!(host.levers.commits.load(SeqCst) - before, 1);
    assert!(answers.into_iter().all(|mut answer| answer.try_recv().unwrap().is_ok()));
    assert_eq!(host.inspect(handle.id).unwrap().records.len(), BATCH_OPS_MAX);
    let watched = host.levers.watched.lock().unwrap();
    assert_eq!(*watched, [1, BATCH_OPS_MAX as u64], "one is told of each, and of no step that changed nothing");
}

#[test]
fn a_failed_commit_answers_nobody() {
    let mut host = Host::new();
    let handle = host.open(KIND);
    host.levers.broken.store(true, SeqCst);
    let (message, mut answer) = question(client_op(handle, 1, SessionOp::Append("r".into())));
    assert!(host.step(vec![message]).is_err());
    assert!(answer.try_recv().is_err(), "neither acknowledged nor refused: nobody knows");
    assert_eq!(*host.levers.watched.lock().unwrap(), [1], "only the opening was a commit");
    host.levers.broken.store(false, SeqCst);
    host.restart();
    assert_eq!(host.inspect(handle.id).unwrap().records.len(), 0);
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill() {
    let mut host = Host::new();
    let handle = host.open(KIND);
    host.append(handle, "one").unwrap();
    host.restart();
    host.append(handle, "two").unwrap();
    host.restart();
    let inspected = host.inspect(handle.id).unwrap();
    assert_eq!(inspected.records, ["one", "two"]);
    assert_eq!(inspected.session.client.key, handle.key);
}

#[test]
fn indexes_grow_by_one_and_terms_with_every_host() {
    let mut host = Host::new();
    let first = host.open(KIND);
    assert_eq!((first.id.term, first.id.index), (1, 1));
    host.append(first, "r").unwrap();
    assert!(host.append(Handle { key: Key(0), ..first }, "r").is_err(), "a refusal takes no index");
    assert_eq!(host.open(KIND).id.index, 3);
    host.restart();
    let later = host.open(KIND);
    assert_eq!((later.id.term, later.id.index), (2, 4));
}

#[test]
fn a_session_that_comes_and_goes_in_one_batch_is_never_written() {
    let mut host = Host::new();
    let (new, mut opened) =
        question(Op::New { new: New { kind: KIND, ..New::default() }, key: Key(9), caller: Caller::default() });
    let handle = Handle { id: crate::Index { term: 1, index: 1 }, key: Key(9) };
    let (append, mut appended) = question(client_op(handle, 1, SessionOp::Append("r".into())));
    let (delete, mut deleted) = question(client_op(handle, 2, SessionOp::Delete));
    host.step(vec![new, append, delete]).unwrap();
    assert!(matches!(opened.try_recv().unwrap(), Ok(Reply::Opened(opened)) if opened.handle == handle));
    assert!(appended.try_recv().unwrap().is_ok() && deleted.try_recv().unwrap().is_ok());
    assert_eq!(host.inspect(handle.id), None);
    assert_eq!(host.append(handle, "late"), Err(Refusal::SessionFinished(handle.id).into()));
}

#[test]
fn what_is_wrong_is_refused_by_name() {
    let mut host = Host::new();
    let handle = host.open(KIND);
    let unknown = Handle { id: crate::Index { term: 9, index: 9 }, ..handle };
    let wrong = Handle { key: Key(handle.key.0 ^ 1), ..handle };
    let refused = |result: Result<Reply, Error>| match result {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    assert_eq!(host.try_new(New { kind: 9, ..New::default() }), Err(Refusal::KindUnknown(9).into()));
    assert_eq!(refused(host.append(unknown, "r")), Refusal::SessionNotFound(unknown.id));
    assert_eq!(refused(host.append(wrong, "r")), Refusal::KeyWrong(handle.id));
    let store = SessionOp::Store { timeout_s: Some(u32::MAX) };
    let max_s = Limits::default().timeout_s_max;
    assert_eq!(refused(host.operate(handle, 0, store)), Refusal::TimeoutTooLong { timeout_s: u32::MAX, max_s });
    assert_eq!(host.inspect(handle.id).unwrap().session.change_id, handle.id, "nothing was changed");
}

#[test]
fn records_and_sessions_stay_within_their_limits() {
    let mut host = Host::new();
    let handle = host.open(KIND);
    let limits = Limits::default();
    let record = |bytes: u64| bytes::Bytes::from(vec![7; usize::try_from(bytes).unwrap()]);
    let over = host.operate(handle, 0, SessionOp::Append(record(limits.record_bytes_max + 1)));
    assert!(matches!(over, Err(Error::Refused(Refusal::RecordTooLarge { .. }))));
    let fit = limits.session_bytes_max / limits.record_bytes_max;
    for _ in 0..fit {
        host.operate(handle, 0, SessionOp::Append(record(limits.record_bytes_max))).unwrap();
    }
    let over = host.operate(handle, 0, SessionOp::Append(record(1)));
    let bytes = limits.session_bytes_max + 1;
    assert_eq!(over, Err(Refusal::SessionTooLarge { bytes, max: limits.session_bytes_max }.into()));
    host.operate(handle, 0, SessionOp::Replace(record(1))).unwrap();
    for _ in 1..limits.session_records_max {
        host.operate(handle, 0, SessionOp::Append(record(0))).unwrap();
    }
    let over = host.operate(handle, 0, SessionOp::Append(record(0)));
    assert_eq!(over, Err(Refusal::TooManyRecords { max: limits.session_records_max }.into()));
    let inspected = host.inspect(handle.id).unwrap();
    assert_eq!((inspected.session.bytes, inspected.records.len()), (1, limits.session_records_max as usize));
}

#[test]
fn sessions_are_counted_by_kind_and_state_over_restarts() {
    let mut host = Host::with_kinds([(1, super::fixture::policy()), (2, super::fixture::policy())]);
    let stored = host.open(2);
    host.open(1);
    host.operate(stored, 0, SessionOp::Store { timeout_s: Some(60) }).unwrap();
    host.open(2);
    for _ in 0..2 {
        let counts = host.counts();
        assert_eq!((counts[&1].active, counts[&2].active, counts[&2].stored), (1, 1, 1));
        host.restart();
    }
    host.pass_ms(60_000);
    let counts = host.counts();
    assert_eq!((counts[&2].stored, counts[&2].repeating), (1, 1), "one lease ended, one session was claimed");
    let state = host.inspect(stored.id).unwrap().session.state.name();
    assert_eq!(state, StateName::Repeating);
}
