//! Room for operations in the client: so many of them and so many bytes of their records, however long the host is away.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

/// Room for operations.
#[derive(Debug)]
pub(crate) struct Room {
    /// What is taken: the operations in the upper bits, their bytes in the lower ones. One word, so that each operation costs
    /// two atomic additions and no lock.
    taken: AtomicU64,
    operations_max: u64,
    bytes_max: u64,
    /// How many wait for room.
    waiting: AtomicUsize,
    /// Wakes the first of them.
    freed: Notify,
}

const BYTES_BITS: u32 = 40;
const BYTES_MAX: u64 = (1 << (BYTES_BITS - 1)) - 1;
const OPERATIONS_MAX: u64 = (1 << (63 - BYTES_BITS)) - 1;

/// An operation's place; free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    room: &'a Room,
    took: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.room.give_back(self.took);
    }
}

impl Room {
    /// Room for so many operations, and so many bytes in their records; a longer record takes all of them.
    pub fn new(operations_max: usize, bytes_max: usize) -> Self {
        let within = |value: usize, max| u64::try_from(value).unwrap_or(max).clamp(1, max);
        Self {
            taken: AtomicU64::new(0),
            operations_max: within(operations_max, OPERATIONS_MAX),
            bytes_max: within(bytes_max, BYTES_MAX),
            waiting: AtomicUsize::new(0),
            freed: Notify::new(),
        }
    }

    /// Take a place, if need be after those that came before. None: the host is `away`, or as many wait as there are places,
    /// or the time is up.
    pub async fn enter(&self, bytes: usize, away: bool, until: Instant) -> Option<Place<'_>> {
        let takes = (1 << BYTES_BITS) | u64::try_from(bytes).unwrap_or(u64::MAX).min(self.bytes_max);
        // Those that wait go first.
        if (away || self.waiting.load(Ordering::SeqCst) == 0)
            && let Some(place) = self.take(takes)
        {
            return Some(place);
        }
        if away {
            return None;
        }
        let _waiting = Waiting::count(self)?;
        let place = async {
            loop {
                // Listen first and look then, or a place that is freed in between goes unheard.
                let freed = self.freed.notified();
                if let Some(place) = self.take(takes) {
                    // There may be room for the next one, too: this one may have taken less than was freed.
                    self.freed.notify_one();
                    return place;
                }
                freed.await;
            }
        };
        timeout_at(until, place).await.ok()
    }

    fn take(&self, takes: u64) -> Option<Place<'_>> {
        let fits = |taken: u64| {
            let then = taken + takes;
            let bytes = then & ((1 << BYTES_BITS) - 1);
            (then >> BYTES_BITS <= self.operations_max && bytes <= self.bytes_max).then_some(then)
        };
        let took = self.taken.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fits);
        took.is_ok().then(|| Place { room: self, took: takes })
    }

    /// One that waits counts itself before it looks, and this looks for it after it gave back: one of the two sees the other.
    fn give_back(&self, took: u64) {
        self.taken.fetch_sub(took, Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.freed.notify_one();
        }
    }
}

/// One that waits.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn count(room: &'a Room) -> Option<Self> {
        let waiting = Self(&room.waiting);
        let before = room.waiting.fetch_add(1, Ordering::SeqCst);
        ((before as u64) < room.operations_max).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(1)
    }

    #[tokio::test(start_paused = true)]
    async fn one_too_many_waits_for_its_turn_and_is_refused_while_the_host_is_away() {
        for (operations, bytes) in [(1, 100), (100, 10)] {
            let room = Room::new(operations, bytes);
            let first = room.enter(10, false, soon()).await.unwrap();
            assert!(room.enter(10, true, soon()).await.is_none(), "at once");
            assert!(room.enter(10, false, soon()).await.is_none(), "after a while");
            let waits = room.enter(10, false, soon());
            let frees = async { drop(first) };
            assert!(tokio::join!(waits, frees).0.is_some());
            assert!(room.enter(10, true, soon()).await.is_some(), "free again");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_wait_than_there_are_places() {
        let room = Room::new(2, 100);
        let _both = (room.enter(1, false, soon()).await.unwrap(), room.enter(1, false, soon()).await.unwrap());
        let begun = Instant::now();
        let waits = || room.enter(1, false, soon());
        let (third, fourth, fifth) = tokio::join!(waits(), waits(), async {
            let refused = waits().await.is_none();
            (refused, begun.elapsed())
        });
        assert!(third.is_none() && fourth.is_none());
        assert_eq!(fifth, (true, Duration::ZERO));
    }

    #[tokio::test]
    async fn a_record_larger_than_all_room_has_it_alone() {
        let room = Room::new(2, 10);
        let alone = room.enter(1 << 40, true, soon()).await.unwrap();
        assert!(room.enter(1, true, soon()).await.is_none());
        drop(alone);
        assert!(room.enter(1, true, soon()).await.is_some());
    }
}
