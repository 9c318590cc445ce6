//! Whether a connection is of use: one without requests is closed after a while, and one whose peer asks and takes no answers.
//! Streams may be quiet for as long as they like.
//!
//! A connection on which nobody was let in lately makes room for a new one where there is none ([listener](super::listener)): it is a
//! stranger's. So is one whose caller was turned away since, as with a token that was withdrawn.
//!
//! Only requests of callers that were let in keep a connection open while they are under way ([`Beat`]). Requests that need no
//! right, and refusals, count when they begin and when they end ([`Guest`]), so a connection that only holds such a request is
//! idle; and a connection has few of them at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::limits::{ANSWER_TAKEN_WITHIN, OPEN_CALLS_MAX, OPEN_PAGES_MAX, OPEN_STREAMS_MAX};

/// How long connections may rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// From the first byte to the first request, a TLS handshake included.
    pub first_request: Duration,
    /// From the end of the last request to the next.
    pub idle: Duration,
}

/// The requests of one connection.
#[derive(Debug)]
pub struct Pulse {
    born: Instant,
    patience: Patience,
    in_flight: AtomicU32,
    /// Those of them whose answer is one message.
    brief: AtomicU32,
    /// How many of those have ended.
    brief_ended: AtomicU64,
    /// When a request last began or ended, in milliseconds after birth; 0: there was none yet.
    last_ms: AtomicU64,
    /// Requests under way that need no right, and refusals that are not sent yet, by their sort.
    guests: [AtomicU32; 3],
    /// When a request of a caller that was let in last ended, likewise; 0: never, or somebody was turned away since.
    known_ms: AtomicU64,
    makes_room: CancellationToken,
}

/// A request under way, of a caller that was let in.
#[derive(Debug)]
pub struct Beat {
    pulse: Arc<Pulse>,
    is_brief: bool,
}

/// A request under way that needs no right, or a refusal that is not sent yet. It does not keep the connection open.
#[derive(Debug)]
pub struct Guest {
    pulse: Arc<Pulse>,
    sort: Sort,
}

/// The sorts of [`Guest`], each with places of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A stream of gRPC.
    Stream,
    /// A call of gRPC.
    Call,
    /// A page, or a refusal in words.
    Page,
}

impl Sort {
    /// Most of it on one connection.
    fn max(self) -> u32 {
        match self {
            Self::Stream => OPEN_STREAMS_MAX,
            Self::Call => OPEN_CALLS_MAX,
            Self::Page => OPEN_PAGES_MAX,
        }
    }
}

impl Pulse {
    /// A new connection.
    #[must_use]
    pub fn new(patience: Patience) -> Arc<Self> {
        let born = Instant::now();
        let (in_flight, brief) = (AtomicU32::new(0), AtomicU32::new(0));
        let (brief_ended, last_ms) = (AtomicU64::new(0), AtomicU64::new(0));
        let (guests, known_ms, makes_room) = Default::default();
        Arc::new(Self { born, patience, in_flight, brief, brief_ended, last_ms, guests, known_ms, makes_room })
    }

    /// A request begins; it ends when the beat is dropped. `is_brief`: its answer is one message.
    #[must_use]
    pub fn beat(self: &Arc<Self>, is_brief: bool) -> Beat {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.brief.fetch_add(u32::from(is_brief), Ordering::Relaxed);
        Beat { pulse: Arc::clone(self), is_brief }
    }

