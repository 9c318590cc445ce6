//! What clients asked, by what they were answered: a number for each operation and each answer there is.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use mpy6a_sessions::{Error, Operation};

use crate::error::{REASONS, reason};

/// What an operation that was applied is counted under, beside the reasons of those that were refused.
pub const OK: &str = "OK";

/// Counters of all operations.
#[derive(Debug, Default)]
pub struct Operations([Row; Operation::ALL.len()]);

/// Of one operation: applied, and refused for each reason.
#[derive(Debug, Default)]
struct Row {
    applied: AtomicU64,
    refused: [AtomicU64; REASONS.len()],
}

impl Operations {
    /// One was answered.
    pub fn answered<T>(&self, operation: Operation, result: &Result<T, Error>) {
        match result {
            Ok(_) => self.applied(operation, 1),
            Err(error) => self.refused(operation, reason(error)),
        }
    }

    /// So many were applied.
    pub fn applied(&self, operation: Operation, count: u64) {
        self.0[operation as usize].applied.fetch_add(count, Relaxed);
    }

    /// One was refused. `reason`: one of [`REASONS`].
    pub fn refused(&self, operation: Operation, reason: &str) {
        // Every reason is listed: a test of the errors holds that.
        if let Some(at) = REASONS.iter().position(|it| *it == reason) {
            self.0[operation as usize].refused[at].fetch_add(1, Relaxed);
        }
    }

    /// All of them: operation, answer, how many. Those that never were, too: what grows from nothing shows only so.
    pub fn read(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        Operation::ALL.into_iter().zip(&self.0).flat_map(|(operation, row)| {
            let refused = REASONS.iter().zip(&row.refused).map(|(reason, count)| (*reason, count.load(Relaxed)));
            let all = [(OK, row.applied.load(Relaxed))].into_iter().chain(refused);
            all.map(move |(answer, count)| (operation.name(), answer, count))
        })
    }
}

#[cfg(test)]
mod tests {
    use mpy6a_sessions::Refusal;

    use super::*;

    #[test]
    fn each_answer_is_counted_under_its_own_name() {
        let operations = Operations::default();
        operations.applied(Operation::Append, 3);
        operations.answered(Operation::New, &Ok(()));
        operations.answered::<()>(Operation::Renew, &Err(Error::StoreFailed));
        operations.answered::<()>(Operation::Renew, &Err(Refusal::RequestIdReused.into()));
        operations.refused(Operation::Renew, "STORE_FAILED");
        let counted: Vec<_> = operations.read().filter(|(.., count)| *count > 0).collect();
        let expected =
            [("new", "OK", 1), ("append", "OK", 3), ("renew", "REQUEST_ID_REUSED", 1), ("renew", "STORE_FAILED", 2)];
        assert_eq!(counted, expected);
        assert_eq!(Operation::ALL.map(|operation| operation as usize), [0, 1, 2, 3, 4, 5]);
    }
}
