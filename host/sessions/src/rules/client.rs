//! What clients do, and what happens to them: opening a session, working on it, losing it.

use crate::{
    caller::{Access, OpenedBy, Origin},
    error::Refusal,
    ids::{Index, Key},
    limits::{Limits, TRACEPARENT_BYTES_MAX},
    op::{New, SessionOp, Stamp},
    rules::{Change, Decision, Opened, RecordsChange, Reply, Size, check_timeout},
    session::{Answered, Applied, Client, Due, Session, Standing, State},
};

/// Judge a `New` by itself, before it is queued: its lengths, and the form of its traceparent. Whether its kind exists is the writer's
/// to see.
///
/// # Errors
///
/// [`Refusal::TooLong`], [`Refusal::TraceparentInvalid`], [`Refusal::RecordTooLarge`].
pub fn check_new(limits: &Limits, new: &New) -> Result<Size, Refusal> {
    let within = |what, text: &Option<String>, max| match text {
        Some(text) if text.len() > max => Err(Refusal::TooLong { what, max }),
        _ => Ok(()),
    };
    within("the traceparent (in bytes)", &new.traceparent, TRACEPARENT_BYTES_MAX)?;
    if new.traceparent.as_deref().is_some_and(|text| !is_traceparent(text)) {
        return Err(Refusal::TraceparentInvalid);
    }
    match &new.record {
        Some(record) => Size::default().with_appended(record.len(), limits),
        None => Ok(Size::default()),
    }
}

/// Whether a text is a traceparent: <https://www.w3.org/TR/trace-context/#traceparent-header>. Versions after 00 may add more
/// at the end, in ASCII.
#[must_use]
pub fn is_traceparent(text: &str) -> bool {
    let is_hex = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let is_id = |part: &str, digits| is_hex(part, digits) && part.bytes().any(|byte| byte != b'0');
    let mut parts = text.splitn(5, '-');
    let [version, trace, span, flags] = [(); 4].map(|()| parts.next().unwrap_or_default());
    let rest = parts.next();
    let goes_on_well = rest.is_none_or(|rest| version != "00" && rest.bytes().all(|byte| byte.is_ascii_graphic()));
    is_hex(version, 2) && version != "ff" && is_id(trace, 32) && is_id(span, 16) && is_hex(flags, 2) && goes_on_well
}

/// `New`: the stamp's index becomes the session's id.
pub(super) fn open(limits: &Limits, new: &New, key: Key, access: Access, stamp: &Stamp) -> Result<Decision, Refusal> {
    let size = check_new(limits, new)?;
    let request = new.request.map(|name| OpenedBy { name, fingerprint: new.fingerprint() });
    let session = Session {
        id: stamp.index,
        kind: new.kind,
        change_id: stamp.index,
        fence: stamp.index,
        client: Client { key, lease_ms: stamp.policy.lease_ms, standing: Standing::Holds, last: None },
        state: State::Active,
        created_ms: stamp.now_ms,
        stored_ms: stamp.now_ms,
        repeats: 0,
        records: size.records,
        bytes: size.bytes,
        attempts: 0,
        traceparent: new.traceparent.clone(),
        origin: Origin { access, request, handed_on: false },
    };
    let opened = Opened::of(session.id, &session.client);
    let records = RecordsChange { clear: false, append: new.record.iter().cloned().collect() };
    Ok(Decision::Change(Box::new(Change {
        session,
        gone: false,
        records,
        attempt: None,
        reply: Reply::Opened(opened),
    })))
}

