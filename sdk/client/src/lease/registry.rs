//! The open sessions of a client, and when the next of them is to be renewed.
//!
//! The lock is held for an insertion, a removal or one look over all sessions, never across an await. Most
//! sessions live for less than a third of their lease and are gone before the next look.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{sync::Notify, time::sleep_until};

use super::{clock::Epoch, watch::Watch};

/// The open sessions of a client.
#[derive(Debug)]
pub(crate) struct Registry {
    /// What milliseconds are counted from.
    pub epoch: Epoch,
    open: Mutex<Open>,
    /// Wakes the renewals when a session is opened that must be renewed before they meant to look again.
    earlier: Notify,
}

#[derive(Debug)]
struct Open {
    /// By where each watch is: two of one session, opened again by its request id, are two.
    sessions: HashMap<usize, Arc<Watch>>,
    /// When the renewals will look again, in milliseconds after the epoch.
    look_ms: u64,
    /// Whether all are to be renewed at once.
    hurry: bool,
}

/// Sessions to be renewed now.
#[derive(Debug)]
pub(crate) struct Due {
    pub watches: Vec<Arc<Watch>>,
    /// Whether they are all there are, because of [`Registry::hurry`].
    pub hurried: bool,
}

impl Registry {
    /// No sessions yet.
    pub fn new(epoch: Epoch) -> Self {
        let open = Open { sessions: HashMap::new(), look_ms: u64::MAX, hurry: false };
        Self { epoch, open: Mutex::new(open), earlier: Notify::new() }
    }

    /// From now on keep this session's lease.
    pub fn insert(&self, watch: Arc<Watch>) {
        let renew_ms = watch.latest().renew_ms();
        let mut open = self.open();
        open.sessions.insert(place(&watch), watch);
        if renew_ms < open.look_ms {
            open.look_ms = renew_ms;
            self.earlier.notify_one();
        }
    }

    /// Keep this one's lease no longer.
    pub fn remove(&self, watch: &Arc<Watch>) {
        self.open().sessions.remove(&place(watch));
    }

    /// Renew all of them now: the host may have taken them for left behind.
    pub fn hurry(&self) {
        self.open().hurry = true;
        self.earlier.notify_one();
    }

    /// Wait until a session is to be renewed; return all whose time has come or will soon.
    pub async fn due(&self) -> Due {
        loop {
            let look_ms = match self.look(self.epoch.now_ms()) {
                Look::Due(due) => return due,
                Look::Later(ms) => ms,
            };
            let wait = async {
                match look_ms {
                    None => std::future::pending().await,
                    Some(ms) => sleep_until(self.epoch.at(ms)).await,
                }
            };
            tokio::select! {
                () = wait => {}
                () = self.earlier.notified() => {}
            }
        }
    }

    fn look(&self, now_ms: u64) -> Look {
        let mut open = self.open();
        let hurried = std::mem::take(&mut open.hurry);
        let living = || open.sessions.values().filter(|watch| watch.word().is_none());
        if hurried && living().next().is_some() {
            let watches = living().cloned().collect();
            open.look_ms = 0;
            return Look::Due(Due { watches, hurried });
        }
        let next_ms = living().map(|watch| watch.latest().renew_ms()).min();
        if next_ms.is_some_and(|ms| ms <= now_ms) {
            // Nobody need wake us: we look again as soon as these are renewed.
            let watches = living().filter(|watch| watch.latest().renew_early_ms() <= now_ms).cloned().collect();
            open.look_ms = 0;
            return Look::Due(Due { watches, hurried });
        }
        open.look_ms = next_ms.unwrap_or(u64::MAX);
        Look::Later(next_ms)
    }

    /// A panic while the lock was held cannot leave a map half changed, so the lock's poison is of no concern.
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where it is: no other has the same place while it is in the registry.
fn place(watch: &Arc<Watch>) -> usize {
    Arc::as_ptr(watch).addr()
}

enum Look {
    /// These are to be renewed now.
    Due(Due),
    /// None before then; never, without one.
    Later(Option<u64>),
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mpy6a_proto::v1;
    use tokio::time::Instant;

    use super::*;
    use crate::index::Index;

    const LEASE_MS: u64 = 12_000;

    fn open(registry: &Registry, index: u64) -> Arc<Watch> {
        let session = Index { term: 1, index };
        let handle = v1::Handle { id: Some(session.into()), key: index };
        let watch = Arc::new(Watch::new(session, handle, registry.epoch, Instant::now(), LEASE_MS));
        registry.insert(watch.clone());
        watch
    }

    async fn due(registry: &Registry) -> Vec<u64> {
        let mut due: Vec<_> = registry.due().await.watches.iter().map(|watch| watch.session.index).collect();
        due.sort_unstable();
        due
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_will_soon_be_due_go_along() {
        let start = Instant::now();
        let registry = Registry::new(Epoch(start));
        open(&registry, 1);
        tokio::time::sleep(Duration::from_millis(LEASE_MS / 12)).await;
        open(&registry, 2);
        tokio::time::sleep(Duration::from_millis(1)).await;
        open(&registry, 3);
        assert_eq!(due(&registry).await, [1, 2]);
        assert_eq!(start.elapsed(), Duration::from_millis(LEASE_MS / 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_opened_while_none_was_there_is_seen() {
        let registry = Arc::new(Registry::new(Epoch(Instant::now())));
        let waiting = tokio::spawn({
            let registry = registry.clone();
            async move { due(&registry).await }
        });
        tokio::task::yield_now().await;
        open(&registry, 7);
        let seen = tokio::time::timeout(Duration::from_millis(LEASE_MS), waiting).await;
        assert!(matches!(seen, Ok(Ok(due)) if due == [7]));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_used_removed_or_lost_is_not_renewed() {
        let registry = Registry::new(Epoch(Instant::now()));
        let [used, removed, lost, _due] = [1, 2, 3, 4].map(|index| open(&registry, index));
        tokio::time::sleep(Duration::from_millis(LEASE_MS / 4)).await;
        used.operated(Instant::now());
        registry.remove(&removed);
        lost.lost(super::super::Word::Taken);
        assert_eq!(due(&registry).await, [4]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stale_one_that_goes_leaves_another_of_the_same_session() {
        let registry = Registry::new(Epoch(Instant::now()));
        let (stale, kept) = (open(&registry, 1), open(&registry, 1));
        registry.remove(&stale);
        assert_eq!(due(&registry).await, [1]);
        registry.remove(&kept);
        let none = tokio::time::timeout(Duration::from_millis(LEASE_MS), registry.due()).await;
        assert!(none.is_err());
    }
}
