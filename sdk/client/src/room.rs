//! Room for operations in the client: so many of them and so many bytes of their records, however long the host is away.
//!
//! While the host answers, as much again waits for room. When it falls silent, those are told that there is none.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

use crate::outage::Outage;

/// Room for operations.
#[derive(Debug)]
pub(crate) struct Room {
    /// What has a place.
    taken: Load,
    /// What waits for one.
    waiting: Load,
    /// The most that either may be.
    max: Max,
    /// Wakes the first of those that wait.
    freed: Notify,
}

/// So many operations with so many bytes of records: the operations in the upper bits, the bytes in the lower ones. One word, so
/// that each operation costs two atomic additions and no lock.
#[derive(Debug, Default)]
struct Load(AtomicU64);

/// The most that a load may be.
#[derive(Clone, Copy, Debug)]
struct Max {
    operations: u64,
    bytes: u64,
}

const BYTES_BITS: u32 = 40;
const BYTES_MAX: u64 = (1 << (BYTES_BITS - 1)) - 1;
const OPERATIONS_MAX: u64 = (1 << (63 - BYTES_BITS)) - 1;

impl Load {
    /// Add this, unless it would be too much.
    fn add(&self, takes: u64, max: Max) -> bool {
        let fits = |load: u64| {
            let then = load + takes;
            let bytes = then & ((1 << BYTES_BITS) - 1);
            (then >> BYTES_BITS <= max.operations && bytes <= max.bytes).then_some(then)
        };
        self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fits).is_ok()
    }

    fn sub(&self, took: u64) {
        self.0.fetch_sub(took, Ordering::SeqCst);
    }

    fn is_nothing(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 0
    }
}

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

/// One that waits for a place, until it is dropped.
struct Waiting<'a> {
    room: &'a Room,
    took: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.room.waiting.sub(self.took);
    }
}

impl Room {
    /// Room for so many operations, and so many bytes in their records; a longer record takes all of them.
    pub fn new(operations_max: usize, bytes_max: usize) -> Self {
        let within = |value: usize, max| u64::try_from(value).unwrap_or(max).clamp(1, max);
        let max = Max { operations: within(operations_max, OPERATIONS_MAX), bytes: within(bytes_max, BYTES_MAX) };
        Self { taken: Load::default(), waiting: Load::default(), max, freed: Notify::new() }
    }

    /// Take a place, if need be after those that came before. None: the host is away, or goes away before there is room, or as
    /// much waits as has a place, or the time is up.
    pub async fn enter(&self, bytes: usize, outage: &Outage, until: Instant) -> Option<Place<'_>> {
        let takes = (1 << BYTES_BITS) | u64::try_from(bytes).unwrap_or(u64::MAX).min(self.max.bytes);
        let away = outage.is_on();
        // Those that wait go first.
        if (away || self.waiting.is_nothing())
            && let Some(place) = self.take(takes)
        {
            return Some(place);
        }
        if away {
            return None;
        }
        let _waiting = self.wait(takes)?;
        timeout_at(until, self.turn(takes, outage)).await.ok().flatten()
    }

    /// Wait for a place while the host answers.
    async fn turn(&self, takes: u64, outage: &Outage) -> Option<Place<'_>> {
        loop {
            // Listen first and look then, or what happens in between goes unheard.
            let (freed, silence) = (self.freed.notified(), outage.begins());
            if let Some(place) = self.take(takes) {
                // There may be room for the next one, too: this one may have taken less than was freed.
                self.freed.notify_one();
                return Some(place);
            }
            if outage.is_on() {
                return None;
            }
            tokio::select! {
                () = freed => {}
                () = silence => {}
            }
        }
    }

    fn take(&self, takes: u64) -> Option<Place<'_>> {
        self.taken.add(takes, self.max).then(|| Place { room: self, took: takes })
    }

    fn wait(&self, takes: u64) -> Option<Waiting<'_>> {
        self.waiting.add(takes, self.max).then(|| Waiting { room: self, took: takes })
    }

    /// One that waits counts itself before it looks, and this looks for it after it gave back: one of the two sees the other.
    fn give_back(&self, took: u64) {
        self.taken.sub(took);
        if !self.waiting.is_nothing() {
            self.freed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::*;
    use crate::{call::Trouble, lease::Epoch};

    fn answering() -> Outage {
        Outage::new(String::new(), Epoch(Instant::now()))
    }

    fn away() -> Outage {
        let outage = answering();
        fall_silent(&outage);
        outage
    }

    fn fall_silent(outage: &Outage) {
        outage.failed(&Trouble::late(true), 1, Instant::now());
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(1)
    }

    #[tokio::test(start_paused = true)]
    async fn one_too_many_waits_for_its_turn_and_is_refused_while_the_host_is_away() {
        for (operations, bytes) in [(1, 100), (100, 10)] {
            let (room, here, away) = (Room::new(operations, bytes), &answering(), &away());
            let first = room.enter(10, here, soon()).await.unwrap();
            assert!(room.enter(10, away, soon()).await.is_none(), "at once");
            assert!(room.enter(10, here, soon()).await.is_none(), "after a while");
            let waits = room.enter(10, here, soon());
            let frees = async { drop(first) };
            assert!(tokio::join!(waits, frees).0.is_some());
            assert!(room.enter(10, away, soon()).await.is_some(), "free again");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_wait_than_there_is_room_for_in_number_and_in_bytes() {
        for (operations, bytes) in [(2, 100), (100, 20)] {
            let (room, here) = (Room::new(operations, bytes), &answering());
            let enter = || room.enter(10, here, soon());
            let _both = (enter().await.unwrap(), enter().await.unwrap());
            let begun = Instant::now();
            let (third, fourth, fifth) = tokio::join!(enter(), enter(), async {
                let refused = enter().await.is_none();
                (refused, begun.elapsed())
            });
            assert!(third.is_none() && fourth.is_none());
            assert_eq!(fifth, (true, Duration::ZERO));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_wait_are_told_when_the_host_falls_silent() {
        let (room, outage) = (Room::new(1, 100), answering());
        let first = room.enter(1, &outage, soon()).await.unwrap();
        let begun = Instant::now();
        let waits = room.enter(1, &outage, soon());
        let (waited, ()) = tokio::join!(waits, async { fall_silent(&outage) });
        assert!(waited.is_none() && begun.elapsed() == Duration::ZERO);
        drop(first);
        assert!(room.waiting.is_nothing() && room.taken.is_nothing());
    }

    #[tokio::test]
    async fn a_record_larger_than_all_room_has_it_alone() {
        let (room, away) = (Room::new(2, 10), &away());
        let alone = room.enter(1 << 40, away, soon()).await.unwrap();
        assert!(room.enter(1, away, soon()).await.is_none());
        drop(alone);
        assert!(room.enter(1, away, soon()).await.is_some());
    }
}
