//! Whether the host answers at all: told once for each outage in the log.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::{
    sync::{Notify, futures::Notified},
    time::Instant,
};
use tracing::{info, warn};

use crate::{
    call::{Refusal, Trouble, words},
    lease::Epoch,
};

/// Whether the host answers.
#[derive(Debug)]
pub(crate) struct Outage {
    /// The host's URL, or what stands for it.
    pub host: String,
    epoch: Epoch,
    /// When the latest request was sent that it answered, in milliseconds after the epoch.
    heard_ms: AtomicU64,
    is_on: AtomicBool,
    /// Wakes those that wait for one to begin.
    began: Notify,
}

impl Outage {
    /// None yet.
    pub fn new(host: String, epoch: Epoch) -> Self {
        Self { host, epoch, heard_ms: AtomicU64::new(0), is_on: AtomicBool::new(false), began: Notify::new() }
    }

    /// Whether the host was not heard when last asked.
    pub fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Relaxed)
    }

    /// Ends when the next one begins.
    pub fn begins(&self) -> Notified<'_> {
        self.began.notified()
    }

    /// The host answered what was sent then.
    pub fn heard(&self, sent: Instant) {
        let sent_ms = self.epoch.ms(sent);
        // Many at a time: all but one in a millisecond only read.
        if self.heard_ms.load(Ordering::Relaxed) < sent_ms {
            self.heard_ms.fetch_max(sent_ms, Ordering::Relaxed);
        }
        if self.is_on() && self.is_on.swap(false, Ordering::Relaxed) {
            info!(host = %self.host, "the host answers again");
        }
    }

    /// A try failed, the one with this number, that was sent then. One that had no answer while others had is no outage.
    pub fn failed(&self, trouble: &Trouble, tries: u32, sent: Instant) {
        if !trouble.is_silence(tries) {
            if trouble.is_of_host() {
                self.heard(sent);
            }
            return;
        }
        let heard_since = self.heard_ms.load(Ordering::Relaxed) > self.epoch.ms(sent);
        if !heard_since && !self.is_on.swap(true, Ordering::Relaxed) {
            self.began.notify_waiters();
            warn!(host = %self.host, cause = %words(&trouble.status), "no answer from the host");
        }
    }

    /// A refusal, with the host's URL where it is not the host's own.
    pub fn naming_host(&self, refusal: Refusal) -> Refusal {
        if refusal.by_host {
            return refusal;
        }
        Refusal { message: format!("{}: {}", self.host, refusal.message), ..refusal }
    }
}
