//! The session of a run: what the handler asked of it and the writer was not yet told.

use std::sync::Arc;

use mpy6a_sessions::{Draft, Handle, Limits, Refusal, Session, SessionOp};

use crate::{barrier::Barrier, outcome::Stop};

/// The one session that a run may touch.
pub(crate) struct SessionSide {
    /// Its id as the guest sees it.
    pub(crate) id: String,
    /// The index at which the run got it, as the guest sees it.
    pub(crate) fence: String,
    pub(crate) draft: Asked,
    handle: Handle,
    barrier: Arc<dyn Barrier>,
}

impl SessionSide {
    pub(crate) fn new(limits: Limits, session: &Session, handle: Handle, barrier: Arc<dyn Barrier>) -> Self {
        Self {
            id: session.id.to_string(),
            fence: session.fence.to_string(),
            draft: Asked { draft: Draft::new(limits, session), ops: Vec::new() },
            handle,
            barrier,
        }
    }

    /// Make everything asked so far durable. Where nothing was asked since the last time there is nothing to wait for.
    pub(crate) async fn commit(&mut self) -> Result<(), Stop> {
        if self.draft.is_empty() {
            return Ok(());
        }
        self.barrier.commit(self.handle, self.draft.take()).await.map_err(Stop::Barrier)
    }
}

/// What waits to be committed, without what a later operation undoes.
///
/// A replace drops every record, and with them the effect of what was asked before it. Were that kept, a guest that replaces
/// for ever would fill the host's memory: the session's limits bound its records, not how often they are replaced.
pub(crate) struct Asked {
    /// Judges each operation; holds none for longer than that.
    draft: Draft,
    ops: Vec<SessionOp>,
}

impl Asked {
    /// Keep one operation, or say why the state machine would refuse it.
    pub(crate) fn apply(&mut self, op: SessionOp) -> Result<(), Refusal> {
        let replaces = matches!(op, SessionOp::Replace(_));
        self.draft.apply(op)?;
        if replaces {
            self.ops.clear();
        }
        self.ops.append(&mut self.draft.take());
        Ok(())
    }

    /// Whether the run deleted or stored its session.
    pub(crate) fn is_finished(&self) -> bool {
        self.draft.is_finished()
    }

    fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// Take what waits to be committed.
    pub(crate) fn take(&mut self) -> Vec<SessionOp> {
        std::mem::take(&mut self.ops)
    }
}
