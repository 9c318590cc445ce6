//! What a run of a handler asked of its session and the writer was not yet told: the sandbox's side of a commit.
//!
//! A handler's operations are buffered here and committed together, at a write-ahead barrier or at the end of the run. The
//! draft judges each at once, by the rules that the writer will apply, so that a guest learns of a refusal from the call
//! that caused it; the writer judges again, and only its word counts.

use crate::{
    error::Refusal,
    ids::Index,
    limits::Limits,
    op::SessionOp,
    rules::{Size, check_timeout},
    session::Session,
};

/// The buffered operations of one run.
#[derive(Debug)]
pub struct Draft {
    limits: Limits,
    id: Index,
    size: Size,
    finished: bool,
    ops: Vec<SessionOp>,
}

impl Draft {
    /// The draft of a run that has just claimed this session.
    #[must_use]
    pub fn new(limits: Limits, session: &Session) -> Self {
        Self { limits, id: session.id, size: Size::of(session), finished: false, ops: Vec::new() }
    }

    /// Buffer one operation.
    ///
    /// # Errors
    ///
    /// The refusal that the writer would answer; nothing is buffered then.
    pub fn apply(&mut self, op: SessionOp) -> Result<(), Refusal> {
        if self.finished {
            return Err(Refusal::SessionFinished(self.id));
        }
        match &op {
            SessionOp::Append(record) => self.size = self.size.with_appended(record.len(), &self.limits)?,
            SessionOp::Replace(record) => self.size = Size::default().with_appended(record.len(), &self.limits)?,
            SessionOp::Delete => self.finished = true,
            SessionOp::Store { timeout_s } => {
                check_timeout(*timeout_s, &self.limits)?;
                self.finished = true;
            }
        }
        self.ops.push(op);
        Ok(())
    }

    /// Whether the run deleted or stored its session. It has no session any more then: no operation may follow, and no
    /// effect outside either, since nobody would repeat what got lost.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// Whether nothing waits to be committed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// Take what waits to be committed, for a barrier or for the end of the run.
    #[must_use]
    pub fn take(&mut self) -> Vec<SessionOp> {
        std::mem::take(&mut self.ops)
    }
}
