//! What the author says must hold in every life, however it was disturbed.

use serde::Deserialize;

use crate::{
    offline::life::Life,
    outside::{Seen, answer::matches},
};

/// One thing that must hold. Requests are named by `METHOD URL`, in which `*` stands for any text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Invariant {
    /// Such a request is never made.
    Never {
        /// Which.
        never: String,
    },
    /// Such requests take effect at most so often, repeats that the service can tell counted once.
    AtMost {
        /// How often.
        at_most: usize,
        /// Which.
        of: String,
    },
    /// No request of the second sort is made before one of the first was answered with a status under 400.
    Order {
        /// What comes first.
        first: String,
        /// What may follow.
        then: String,
    },
}

impl Invariant {
    /// How a life broke it.
    pub(crate) fn broken_by(&self, life: &Life) -> Option<String> {
        let requests = &life.outside.requests;
        let is = |pattern: &str, seen: &Seen| matches(pattern, &seen.line());
        match self {
            Self::Never { never } => {
                let seen = requests.iter().find(|seen| is(never, seen))?;
                Some(format!("it made the request {}, which must never be made", seen.line()))
            }
            Self::AtMost { at_most, of } => {
                let effects = life.outside.effects.list();
                let times = effects.iter().filter(|effect| matches(of, &effect.line)).count();
                (times > *at_most).then(|| format!("{of} took effect {times} times, and must at most {at_most}"))
            }
            Self::Order { first, then } => {
                let succeeded =
                    |seen: &Seen| is(first, seen) && seen.answered.parse().is_ok_and(|status: u16| status < 400);
                let begun = requests.iter().position(succeeded).unwrap_or(requests.len());
                let early = requests.iter().take(begun).find(|seen| is(then, seen))?;
                Some(format!("it made the request {} before {first} had succeeded", early.line()))
            }
        }
    }
}
