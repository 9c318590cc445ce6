//! What a run finds outside its sandbox, where that is not the machine: a clock, chance, a network, and somebody who watches.
//!
//! In service a run has the machine's ([`Surroundings::default`]), where it may be with somebody who writes down what it is told
//! ([`Recorder`](crate::recording::Recorder)), and with somebody who follows its requests, for a trace. An offline run has others:
//! then the same plugin over the same session does the same, to the byte, and can be cut off at any call that it makes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rand::{RngExt as _, SeedableRng, rngs::StdRng};
use tracing::Level;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtxBuilder};

use crate::{
    egress::{Trail, Transport},
    outcome::Stop,
};

/// What a run finds outside its sandbox.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// What time it is; by default the machine's.
    pub clock: Option<Arc<dyn Clock>>,
    /// Where `wasi:random` begins; by default it cannot be told beforehand.
    pub seed: Option<[u8; 32]>,
    /// Where its HTTP requests go; by default to the network.
    pub transport: Option<Arc<dyn Transport>>,
    /// Who watches its calls; by default nobody.
    pub witness: Option<Arc<dyn Witness>>,
    /// Who follows its requests; by default nobody.
    pub trail: Option<Arc<dyn Trail>>,
    /// Set once the guest asks for its settings.
    pub settings_read: Option<Arc<AtomicBool>>,
}

/// A seed for those who count theirs.
#[must_use]
pub fn seed_of(number: u64) -> [u8; 32] {
    StdRng::seed_from_u64(number).random()
}

/// What time it is for a guest.
pub trait Clock: Send + Sync {
    /// The wall clock: since the Unix epoch.
    fn now(&self) -> Duration;

    /// The monotonic clock: since any moment. Never goes back.
    fn monotonic(&self) -> Duration {
        self.now()
    }
}

/// Sees every call of a guest that matters to anybody but the guest, and may cut the run off there.
pub trait Witness: Send + Sync {
    /// The guest's call has come so far.
    ///
    /// # Errors
    ///
    /// [`Cut`]: the run ends here, as if the host had died.
    fn at(&self, moment: Moment, call: &HostCall<'_>) -> Result<(), Cut>;
}

/// The run ends here, with the outcome `HostDied`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut;

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// The guest made it, and nothing has come of it yet.
    Called,
    /// HTTP only: what the handler asked before is durable, and the request has not left yet.
    Durable,
    /// `http.send` only: it was carried out, or failed, and the guest does not know it yet.
    Answered,
}

/// A call of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostCall<'a> {
    /// `session.id`
    Id,
    /// `session.fence`
    Fence,
    /// `session.append` of this record
    Append(&'a [u8]),
    /// `session.replace` by this record
    Replace(&'a [u8]),
    /// `session.delete`
    Delete,
    /// `session.store` with this timeout in seconds
    Store(Option<u32>),
    /// `http.send`, or the `handle` of `wasi:http/outgoing-handler`
    Http {
        /// As the guest wrote it.
        method: &'a str,
        /// As the guest wrote it.
        url: &'a str,
    },
    /// `log.write`
    Log(Level, &'a str),
}

impl Surroundings {
    /// What time it is for the guest.
    pub(crate) fn now(&self) -> Duration {
        match &self.clock {
            Some(clock) => clock.now(),
            None => SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
        }
    }

    /// The guest asks for its settings.
    pub(crate) fn settings_asked(&self) {
        self.settings_read.iter().for_each(|read| read.store(true, Ordering::Relaxed));
    }

    /// Tell the witness, if there is one.
    pub(crate) fn at(&self, moment: Moment, call: &HostCall<'_>) -> Result<(), Stop> {
        match &self.witness {
            Some(witness) => witness.at(moment, call).map_err(|Cut| Stop::Cut),
            None => Ok(()),
        }
    }

    /// Give WASI the same clock and chance.
    pub(crate) fn equip(&self, wasi: &mut WasiCtxBuilder) {
        if let Some(clock) = &self.clock {
            wasi.wall_clock(OfWasi(Arc::clone(clock))).monotonic_clock(OfWasi(Arc::clone(clock)));
        }
        if let Some(seed) = self.seed {
            // Apart from each other: what is open to all tells nothing of what is to be secret.
            let of = |use_of_it: u8| StdRng::from_seed(seed.map(|byte| byte ^ use_of_it));
            wasi.secure_random(of(0)).insecure_random(of(1)).insecure_random_seed(of(2).random());
        }
    }
}

/// A clock as WASI asks it. Guests see nanoseconds, though the clock may step in larger ones.
struct OfWasi(Arc<dyn Clock>);

impl HostWallClock for OfWasi {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        self.0.now()
    }
}

impl HostMonotonicClock for OfWasi {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.monotonic().as_nanos()).unwrap_or(u64::MAX)
    }
}
