//! One operation on a session, from its number to its outcome.
//!
//! ```text
//! number -> tries -> answer  -> the number is settled, the lease begins again
//!                 -> refusal -> the number is settled; a final one ends the session
//!                 -> neither -> the number stays pending, for the same operation to resume
//! ```

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    call::{Applied, Failed, Numbered, Operation, Refusal, Why, settle},
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
            return Err(word.into_error(self.id()));
        }
        let begun = Instant::now();
        let number = self.numbers.take(operation, begun);
        let numbered = Numbered { handle: self.watch.handle, number: number.number, operation };
        let lease = Duration::from_millis(self.watch.latest().length_ms);
        self.watch.set_finishing(operation.finishes());
        match settle(&mut self.way, &numbered, self.shared.tries(begun, lease, number.resumed)).await {
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
        let (session, tries, elapsed) = (self.id(), failed.tries, begun.elapsed());
        if !failed.maybe_applied {
            self.numbers.settled();
        }
        match failed.why {
            Why::Refused(refusal) => self.refused(operation, refusal, failed.maybe_applied),
            Why::Overloaded => Err(Error::Overloaded { tries, elapsed }),
            Why::Unavailable(source) => Err(match self.watch.state() {
                State::Over(word) => word.into_error(session),
                State::Expired => Error::LeaseExpired { session, source: Some(source) },
                State::Held { .. } => {
                    Error::Unavailable { tries, elapsed, maybe_applied: failed.maybe_applied, source }
                }
            }),
        }
    }

    fn refused(&mut self, operation: &Operation, refusal: Refusal, maybe_applied: bool) -> Result<Applied, Error> {
        self.numbers.settled();
        let word = Word::of_reason(&refusal.reason);
        if word == Some(Word::NotFound) && maybe_applied && self.was_deleted_by(operation) {
            return Ok(self.succeeded(operation, Applied { change_id: Index::default(), due_ms: 0 }));
        }
        if let Some(word) = word {
            self.watch.lost(word);
        }
        Err(refusal.into_error(self.id()))
    }

    /// Whether a session that is not found was deleted by this very operation, on a try whose answer was lost. A host
    /// remembers its last answers, so this is for one that forgot: while the lease ran nobody else can have had the
    /// session.
    fn was_deleted_by(&self, operation: &Operation) -> bool {
        *operation == Operation::Delete && Instant::now() < self.watch.ends()
    }
}
