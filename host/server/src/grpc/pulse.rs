//! Whether a connection is of use to anybody: a connection without requests is closed after a while.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

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
    /// When the last request ended, in milliseconds after birth; 0: there was none yet.
    last_ms: AtomicU64,
}

/// A request under way.
#[derive(Debug)]
pub struct Beat(Arc<Pulse>);

impl Pulse {
    /// A new connection.
    #[must_use]
    pub fn new(patience: Patience) -> Arc<Self> {
        let (in_flight, last_ms) = (AtomicU32::new(0), AtomicU64::new(0));
        Arc::new(Self { born: Instant::now(), patience, in_flight, last_ms })
    }

    /// A request begins; it ends when the beat is dropped.
    #[must_use]
    pub fn beat(self: &Arc<Self>) -> Beat {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Beat(Arc::clone(self))
    }

    /// Resolves when there has been no request for too long.
    pub async fn stops(self: Arc<Self>) {
        loop {
            let (now, due) = (Instant::now(), self.due());
            if now >= due {
                return;
            }
            sleep_until(due).await;
        }
    }

    /// When it will have rested too long, by what is known now.
    fn due(&self) -> Instant {
        if self.in_flight.load(Ordering::Relaxed) > 0 {
            return Instant::now() + self.patience.idle;
        }
        match self.last_ms.load(Ordering::Relaxed) {
            0 => self.born + self.patience.first_request,
            last_ms => self.born + Duration::from_millis(last_ms) + self.patience.idle,
        }
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        let ms = u64::try_from(self.0.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.last_ms.store(ms.max(1), Ordering::Relaxed);
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
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
        let beat = pulse.beat();
        let waits = tokio::time::timeout(Duration::from_secs(1_000), Arc::clone(&pulse).stops());
        assert!(waits.await.is_err(), "a request is under way");
        drop(beat);
        assert_eq!(stops_after(&pulse).await.as_secs(), 100);
    }
}
