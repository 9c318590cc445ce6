//! The session of a run: what the handler asked of it and the writer was not yet told.

use std::sync::Arc;

use mpy6a_sessions::{Draft, Handle, Limits, Session};

use crate::{barrier::Barrier, outcome::Stop};

/// The one session that a run may touch.
pub(crate) struct SessionSide {
    /// Its id as the guest sees it.
    pub(crate) id: String,
    /// The index at which the run got it, as the guest sees it.
    pub(crate) fence: String,
    pub(crate) draft: Draft,
    handle: Handle,
    barrier: Arc<dyn Barrier>,
}

impl SessionSide {
    pub(crate) fn new(limits: Limits, session: &Session, handle: Handle, barrier: Arc<dyn Barrier>) -> Self {
        Self {
            id: session.id.to_string(),
            fence: session.fence.to_string(),
            draft: Draft::new(limits, session),
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
