//! What a person does to a session, from outside its life.
//!
//! | | active | stored | repeating | parked |
//! |---|---|---|---|---|
//! | repeat | refused | due at once | refused | refused |
//! | park | by force | parked | refused | refused |
//! | redrive | refused | refused | refused | stored, due at once; repeats are counted anew |
//! | delete | by force | gone | refused | gone |
//!
//! A run that is under way is never cut off from its session: its kind can be paused, and a run ends within its time limit.
//! A client may be, when asked for by force: it is told as one whose lease was lost.

use crate::{
    error::Refusal,
    op::{AdminOp, AdminRequest, Stamp},
    rules::{Change, Decision, RecordsChange, Reply},
    session::{Applied, Due, Session, Standing, State, StateName},
};

/// Decide what a person asked.
pub(super) fn administer(session: &Session, request: &AdminRequest, stamp: &Stamp) -> Result<Decision, Refusal> {
    if request.unchanged_since.is_some_and(|seen| seen != session.change_id) {
        return Err(Refusal::SessionChanged(session.id));
    }
    check_state(session, request)?;
    let mut after = Session { change_id: stamp.index, ..session.clone() };
    let mut due_ms = None;
    match request.op {
        AdminOp::Repeat => due_ms = Some(put_in_line(&mut after, stamp.now_ms, stamp)),
        AdminOp::Redrive => {
            after.repeats = 0;
            after.stored_ms = stamp.now_ms;
            // With the kind's jitter: a thousand that are redriven together would all run at once.
            due_ms = Some(put_in_line(&mut after, stamp.due_ms(0), stamp));
        }
        AdminOp::Park => {
            after.state = State::Parked { since_ms: stamp.now_ms };
            after.fence = stamp.index;
            take_from_client(&mut after);
        }
        AdminOp::Delete => take_from_client(&mut after),
    }
    let reply = Reply::Applied(Applied { change_id: stamp.index, due_ms });
    let gone = request.op == AdminOp::Delete;
    let records = RecordsChange::default();
    Ok(Decision::Change(Box::new(Change { session: after, gone, records, attempt: None, reply })))
}

/// The table above.
fn check_state(session: &Session, request: &AdminRequest) -> Result<(), Refusal> {
    use AdminOp::{Delete, Park, Redrive, Repeat};
    use StateName::{Active, Parked, Repeating, Stored};
    let remedy = match (request.op, session.state.name()) {
        (Repeat | Park | Delete, Stored) | (Redrive | Delete, Parked) => return Ok(()),
        (Park | Delete, Active) if request.force => return Ok(()),
        (Park | Delete, Active) => "its client holds it: wait until its lease ends, or ask by force",
        (Repeat, Active) => "its client holds it: wait until its lease ends",
        (Repeat | Park | Delete, Repeating) => "a run holds it: pause its kind, and wait until the run has ended",
        (Repeat, Parked) => "it waits for a person: redrive it",
        (Park, Parked) => "there is nothing to do: leave it",
        (Redrive, Stored) => "it waits for its repeat already: ask to repeat it now",
        (Redrive, Active | Repeating) => "only a parked session is redriven: leave it",
    };
    Err(Refusal::WrongState { id: session.id, state: session.state.name(), remedy })
}

fn put_in_line(after: &mut Session, at_ms: u64, stamp: &Stamp) -> u64 {
    after.state = State::Stored(Due { at_ms, stored: stamp.index });
    at_ms
}

/// It has its client no more, if it had one.
fn take_from_client(after: &mut Session) {
    if after.client.standing == Standing::Holds {
        after.client.standing = Standing::Lost;
    }
}
