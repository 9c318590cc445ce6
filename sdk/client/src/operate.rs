//! One operation on a session, from its number to its outcome.
//!
//! ```text
//! number -> tries -> answer             -> the number is settled, the lease begins again
//!                 -> surely not applied -> the number is settled
//!                 -> anything else      -> the number stays pending, for the same operation to resume
//! ```
//!
//! A refusal settles the number only if no try can have been applied: the host refused the first one, or looked at the number
//! before it refused. Access that was withdrawn says nothing about a try whose answer was lost, and a proxy nothing at all.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    call::{Applied, Failed, Numbered, Operation, Refusal, RootCause, Why, settle},
    error::Error,
    index::Index,
    lease::{State, Word},
    session::Session,
};

impl Session {
    /// Have an operation applied.
    pub(crate) async fn operate(&mut self, operation: &Operation) -> Result<Applied, Error> {
        if let Some(word) = self.watch.word()
            && !self.numbers.is_pending(operation)
        {
            // The host would only say it again. But what became of an operation without an outcome, it alone can tell.
            return Err(word.into_error(self.id(), false));
        }
        let begun = Instant::now();
        let number = self.numbers.take(operation, begun);
        let numbered = Numbered { handle: self.watch.handle, number: number.number, operation };
        let lease = Duration::from_millis(self.watch.latest().length_ms);
        self.watch.set_finishing(operation.finishes());
        let tries = self.shared.tries(begun, lease, number.resumed);
        match settle(&self.shared, &mut self.way, &numbered, tries).await {
            Ok(answered) => {
                self.watch.operated(answered.counted_from);
                Ok(self.succeeded(operation, answered.answer))
            }
            Err(failed) => {
                let outcome = self.failed(operation, failed, begun);
                self.watch.set_finishing(false);
                outcome
            }
        }
    }

    fn succeeded(&mut self, operation: &Operation, answer: Applied) -> Applied {
        self.numbers.settled();
        if operation.finishes() {
            self.watch.finished();
        }
        answer
    }

    /// Judge a failure: is it one, is it final, may the operation be resumed?
    fn failed(&mut self, operation: &Operation, failed: Failed, begun: Instant) -> Result<Applied, Error> {
        let (session, elapsed) = (self.id(), begun.elapsed());
        let Failed { why, tries, maybe_applied } = failed;
        if !maybe_applied {
            self.numbers.settled();
        }
        Err(match why {
            Why::Refused(refusal) => return self.refused(operation, refusal, maybe_applied),
            Why::Overloaded => Error::Overloaded { tries, elapsed },
            Why::RuntimeEnded => Error::RuntimeEnded { maybe_applied },
            Why::Unreachable(status) => self.shared.unreachable(status, maybe_applied),
            Why::Full => self.shared.full(Some(session), maybe_applied),
            Why::Unavailable(status) => match self.watch.state() {
                State::Over(word) => word.into_error(session, maybe_applied),
                State::Expired => {
                    let source = Some(RootCause::new(status).into());
                    Error::LeaseExpired { session, maybe_applied, source }
                }
                State::Held { .. } => self.shared.unavailable(Some(session), tries, elapsed, maybe_applied, status),
            },
        })
    }

    fn refused(&mut self, operation: &Operation, refusal: Refusal, maybe_applied: bool) -> Result<Applied, Error> {
        let word = Word::of_reason(&refusal.reason);
        if word == Some(Word::NotFound) && maybe_applied && self.was_deleted_by(operation) {
            return Ok(self.succeeded(operation, Applied { change_id: Index::default(), due_ms: 0 }));
        }
        if let Some(word) = word {
            self.watch.lost(word);
        }
        Err(refusal.into_error(self.id(), maybe_applied))
    }

    /// Whether a session that is not found was deleted by this very operation, on a try whose answer was lost. A host
    /// remembers its last answers, so this is for one that forgot: while the lease ran nobody else can have had the
    /// session.
    fn was_deleted_by(&self, operation: &Operation) -> bool {
        *operation == Operation::Delete && Instant::now() < self.watch.ends()
    }
}
