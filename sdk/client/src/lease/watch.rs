//! One session's lease, shared between the session, the renewals and whoever waits for its end.
//!
//! Two atomics hold the values of [`clock`](super::clock): a grant is one atomic store, no lock is taken and nobody is
//! woken. Only a final word wakes those who wait; an end by the clock they sleep for.

use std::{
    pin::pin,
    sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
};

use mpy6a_proto::v1;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};
use tracing::warn;

use super::clock::{self, Epoch, Grant, State, Word};
use crate::{error::Error, index::Index};

/// One session's lease.
#[derive(Debug)]
pub(crate) struct Watch {
    /// The session, as the caller knows it.
    pub session: Index,
    /// The session, as the host wants it named.
    pub handle: v1::Handle,
    epoch: Epoch,
    /// The latest [`Grant`], packed.
    latest: AtomicU64,
    /// The [`Word`], 0 for none.
    word: AtomicU8,
    /// Whether a `Delete` or `Store` is under way: then a renewal that is refused says nothing, for it may have met the
    /// session after its end.
    finishing: AtomicBool,
    /// Wakes those who wait for a word.
    told: Notify,
}

impl Watch {
    /// A lease just granted by `New`.
    pub fn new(session: Index, handle: v1::Handle, epoch: Epoch, counted_from: Instant, lease_ms: u64) -> Self {
        let grant = Grant { began_ms: epoch.ms(counted_from), length_ms: lease_ms };
        Self {
            session,
            handle,
            epoch,
            latest: AtomicU64::new(grant.pack()),
            word: AtomicU8::new(0),
            finishing: AtomicBool::new(false),
            told: Notify::new(),
        }
    }

    /// The grant that counts.
    pub fn latest(&self) -> Grant {
        Grant::unpack(self.latest.load(Ordering::Relaxed))
    }

    /// A renewal succeeded.
    pub fn renewed(&self, counted_from: Instant, lease_ms: u64) {
        let grant = Grant { began_ms: self.epoch.ms(counted_from), length_ms: lease_ms };
        self.latest.fetch_max(grant.pack(), Ordering::Relaxed);
    }

    /// An operation succeeded: the lease begins again with the length it had.
    pub fn operated(&self, counted_from: Instant) {
        self.renewed(counted_from, self.latest().length_ms);
    }

    /// Mark that a `Delete` or `Store` begins, or that it came to nothing.
    pub fn set_finishing(&self, finishing: bool) {
        self.finishing.store(finishing, Ordering::Relaxed);
    }

    /// A renewal was refused for good.
    pub fn refused(&self, word: Word) {
        if !self.finishing.load(Ordering::Relaxed) {
            self.lost(word);
        }
    }

    /// The host said that the session is no longer ours.
    pub fn lost(&self, word: Word) {
        if self.tell(word) {
            warn!(session = %self.session, ?word, "session lost: stop its work");
        }
    }

    /// We deleted or stored it ourselves.
    pub fn finished(&self) {
        self.tell(Word::Finished);
    }

    /// The first word stays. Returns whether this was the first.
    fn tell(&self, word: Word) -> bool {
        let first = self.word.compare_exchange(0, word as u8, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if first {
            self.told.notify_waiters();
        }
        first
    }

    /// The final word, if there is one.
    pub fn word(&self) -> Option<Word> {
        Word::from_u8(self.word.load(Ordering::Relaxed))
    }

    /// Where the lease stands now.
    pub fn state(&self) -> State {
        clock::state(self.latest(), self.word(), self.epoch.now_ms())
    }

    /// When to stop relying on the lease, if it is not renewed.
    pub fn ends(&self) -> Instant {
        self.epoch.at(self.latest().ends_ms())
    }

    /// An error, unless the lease is held now.
    pub fn check(&self) -> Result<(), Error> {
        match self.state() {
            State::Held { .. } => Ok(()),
            State::Expired => Err(Error::LeaseExpired { session: self.session, maybe_applied: false, source: None }),
            State::Over(word) => Err(word.into_error(self.session, false)),
        }
    }

    /// Wait until the lease is not held, and say why.
    pub async fn ended(&self) -> Error {
        loop {
            let mut told = pin!(self.told.notified());
            // Listen first and look then, or a word spoken in between goes unheard.
            told.as_mut().enable();
            if let Err(error) = self.check() {
                return error;
            }
            tokio::select! {
                () = told => {}
                () = sleep_until(self.ends()) => {}
            }
        }
    }
}
