//! Messages and answers in words, for a history: short, and without the bytes of records.

use mpy6a_sessions::{
    SessionOp,
    op::Op,
    pipeline::{Named, Wish},
    rules::Reply,
};

use crate::model::{Answer, Sent};

pub fn sent(sent: &Sent) -> String {
    match sent {
        Sent::Apply(op) => self::op(op),
        Sent::Turn(pipeline, _, asks) => {
            let asks: Vec<_> = asks.iter().map(|ask| format!("{}: {}", ask.tag, wish(&ask.what))).collect();
            format!("pipeline {pipeline}: [{}]", asks.join(", "))
        }
        Sent::Broke(pipeline) => format!("pipeline {pipeline} breaks"),
        Sent::Renew(handles) => {
            format!("renew {}", handles.iter().map(|handle| handle.id.to_string()).collect::<Vec<_>>().join(" "))
        }
        Sent::Inspect(id) => format!("inspect {id}"),
        Sent::Overview => "overview".into(),
        Sent::List(part) => format!("list {part:?}"),
        Sent::Pauses => "which are paused".into(),
        Sent::SetPaused(kind, true) => format!("pause kind {kind}"),
        Sent::SetPaused(kind, false) => format!("resume kind {kind}"),
        Sent::SetKinds(kinds) => format!("config {:?}", kinds.0),
        Sent::StopClaims => "claim no more".into(),
    }
}

fn wish(wish: &Wish) -> String {
    match wish {
        Wish::New { local, new, outlives, .. } => {
            format!("new as {local} of kind {}, {:?}, outlives: {outlives}", new.kind, new.request)
        }
        Wish::Operate { session, number, op, .. } => format!("{} #{number}: {}", named(session), session_op(op)),
        Wish::Renew(session) => format!("renew {}", named(session)),
    }
}

fn named(session: &Named) -> String {
    match session {
        Named::Local(local) => format!("local {local}"),
        Named::Handle(handle) => handle.id.to_string(),
    }
}

fn op(op: &Op) -> String {
    match op {
        Op::New { new, .. } => {
            let record = new.record.as_ref().map(bytes::Bytes::len);
            format!("new of kind {}, {:?}, record {record:?}", new.kind, new.request)
        }
        Op::Client { handle, number, op, .. } => format!("{} #{number}: {}", handle.id, session_op(op)),
        Op::Barrier { handle, ops } => format!("{} run: barrier [{}]", handle.id, session_ops(ops)),
        Op::Finish { handle, ops, report } => {
            format!("{} run: [{}], then {}", handle.id, session_ops(ops), report.outcome)
        }
        other => format!("{other:?}"),
    }
}

fn session_ops(ops: &[SessionOp]) -> String {
    ops.iter().map(session_op).collect::<Vec<_>>().join(", ")
}

fn session_op(op: &SessionOp) -> String {
    match op {
        SessionOp::Append(record) => format!("append {} bytes", record.len()),
        SessionOp::Replace(record) => format!("replace by {} bytes", record.len()),
        SessionOp::Delete => "delete".into(),
        SessionOp::Store { timeout_s: None } => "store".into(),
        SessionOp::Store { timeout_s: Some(seconds) } => format!("store for {seconds} s"),
    }
}

pub fn answer(answer: Option<&Answer>) -> String {
    match answer {
        None => "nothing".into(),
        Some(Answer::Reply(Ok(Reply::Applied(applied)))) => format!("{} {:?}", applied.change_id, applied.due_ms),
        Some(Answer::Reply(Ok(Reply::Opened(opened)))) => format!("opened {}", opened.handle.id),
        Some(Answer::Reply(Ok(reply))) => format!("{reply:?}"),
        Some(Answer::Reply(Err(error))) => format!("refused: {error}"),
        Some(Answer::Renewals(renewals)) => format!("{renewals:?}"),
        Some(Answer::Inspected(Ok(Some(inspected)))) => {
            format!("{:?}, {} records", inspected.session.state, inspected.records.len())
        }
        Some(other) => format!("{other:?}"),
    }
}
