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

use tokio::time::Instant;

use crate::call::Operation;

/// The last number given out, and the operation that has it, until the host has spoken about it.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    last: u64,
    pending: Option<Pending>,
}

#[derive(Debug)]
struct Pending {
    operation: Operation,
    since: Instant,
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
    /// Numbers that begin after this one.
    pub fn after(last: u64) -> Self {
        Self { last, pending: None }
    }

    /// Take a number for this operation, now. It stays pending until [`Numbers::settled`].
    pub fn take(&mut self, operation: &Operation, now: Instant) -> Number {
        if let Some(pending) = &self.pending
            && pending.operation == *operation
        {
            return Number { number: self.last, resumed: Some(pending.since) };
        }
        self.last += 1;
        self.pending = Some(Pending { operation: operation.clone(), since: now });
        Number { number: self.last, resumed: None }
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

    fn append(record: &'static str) -> Operation {
        Operation::Append(Bytes::from_static(record.as_bytes()))
    }

    #[test]
    fn numbers_grow_from_one() {
        let (mut numbers, now) = (Numbers::default(), Instant::now());
        for expected in 1..=3 {
            assert_eq!(numbers.take(&append("a"), now), Number { number: expected, resumed: None });
            numbers.settled();
        }
    }

    #[test]
    fn the_same_operation_resumes_a_pending_one() {
        let (mut numbers, first) = (Numbers::default(), Instant::now());
        let later = first + std::time::Duration::from_secs(1);
        numbers.take(&append("a"), first);
        assert!(numbers.is_pending(&append("a")));
        assert_eq!(numbers.take(&append("a"), later), Number { number: 1, resumed: Some(first) });
    }

    #[test]
    fn no_number_is_sent_with_two_contents() {
        let (mut numbers, now) = (Numbers::default(), Instant::now());
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
        let (mut numbers, now) = (Numbers::default(), Instant::now());
        numbers.take(&append("a"), now);
        numbers.take(&append("b"), now);
        assert_eq!(numbers.take(&append("a"), now), Number { number: 3, resumed: None });
    }
}
