//! Runs that returned ok and neither deleted nor stored their session: their outcome says nothing was wrong, and their session is
//! repeated until it is parked. So their cause says it.

use mpy6a_sessions::{Attempt, Outcome, Session, State, UNFINISHED};

/// The cause of a session's last attempt, if it had any.
pub(super) fn last_cause<'a>(session: &Session, last: Option<&'a Attempt>) -> &'a str {
    let next = match session.state {
        State::Repeating { .. } => session.repeats,
        _ => session.repeats.saturating_add(1),
    };
    last.map_or("", |attempt| cause(attempt, next))
}

/// The causes of its attempts, which are in order, oldest first.
pub(super) fn causes(session: &Session, attempts: &[Attempt]) -> Vec<String> {
    let between = attempts.windows(2).map(|pair| cause(&pair[0], pair[1].repeat).to_owned());
    let last = attempts.last().map(|_| last_cause(session, attempts.last()).to_owned());
    between.chain(last).collect()
}

/// What there is to say of an attempt that was followed, or would be, by the repeat of this number: after a store the handler asked
/// for, repeats are counted anew.
fn cause(attempt: &Attempt, next: u32) -> &str {
    match &attempt.report.outcome {
        Outcome::Returned if next == attempt.repeat.saturating_add(1) => UNFINISHED,
        outcome => outcome.cause(),
    }
}
