//! Room for operations in the client: so many of them and so many bytes of their records, however long the host is away.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout_at},
};

/// Room for operations.
#[derive(Debug)]
pub(crate) struct Room {
    operations: Semaphore,
    bytes: Semaphore,
    operations_max: usize,
    bytes_max: u32,
    /// How many wait for room.
    waiting: AtomicUsize,
}

/// An operation's place; free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    _operation: SemaphorePermit<'a>,
    _bytes: SemaphorePermit<'a>,
}

impl Room {
    /// Room for so many operations, and so many bytes in their records; a longer record takes all of them.
    pub fn new(operations_max: usize, bytes_max: usize) -> Self {
        let operations_max = operations_max.clamp(1, Semaphore::MAX_PERMITS);
        let bytes_max = u32::try_from(bytes_max.clamp(1, Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
        Self {
            operations: Semaphore::new(operations_max),
            bytes: Semaphore::new(bytes_max as usize),
            operations_max,
            bytes_max,
            waiting: AtomicUsize::new(0),
        }
    }

    /// Take a place, if need be after those that came before. None: the host is `away`, or as many wait as there are places,
    /// or the time is up.
    pub async fn enter(&self, bytes: usize, away: bool, until: Instant) -> Option<Place<'_>> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(self.bytes_max);
        if let (Ok(operation), Ok(bytes)) = (self.operations.try_acquire(), self.bytes.try_acquire_many(bytes)) {
            return Some(Place { _operation: operation, _bytes: bytes });
        }
        if away {
            return None;
        }
        let _waiting = Waiting::count(self)?;
        let both = async {
            let operation = self.operations.acquire().await.ok()?;
            let bytes = self.bytes.acquire_many(bytes).await.ok()?;
            Some(Place { _operation: operation, _bytes: bytes })
        };
        timeout_at(until, both).await.ok().flatten()
    }
}

/// One that waits.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn count(room: &'a Room) -> Option<Self> {
        let waiting = Self(&room.waiting);
        (room.waiting.fetch_add(1, Ordering::Relaxed) < room.operations_max).then_some(waiting)
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
