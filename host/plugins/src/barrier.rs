//! The write-ahead barrier: what a handler asked of its session is durable before anything it does can be seen outside.
//!
//! The host calls it right before a request leaves, with everything buffered since the last time. It never carries `Delete`
//! or `Store`: after these the session is finished, and a request is refused before it comes here.

use std::{future::Future, pin::Pin};

use mpy6a_sessions::{Error, Handle, SessionOp, Sessions};

/// Where a run commits what it asked so far.
pub trait Barrier: Send + Sync {
    /// Make these operations durable, all or none.
    ///
    /// # Errors
    ///
    /// They were not applied, or nobody knows; the run ends in either case.
    fn commit(&self, handle: Handle, ops: Vec<SessionOp>) -> Committing<'_>;
}

/// A commit under way.
pub type Committing<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

impl Barrier for Sessions {
    fn commit(&self, handle: Handle, ops: Vec<SessionOp>) -> Committing<'_> {
        Box::pin(self.barrier(handle, ops))
    }
}