/// `Append`, `Replace`, `Delete`, `Store` by the client. A number of 0 is none.
pub(super) fn operate(
    limits: &Limits,
    session: &Session,
    key: Key,
    (number, fingerprint): (u64, u64),
    op: &SessionOp,
    stamp: &Stamp,
) -> Result<Decision, Refusal> {
    if let Some(first_answer) = check_client(session.id, &session.client, key, number, fingerprint)? {
        return Ok(Decision::Answer(Reply::Applied(first_answer)));
    }
    let mut after = taken_up(session, stamp);
    let mut records = RecordsChange::default();
    let mut due_ms = None;
    match op {
        SessionOp::Append(record) => {
            after.set_size(Size::of(session).with_appended(record.len(), limits)?);
            records.append(record.clone());
        }
        SessionOp::Replace(record) => {
            after.set_size(Size::default().with_appended(record.len(), limits)?);
            records.replace(record.clone());
        }
        SessionOp::Delete => after.client.standing = Standing::GaveUp,
        SessionOp::Store { timeout_s } => {
            check_timeout(*timeout_s, limits)?;
            let at_ms = stamp.due_ms(timeout_s.map_or(stamp.policy.delay_ms, |s| u64::from(s) * 1000));
            after.client.standing = Standing::GaveUp;
            after.state = State::Stored(Due { at_ms, stored: stamp.index });
            after.stored_ms = stamp.now_ms;
            due_ms = Some(at_ms);
        }
    }
    let applied = Applied { change_id: stamp.index, due_ms };
    if number != 0 {
        after.client.last = Some(Answered { number, fingerprint, applied });
    }
    let gone = *op == SessionOp::Delete;
    let reply = Reply::Applied(applied);
    Ok(Decision::Change(Box::new(Change { session: after, gone, records, attempt: None, reply })))
}

/// A renewal that found no lease in memory: it had ended. If nobody claimed the session since, the client has it again.
pub(super) fn resume(session: &Session, key: Key, stamp: &Stamp) -> Result<Decision, Refusal> {
    check_client(session.id, &session.client, key, 0, 0)?;
    if session.state == State::Active {
        return Ok(Decision::Answer(Reply::Done));
    }
    Ok(change_of_state(taken_up(session, stamp)))
}

/// The lease ended: the session waits to be repeated, with the kind's delay. Its client still holds it until it is claimed.
pub(super) fn lease_ended(session: &Session, stamp: &Stamp) -> Decision {
    if session.state != State::Active {
        return Decision::Answer(Reply::Moot);
    }
    let due = Due { at_ms: stamp.due_ms(stamp.policy.delay_ms), stored: stamp.index };
    let after =
        Session { change_id: stamp.index, state: State::Stored(due), stored_ms: stamp.now_ms, ..session.clone() };
    change_of_state(after)
}

/// What a client is told whose session is gone, if it is remembered: the first answer again, or how it lost the session.
///
/// # Errors
///
/// As for a session that is still there.
pub fn answer_gone(id: Index, client: &Client, key: Key, number: u64, fingerprint: u64) -> Result<Applied, Refusal> {
    check_client(id, client, key, number, fingerprint)?.ok_or(Refusal::SessionNotFound(id))
}

/// Whether a client may go on: `Some` with the first answer, if this is a retry of its last operation.
fn check_client(
    id: Index,
    client: &Client,
    key: Key,
    number: u64,
    fingerprint: u64,
) -> Result<Option<Applied>, Refusal> {
    if client.key != key {
        return Err(Refusal::KeyWrong(id));
    }
    // A retry is answered whatever became of the session since: the operation was applied.
    if let Some(last) = client.last.filter(|last| number != 0 && last.number == number) {
        let same = last.fingerprint == fingerprint;
        return if same { Ok(Some(last.applied)) } else { Err(Refusal::NumberReused { number }) };
    }
    match client.standing {
        Standing::Holds => {}
        Standing::GaveUp => return Err(Refusal::SessionFinished(id)),
        Standing::Lost => return Err(Refusal::LeaseLost(id)),
    }
    match client.last {
        Some(last) if number != 0 && number < last.number => Err(Refusal::NumberStale { number, last: last.number }),
        _ => Ok(None),
    }
}

/// The session as its client has it in hand, perhaps again.
fn taken_up(session: &Session, stamp: &Stamp) -> Session {
    Session { change_id: stamp.index, state: State::Active, ..session.clone() }
}

/// A change that leaves records and history alone.
pub(super) fn change_of_state(session: Session) -> Decision {
    let records = RecordsChange::default();
    Decision::Change(Box::new(Change { session, gone: false, records, attempt: None, reply: Reply::Done }))
}
