//! The numbers of a session's operations.
//!
//! The host applies an operation only if its number is larger than the last one applied, and answers a repetition of
//! the last one with the first answer. From this follows what [`Numbers`] does after an operation whose outcome is
//! unknown:
//!
//! * the *same* operation again takes the *same* number: it is applied once, whether the first one arrived or not;
//! * *another* operation takes the next number. It is safe: from the moment that the host applies it, the earlier one
//!   can no longer be applied, however late it arrives. Whether it was applied before stays unknown.
//!
//! Never is a number sent with two contents. An operation is pending from before its first try, so this holds for a
//! call whose future is dropped in the middle too.

use std::sync::Arc;

use tokio::time::Instant;

use crate::{
    call::Operation,
    identity::{Identity, Ticket},
};

/// The last number given out, and the operation that has it, until the host has spoken about it.
#[derive(Debug)]
pub(crate) struct Numbers {
    source: Source,
    pending: Option<Pending>,
}

/// Where numbers come from.
#[derive(Debug)]
enum Source {
    /// The client's count: the host keeps the answers for as long as the client may ask for them.
    Client(Arc<Identity>),
    /// A count of the session's own, with the last number: other clients may work on it, too.
    Own(u64),
}

#[derive(Debug)]
struct Pending {
    operation: Operation,
    since: Instant,
    number: u64,
    /// Held for as long as this may be asked again.
    _ticket: Option<Ticket>,
}

/// A number for an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    /// The number, from 1.
    pub number: u64,
    /// For an operation that an earlier call left without an outcome: since when the host may have it.
    pub resumed: Option<Instant>,
}

impl Numbers {
    /// Numbers of this client's count.
    pub fn of(identity: Arc<Identity>) -> Self {
        Self { source: Source::Client(identity), pending: None }
    }

    /// Numbers of the session's own, that begin after this one.
    pub fn after(last: u64) -> Self {
        Self { source: Source::Own(last), pending: None }
    }

    /// Take a number for this operation, now. It stays pending until [`Numbers::settled`].
    pub fn take(&mut self, operation: &Operation, now: Instant) -> Number {
        if let Some(pending) = &self.pending
            && pending.operation == *operation
        {
            return Number { number: pending.number, resumed: Some(pending.since) };
        }
        let (number, ticket) = match &mut self.source {
            Source::Client(identity) => {
                let ticket = identity.ticket();
                (ticket.number(), Some(ticket))
            }
            Source::Own(last) => {
                *last += 1;
                (*last, None)
            }
        };
        self.pending = Some(Pending { operation: operation.clone(), since: now, number, _ticket: ticket });
        Number { number, resumed: None }
    }

    /// Whether this very operation is without an outcome.
    pub fn is_pending(&self, operation: &Operation) -> bool {
        self.pending.as_ref().is_some_and(|pending| pending.operation == *operation)
    }

    /// The host has said what became of the last operation, or none of its tries was sent.
    pub fn settled(&mut self) {
        self.pending = None;
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn numbers() -> Numbers {
        Numbers::of(Arc::new(Identity::new()))
    }

    fn append(record: &'static str) -> Operation {
        Operation::Append(Bytes::from_static(record.as_bytes()))
    }

    #[test]
    fn numbers_grow_from_one() {
        let (mut numbers, now) = (numbers(), Instant::now());
        for expected in 1..=3 {
            assert_eq!(numbers.take(&append("a"), now), Number { number: expected, resumed: None });
            numbers.settled();
        }
    }

    #[test]
    fn the_same_operation_resumes_a_pending_one() {
        let (mut numbers, first) = (numbers(), Instant::now());
        let later = first + std::time::Duration::from_secs(1);
        numbers.take(&append("a"), first);
        assert!(numbers.is_pending(&append("a")));
        assert_eq!(numbers.take(&append("a"), later), Number { number: 1, resumed: Some(first) });
    }

    #[test]
    fn no_number_is_sent_with_two_contents() {
        let (mut numbers, now) = (numbers(), Instant::now());
        let others = [
            append("a"),
            append("b"),
            Operation::Replace(Bytes::from_static(b"b")),
            Operation::Store { timeout_s: None },
            Operation::Store { timeout_s: Some(0) },
            Operation::Delete,
        ];
        for (number, operation) in (1..).zip(&others) {
            assert_eq!(numbers.take(operation, now), Number { number, resumed: None }, "{operation:?}");
        }
    }

    #[test]
    fn an_operation_overtaken_by_another_is_not_resumed() {
        let (mut numbers, now) = (numbers(), Instant::now());
        numbers.take(&append("a"), now);
        numbers.take(&append("b"), now);
        assert_eq!(numbers.take(&append("a"), now), Number { number: 3, resumed: None });
    }

    #[test]
    fn a_number_is_settled_with_its_outcome_or_when_it_is_given_up() {
        let identity = Arc::new(Identity::new());
        let (mut numbers, now) = (Numbers::of(identity.clone()), Instant::now());
        numbers.take(&append("a"), now);
        assert_eq!(identity.caller().settled_below, 1);
        numbers.take(&append("b"), now);
        assert_eq!(identity.caller().settled_below, 2, "the first was overtaken");
        numbers.settled();
        assert_eq!(identity.caller().settled_below, 3);
        numbers.take(&append("c"), now);
        drop(numbers);
        assert_eq!(identity.caller().settled_below, 4, "nobody is there to ask again");
    }

    #[test]
    fn numbers_of_a_sessions_own_begin_where_they_are_told() {
        let (mut numbers, now) = (Numbers::after(41), Instant::now());
        assert_eq!(numbers.take(&append("a"), now), Number { number: 42, resumed: None });
        assert_eq!(numbers.take(&append("b"), now), Number { number: 43, resumed: None });
    }
}
