//! Whether a try was handed to the connection.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

const WAITING: u64 = 0;
const SENT: u64 = 1;
const WITHDRAWN: u64 = 2;

/// The mark of the tries of one caller, who makes one at a time: how many there were, and in the two lowest bits what became of
/// the last one. It is in one place for all of them, because a place of its own for each try would cost as much as the try.
#[derive(Debug, Default)]
pub(crate) struct Marks(Arc<AtomicU64>);

/// The mark of one try: either it is sent or it is withdrawn, whichever comes first. So one that ran out of time while it
/// waited for a connection is known not to have been applied. Clones are the same mark.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    marks: Arc<AtomicU64>,
    number: u64,
}

impl Marks {
    /// The mark of another try; those before it are withdrawn, unless they were sent.
    pub fn next(&self) -> Sent {
        let number = (self.0.load(Ordering::Relaxed) >> 2) + 1;
        self.0.store(number << 2 | WAITING, Ordering::SeqCst);
        Sent { marks: self.0.clone(), number }
    }
}

impl Sent {
    /// It goes out now. False: it was withdrawn, and must not.
    pub fn mark(&self) -> bool {
        self.become_or_be(SENT)
    }

    /// It shall not go out any more. True: it has not.
    pub fn withdraw(&self) -> bool {
        self.become_or_be(WITHDRAWN)
    }

    /// Whether it is this now, and was this or nothing before.
    fn become_or_be(&self, what: u64) -> bool {
        let (waiting, what) = (self.number << 2 | WAITING, self.number << 2 | what);
        match self.marks.compare_exchange(waiting, what, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => true,
            Err(now) => now == what,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_withdrawn_is_not_sent_and_what_is_sent_is_not_withdrawn() {
        let marks = Marks::default();
        let withdrawn = marks.next();
        assert!(withdrawn.withdraw() && !withdrawn.mark() && withdrawn.withdraw());
        let sent = marks.next();
        assert!(sent.mark() && !sent.withdraw() && sent.mark());
    }

    #[test]
    fn a_try_that_another_followed_is_not_sent_any_more() {
        let marks = Marks::default();
        let (first, second) = (marks.next(), marks.next());
        assert!(!first.mark() && second.mark() && !second.withdraw());
    }
}
