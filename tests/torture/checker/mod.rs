//! Whether what was seen of a round is what a right host could have shown. Pure: histories in, complaints out.
//!
//! | file | what it holds the host to |
//! |---|---|
//! | [`order`] | indexes: each used once, in the order of real time; a retry gets the first answer |
//! | [`hands`] | one operator at a time: fences grow, and nobody is answered after the session changed hands |
//! | [`time`] | leases do not end early, nothing fires before it is due |
//! | [`queue`] | what is due first is repeated first |
//! | [`search`] | each session is linearizable: in some order, its [`moves`] make sense to the [`model`] |
//!
//! The search alone would find most of what the first two look for. They say it in plainer words, and hold across sessions:
//! the host numbers its operations over all of them.
//!
//! Sessions are independent, and the answers say in which order their operations were applied, so a session's search has a
//! choice only where no answer came: each such operation happened once, at some time after it was sent, or never. That is
//! also why the search is small.

mod hands;
mod model;
mod moves;
mod order;
mod queue;
mod search;
#[cfg(test)]
mod tests;
mod time;

pub use self::time::{Clock, Step, check_late};
use crate::history::{History, Tag};

/// A promise broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Which promise: a few words, always the same.
    pub rule: &'static str,
    /// Whose session.
    pub session: Tag,
    /// What was seen.
    pub seen: String,
}

/// Everything that is wrong with these sessions. `clock`: what the wall clock of the host was made to say.
pub fn check(sessions: &[History], clock: &Clock) -> Vec<Complaint> {
    let mut complaints = order::check(sessions);
    for session in sessions {
        complaints.extend(hands::check(session));
        complaints.extend(time::check(session, clock));
        complaints.extend(search::check(session));
    }
    complaints.extend(queue::check(sessions));
    complaints
}

/// A complaint about a session.
fn complaint(rule: &'static str, session: &History, seen: String) -> Complaint {
    Complaint { rule, session: session.tag, seen }
}
