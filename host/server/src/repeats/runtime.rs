//! The threads that handler runs live on, apart from those that answer clients.

use std::{io, time::Duration};

use mpy6a_plugins::limits::EVENT_INTERVAL;
use mpy6a_sessions::Claims;
use tokio::runtime::{Builder, Runtime};
use tokio_util::task::TaskTracker;

use super::{Context, run_claims};

/// The runtime of the handler runs, and the runs under way on it.
#[derive(Debug)]
pub struct Runs {
    /// Taken by `drop` alone.
    runtime: Option<Runtime>,
    tracker: TaskTracker,
}

impl Runs {
    /// One thread for each core.
    ///
    /// # Errors
    ///
    /// The system's, if it refuses the threads.
    pub fn new() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .enable_all()
            .thread_name("mpy6a-run")
            // Else handlers that compute hold up everybody's timers and answers.
            .event_interval(EVENT_INTERVAL)
            .build()?;
        Ok(Self { runtime: Some(runtime), tracker: TaskTracker::new() })
    }

    /// Run what is claimed from now on.
    pub fn start(&self, context: Context, claims: Claims) {
        if let Some(runtime) = &self.runtime {
            runtime.spawn(run_claims(context, claims, self.tracker.clone()));
        }
    }

    /// Wait until no run is under way, at most this long. Answers how many still are.
    pub async fn drain(&self, at_most: Duration) -> usize {
        self.tracker.close();
        // Elapsed or not, what is left is what counts.
        let _ = tokio::time::timeout(at_most, self.tracker.wait()).await;
        self.tracker.len()
    }
}

impl Drop for Runs {
    /// Cuts the runs still under way and ends the threads, without waiting for them: a runtime may not be waited for
    /// where async code runs.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
