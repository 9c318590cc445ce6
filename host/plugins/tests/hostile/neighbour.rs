//! The well-behaved neighbour: a handler of another kind whose runs go on, one after the other, whatever is done beside it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use mpy6a_plugins::Sandbox;
use mpy6a_sessions::{Outcome, SessionOp};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep_until, timeout},
};

use crate::{guest::handler, rig::Rig};

/// Time from the end of a run to when the next is due.
const PAUSE: Duration = Duration::from_millis(2);

/// How long a neighbour may stand still before it counts as held up. No figure of any machine: it only ends the test.
const PATIENCE: Duration = Duration::from_secs(120);

/// What it does: deletes its session.
const DELETES: &str = "(call $delete (i32.load offset=8 (local.get $data)) (i32.const 3000)) (call $ok)";

pub struct Neighbour {
    /// From when a run was due to when it had ended, of each run.
    latencies: Arc<Mutex<Vec<Duration>>>,
    runs: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl Neighbour {
    pub async fn start(sandbox: &Arc<Sandbox>) -> Self {
        let rig = Arc::new(Rig::with(Arc::clone(sandbox)));
        let plugin = rig.load(&handler(DELETES)).await.unwrap();
        let latencies = Arc::new(Mutex::new(Vec::new()));
        let (counter, runs) = watch::channel(0);
        let of_task = Arc::clone(&latencies);
        let task = tokio::spawn(async move {
            loop {
                let due = Instant::now() + PAUSE;
                sleep_until(due).await;
                let (rig, plugin) = (Arc::clone(&rig), Arc::clone(&plugin));
                let end = tokio::spawn(async move { rig.run_loaded(&plugin).await }).await.unwrap();
                assert_eq!((end.report.outcome, end.ops), (Outcome::Returned, vec![SessionOp::Delete]));
                of_task.lock().unwrap().push(due.elapsed());
                counter.send_modify(|runs| *runs += 1);
            }
        });
        Self { latencies, runs, task }
    }

    /// How many of its runs have ended so far.
    pub fn runs(&self) -> usize {
        *self.runs.borrow()
    }

    /// Wait until so many of its runs have ended; false if it is held up.
    pub async fn reaches(&self, runs: usize) -> bool {
        let mut ended = self.runs.clone();
        matches!(timeout(PATIENCE, ended.wait_for(|count| *count >= runs)).await, Ok(Ok(_)))
    }

    /// Median and 99th percentile of its latency since so many of its runs had ended.
    pub fn since(&self, runs: usize) -> (Duration, Duration) {
        let mut latencies = self.latencies.lock().unwrap()[runs..].to_vec();
        latencies.sort();
        let at = |percent: usize| latencies.get((latencies.len() * percent / 100).min(latencies.len().max(1) - 1));
        let at = |percent| at(percent).copied().unwrap_or_default();
        (at(50), at(99))
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        self.task.abort();
    }
}
