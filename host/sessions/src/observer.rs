//! Watching the writer at work, for metrics.

use std::time::Duration;

/// Told what the writer does, on the writer's own thread: it must not wait, and nothing that it does changes anything.
pub trait Observer: Send + Sync {
    /// A batch is durable: so many operations were applied in it, and so long it took, from the look at the first of them.
    fn committed(&self, operations: u64, took: Duration);
}

/// Nobody watches.
#[derive(Debug)]
pub struct Nobody;

impl Observer for Nobody {
    fn committed(&self, _operations: u64, _took: Duration) {}
}
