//! How clients die.
//!
//! A client that is to die is dropped at a random moment: it has begun a step, its request may or may not have left,
//! may or may not be carried out. Dropping the task cuts its connection to A or B, cancels its call of the host, and
//! ends the renewing of its lease; it has no chance to tidy up, for no code of it runs any more. To A, B and the host
//! that is what the end of a process looks like. (A process for each client would look the same to them and cost a
//! thousand processes.)

use std::{
    future::Future,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use tokio::{sync::Notify, time::sleep};

use crate::client::Step;

/// The steps at which a client may be chosen to die. One that gets to `Store` instead dies there.
const STEPS: [Step; 6] = [Step::Open, Step::RecordUser, Step::Create, Step::RecordId, Step::Index, Step::Delete];
/// It dies up to so long after it began its last step, and at once when it would begin another: calls take about as long.
const AFTER_MAX: Duration = Duration::from_millis(2);

/// When a client is to die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Death {
    at: Step,
    after: Duration,
}

/// Whether and when the client of this row is to die. The same for the same seed, whatever the others do.
pub fn draw(seed: u64, row: usize, share: f64) -> Option<Death> {
    // An odd multiplier, so that neighbouring seeds and rows do not share draws.
    let mut draws = StdRng::seed_from_u64(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ row as u64);
    if draws.random::<f64>() >= share {
        return None;
    }
    let at = *STEPS.choose(&mut draws)?;
    Some(Death { at, after: AFTER_MAX.mul_f64(draws.random()) })
}

/// Watches a client's steps, and ends it in the fatal one.
pub struct Watcher {
    death: Option<Death>,
    /// The fatal step has begun.
    doomed: AtomicBool,
    begun: Notify,
    /// Another step would begin after it.
    overdue: Notify,
}

impl Watcher {
    /// A watcher for a client that is to die so, or not at all.
    pub fn new(death: Option<Death>) -> Self {
        Self { death, doomed: AtomicBool::new(false), begun: Notify::new(), overdue: Notify::new() }
    }

    /// The client begins a step.
    pub fn begins(&self, step: Step) {
        let is_fatal = self.death.is_some_and(|death| death.at == step || step == Step::Store);
        if self.doomed.fetch_or(is_fatal, Ordering::Relaxed) {
            self.overdue.notify_one();
        } else if is_fatal {
            self.begun.notify_one();
        }
    }

    /// Let the client work until it ends or dies. None: it has died.
    pub async fn live<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let Some(death) = self.death else { return Some(work.await) };
        let dies = async {
            self.begun.notified().await;
            tokio::select! {
                () = sleep(death.after) => {}
                () = self.overdue.notified() => {}
            }
        };
        tokio::select! {
            biased;
            () = dies => None,
            done = work => Some(done),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_kept_and_every_step_occurs() {
        let deaths: Vec<Death> = (0..10_000).filter_map(|row| draw(1, row, 0.05)).collect();
        assert!((400..600).contains(&deaths.len()), "{} of 10,000", deaths.len());
        for step in STEPS {
            assert!(deaths.iter().any(|death| death.at == step), "{step:?}");
        }
        assert_eq!((0..1_000).filter_map(|row| draw(1, row, 0.0)).count(), 0);
    }

    #[test]
    fn the_same_seed_kills_the_same_clients() {
        let all = |seed| (0..1_000).map(|row| draw(seed, row, 0.05)).collect::<Vec<_>>();
        assert_eq!(all(7), all(7));
        assert_ne!(all(7), all(8));
    }

    #[tokio::test]
    async fn a_client_dies_in_its_step_and_not_before() {
        let watcher = Watcher::new(Some(Death { at: Step::Create, after: Duration::from_millis(2) }));
        let began_create = std::cell::Cell::new(false);
        let lived = watcher.live(async {
            watcher.begins(Step::Open);
            tokio::task::yield_now().await;
            began_create.set(true);
            watcher.begins(Step::Create);
            std::future::pending::<()>().await;
        });
        assert_eq!(lived.await, None);
        assert!(began_create.get());
    }

    #[tokio::test]
    async fn a_client_does_not_outlive_its_step() {
        let watcher = Watcher::new(Some(Death { at: Step::Create, after: Duration::from_secs(3_600) }));
        let lived = watcher.live(async {
            watcher.begins(Step::Create);
            tokio::task::yield_now().await;
            watcher.begins(Step::RecordId);
            std::future::pending::<()>().await;
        });
        assert_eq!(lived.await, None);
    }

    #[tokio::test]
    async fn a_client_that_stores_instead_dies_there() {
        let watcher = Watcher::new(Some(Death { at: Step::Delete, after: Duration::ZERO }));
        let lived = watcher.live(async {
            watcher.begins(Step::Store);
            std::future::pending::<()>().await;
        });
        assert_eq!(lived.await, None);
    }

    #[tokio::test]
    async fn a_client_that_is_not_to_die_lives() {
        assert_eq!(Watcher::new(None).live(async { 7 }).await, Some(7));
    }
}
