//! The leases of active sessions. They live in memory only: renewing one writes nothing, and after a restart every active
//! session gets a fresh one.
//!
//! Times are readings of the monotonic clock.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use crate::ids::{Handle, IdMap, Index, Key};

/// Every running lease.
///
/// `ends` is lazy: prolonging a lease leaves its old entry in the heap, and whoever meets that entry puts in the new end. So
/// an operation costs one look-up, and the heap is touched once a lease.
#[derive(Default)]
pub struct Leases {
    running: IdMap<Lease>,
    ends: BinaryHeap<Reverse<(Duration, Index)>>,
}

struct Lease {
    key: Key,
    length: Duration,
    end: Duration,
}

/// The heap is built anew when it has more than twice as many entries as there are leases, and these: sessions that are
/// deleted long before their lease ends leave their entries behind.
const STALE_ENTRIES_MAX: usize = 4096;

impl Leases {
    /// Begin a lease, or begin it again.
    pub fn grant(&mut self, handle: Handle, length: Duration, now: Duration) {
        let end = now.saturating_add(length);
        let lease = Lease { key: handle.key, length, end };
        // An older entry in the heap serves, unless the new end comes before it.
        let older = self.running.insert(handle.id, lease);
        if older.is_none_or(|older| end < older.end) {
            self.ends.push(Reverse((end, handle.id)));
            self.tidy();
        }
    }

    /// Begin a running lease again; its length. `None` if there is none under this key.
    pub fn renew(&mut self, handle: Handle, now: Duration) -> Option<Duration> {
        let lease = self.running.get_mut(&handle.id).filter(|lease| lease.key == handle.key)?;
        lease.end = now.saturating_add(lease.length);
        Some(lease.length)
    }

    /// How much is left of a running lease.
    pub fn left(&self, id: Index, now: Duration) -> Option<Duration> {
        self.running.get(&id).map(|lease| lease.end.saturating_sub(now))
    }

    /// Forget a lease, if there is one.
    pub fn end(&mut self, id: Index) {
        self.running.remove(&id);
    }

    /// Take the leases that have ended, at most so many.
    pub fn take_ended(&mut self, now: Duration, count_max: usize) -> Vec<Index> {
        let mut ended = Vec::new();
        while ended.len() < count_max && self.next_end().is_some_and(|end| end <= now) {
            let Some(Reverse((_, id))) = self.ends.pop() else { break };
            self.running.remove(&id);
            ended.push(id);
        }
        ended
    }

    /// The sessions that have one, in no order.
    pub fn ids(&self) -> impl Iterator<Item = Index> {
        self.running.keys().copied()
    }

    /// When the next lease ends.
    pub fn next_end(&mut self) -> Option<Duration> {
        while let Some(Reverse((end, id))) = self.ends.peek().copied() {
            match self.running.get(&id) {
                Some(lease) if lease.end == end => return Some(end),
                // Prolonged since: put in the new end. (One that was shortened has an earlier entry already.)
                Some(lease) if lease.end > end => {
                    self.ends.pop();
                    self.ends.push(Reverse((lease.end, id)));
                }
                _ => {
                    self.ends.pop();
                }
            }
        }
        None
    }

    fn tidy(&mut self) {
        if self.ends.len() > 2 * self.running.len() + STALE_ENTRIES_MAX {
            self.ends = self.running.iter().map(|(id, lease)| Reverse((lease.end, *id))).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handle(index: u64) -> Handle {
        Handle { id: Index { term: 1, index }, key: Key(index) }
    }

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn ended(leases: &mut Leases, now: u64) -> Vec<u64> {
        leases.take_ended(s(now), usize::MAX).into_iter().map(|id| id.index).collect()
    }

    #[test]
    fn leases_end_in_order_and_once() {
        let mut leases = Leases::default();
        leases.grant(handle(1), s(30), s(0));
        leases.grant(handle(2), s(10), s(0));
        leases.grant(handle(3), s(20), s(0));
        assert_eq!(leases.next_end(), Some(s(10)));
        assert_eq!(ended(&mut leases, 9), []);
        assert_eq!(ended(&mut leases, 25), [2, 3]);
        assert_eq!(ended(&mut leases, 30), [1]);
        assert_eq!((ended(&mut leases, 99), leases.next_end()), (vec![], None));
    }

    #[test]
    fn a_renewed_lease_ends_later_and_a_wrong_key_renews_nothing() {
        let mut leases = Leases::default();
        leases.grant(handle(1), s(10), s(0));
        assert_eq!(leases.renew(handle(1), s(8)), Some(s(10)));
        assert_eq!(leases.renew(Handle { key: Key(7), ..handle(1) }, s(9)), None);
        assert_eq!(leases.renew(handle(2), s(9)), None);
        assert_eq!(ended(&mut leases, 17), []);
        assert_eq!(ended(&mut leases, 18), [1]);
        assert_eq!(leases.renew(handle(1), s(18)), None);
    }

    #[test]
    fn a_lease_granted_again_for_a_shorter_time_ends_then() {
        let mut leases = Leases::default();
        leases.grant(handle(1), s(100), s(0));
        leases.grant(handle(1), s(10), s(1));
        assert_eq!(ended(&mut leases, 11), [1]);
        assert_eq!((ended(&mut leases, 1000), leases.next_end()), (vec![], None));
    }

    #[test]
    fn sessions_that_come_and_go_leave_no_heap_behind() {
        let mut leases = Leases::default();
        for index in 0..100_000 {
            leases.grant(handle(index), s(30), s(0));
            leases.end(handle(index).id);
        }
        assert!(leases.ends.len() <= STALE_ENTRIES_MAX + 1, "{}", leases.ends.len());
        assert_eq!(leases.next_end(), None);
    }

    #[test]
    fn no_more_end_at_once_than_asked_for() {
        let mut leases = Leases::default();
        (0..10).for_each(|index| leases.grant(handle(index), s(1), s(0)));
        assert_eq!(leases.take_ended(s(1), 4).len(), 4);
        assert_eq!(ended(&mut leases, 1).len(), 6);
    }
}