    /// A place for a request that needs no right, or for a refusal, until it is dropped; none if this connection has too many.
    #[must_use]
    pub fn guest(self: &Arc<Self>, sort: Sort) -> Option<Guest> {
        self.touch();
        let more = |count: u32| (count < sort.max()).then_some(count + 1);
        self.guests[sort as usize].fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Guest { pulse: Arc::clone(self), sort })
    }

    /// There was a request just now.
    pub fn touch(&self) {
        self.last_ms.store(self.ms(Instant::now()), Ordering::Relaxed);
    }

    /// A request of a caller that was let in ended just now.
    pub fn let_in(&self) {
        let ms = self.ms(Instant::now());
        self.last_ms.store(ms, Ordering::Relaxed);
        self.known_ms.store(ms, Ordering::Relaxed);
    }

    /// A caller was turned away for who they are: whoever was let in before is forgotten, unless they have a request under way.
    pub fn turn_away(&self) {
        self.known_ms.store(0, Ordering::Relaxed);
    }

    /// Whether it is a stranger's by this time: no caller that was let in has a request under way, or had one for as long as a
    /// connection may be idle.
    #[must_use]
    pub fn is_of_a_stranger(&self, now: Instant) -> bool {
        if self.in_flight.load(Ordering::Relaxed) > 0 {
            return false;
        }
        match self.known_ms.load(Ordering::Relaxed) {
            0 => true,
            known_ms => now > self.born + Duration::from_millis(known_ms) + self.patience.idle,
        }
    }

    /// A time in milliseconds after birth, and never 0.
    fn ms(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.born).as_millis()).unwrap_or(u64::MAX).max(1)
    }

    /// End, to make room for another connection.
    pub fn make_room(&self) {
        self.makes_room.cancel();
    }

    /// Resolves when the connection is to make room for another.
    pub async fn made_room(&self) {
        self.makes_room.cancelled().await;
    }

    /// Resolves when the connection is of no use to anybody, or makes room for another.
    pub async fn stops(self: Arc<Self>) {
        tokio::select! {
            () = self.made_room() => {}
            () = self.is_of_no_use() => {}
        }
    }

    async fn is_of_no_use(&self) {
        loop {
            if self.in_flight.load(Ordering::Relaxed) > 0 {
                if self.is_stuck().await {
                    return;
                }
                continue;
            }
            let (now, due) = (Instant::now(), self.due());
            if now >= due {
                return;
            }
            sleep_until(due).await;
        }
    }

    /// Wait for as long as an answer may take to be taken; whether there were answers and none was.
    async fn is_stuck(&self) -> bool {
        let (brief, ended) = (self.brief.load(Ordering::Relaxed), self.brief_ended.load(Ordering::Relaxed));
        sleep(ANSWER_TAKEN_WITHIN).await;
        brief > 0 && self.brief.load(Ordering::Relaxed) > 0 && self.brief_ended.load(Ordering::Relaxed) == ended
    }

    /// When it will have rested too long, by what is known now.
    fn due(&self) -> Instant {
        match self.last_ms.load(Ordering::Relaxed) {
            0 => self.born + self.patience.first_request,
            last_ms => self.born + Duration::from_millis(last_ms) + self.patience.idle,
        }
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        let pulse = &self.pulse;
        pulse.let_in();
        pulse.brief.fetch_sub(u32::from(self.is_brief), Ordering::Relaxed);
        pulse.brief_ended.fetch_add(u64::from(self.is_brief), Ordering::Relaxed);
        pulse.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.pulse.touch();
        self.pulse.guests[self.sort as usize].fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { first_request: Duration::from_secs(10), idle: Duration::from_secs(100) };

    async fn stops_after(pulse: &Arc<Pulse>) -> Duration {
        let began = Instant::now();
        Arc::clone(pulse).stops().await;
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_request_is_waited_for_shortly_and_the_next_longer() {
        let pulse = Pulse::new(PATIENCE);
        assert_eq!(stops_after(&pulse).await.as_secs(), 10);
        let beat = pulse.beat(false);
        let waits = tokio::time::timeout(Duration::from_secs(1_000), Arc::clone(&pulse).stops());
        assert!(waits.await.is_err(), "a request is under way");
        drop(beat);
        assert_eq!(stops_after(&pulse).await.as_secs(), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn what_needs_no_right_keeps_no_connection_open_and_is_bounded() {
        let pulse = Pulse::new(PATIENCE);
        for sort in [Sort::Stream, Sort::Call, Sort::Page] {
            let guests: Vec<Guest> = std::iter::from_fn(|| pulse.guest(sort)).collect();
            assert_eq!(guests.len(), sort.max() as usize);
            assert_eq!(stops_after(&pulse).await.as_secs(), 100, "as long as one that is idle");
            drop(guests);
            assert!(pulse.guest(sort).is_some(), "their places are free again");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_makes_room_at_once_and_is_a_strangers_until_somebody_is_let_in() {
        let pulse = Pulse::new(PATIENCE);
        drop(pulse.guest(Sort::Call));
        assert!(pulse.is_of_a_stranger(Instant::now()));
        let beat = pulse.beat(true);
        assert!(!pulse.is_of_a_stranger(Instant::now()));
        drop(beat);
        assert!(!pulse.is_of_a_stranger(Instant::now()));
        pulse.make_room();
        assert_eq!(stops_after(&pulse).await.as_secs(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_a_strangers_again_when_nobody_was_let_in_for_long() {
        let pulse = Pulse::new(PATIENCE);
        let beat = pulse.beat(false);
        sleep(2 * PATIENCE.idle).await;
        assert!(!pulse.is_of_a_stranger(Instant::now()), "the request is under way");
        drop(beat);
        sleep(PATIENCE.idle).await;
        assert!(!pulse.is_of_a_stranger(Instant::now()));
        // What needs no right keeps it open, and no more.
        drop(pulse.guest(Sort::Call));
        sleep(Duration::from_secs(1)).await;
        assert!(pulse.is_of_a_stranger(Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_a_strangers_at_once_when_its_caller_is_turned_away_and_nothing_is_under_way() {
        let pulse = Pulse::new(PATIENCE);
        let beat = pulse.beat(false);
        pulse.turn_away();
        assert!(!pulse.is_of_a_stranger(Instant::now()), "another caller's request is under way");
        drop(beat);
        assert!(!pulse.is_of_a_stranger(Instant::now()), "it was, just now");
        pulse.turn_away();
        assert!(pulse.is_of_a_stranger(Instant::now()));
        pulse.let_in();
        assert!(!pulse.is_of_a_stranger(Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_no_answers_is_given_up_and_one_that_takes_some_is_not() {
        let stops_soon = async |pulse: &Arc<Pulse>| {
            tokio::time::timeout(3 * ANSWER_TAKEN_WITHIN, Arc::clone(pulse).stops()).await.is_ok()
        };
        let pulse = Pulse::new(PATIENCE);
        let stuck = pulse.beat(true);
        assert!(stops_soon(&pulse).await);
        let taking = async {
            for _ in 0..10 {
                drop(pulse.beat(true));
                sleep(ANSWER_TAKEN_WITHIN / 2).await;
            }
        };
        let (stopped, ()) = tokio::join!(stops_soon(&pulse), taking);
        assert!(!stopped, "others were taken");
        drop(stuck);
    }
}
