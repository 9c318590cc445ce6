//! What is done to a host while clients and handlers work.

mod full_disk;
mod reload;

use std::time::Duration;

use rand::{RngExt as _, seq::IndexedRandom as _};
use rustix::process::Signal;
use tokio::time::{Instant, sleep, timeout};

pub use self::full_disk::RECORD_MAX_FILLING;
use crate::stage::Stage;

/// A way to torture a host. One stroke of it is over quickly, and the host serves then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL, and start again; often SIGKILL once more while it recovers.
    Kill,
    /// SIGSTOP for longer than leases last, then SIGCONT.
    Freeze,
    /// The disk is full; then there is room again.
    FullDisk,
    /// The wall clock is set forward and back.
    Clock,
    /// SIGTERM, and start again.
    Stop,
    /// Config and plugin are changed, broken, and told of.
    Reload,
    /// All that can come together.
    Mixed,
    /// The wall clock is set, and the host killed right after. Not among the rounds: a host that starts takes the clock's word,
    /// so what was stored while the clock was ahead waits until the clock is there again.
    ClockAndKill,
}

/// The faults of rounds, in their order.
pub const ALL: [Fault; 7] =
    [Fault::Kill, Fault::Freeze, Fault::FullDisk, Fault::Clock, Fault::Stop, Fault::Reload, Fault::Mixed];

/// What comes together.
const MIXED: [Fault; 4] = [Fault::Kill, Fault::Freeze, Fault::Stop, Fault::Reload];

impl Fault {
    /// Torture the host for this long.
    pub async fn strike(self, stage: &mut Stage, long: Duration) {
        let end = Instant::now() + long;
        while Instant::now() < end {
            stage.pause(200..900).await;
            match self {
                Self::Mixed => MIXED.choose(&mut stage.chance).copied().unwrap_or(Self::Kill).once(stage).await,
                fault => fault.once(stage).await,
            }
        }
        if let Some(clocks) = &mut stage.clocks {
            clocks.set(0);
        }
    }

    /// The fault of this name, as the enum spells it.
    pub fn named(name: &str) -> Option<Self> {
        ALL.into_iter().chain([Self::ClockAndKill]).find(|fault| format!("{fault:?}") == name)
    }

    /// Whether the host's wall clock is set.
    pub fn sets_the_clock(self) -> bool {
        matches!(self, Self::Clock | Self::ClockAndKill)
    }

    async fn once(self, stage: &mut Stage) {
        match self {
            Self::Kill | Self::Mixed => kill(stage).await,
            Self::Freeze => freeze(stage).await,
            Self::FullDisk => full_disk::strike(stage).await,
            Self::Clock => clock(stage),
            Self::ClockAndKill => {
                clock(stage);
                kill(stage).await;
            }
            Self::Stop => stop(stage).await,
            Self::Reload => reload::strike(stage),
        }
    }
}

impl Stage {
    /// Wait for a time drawn from these milliseconds: the moment is what is tried here, and no condition.
    async fn pause(&mut self, ms: std::ops::Range<u64>) {
        sleep(Duration::from_millis(self.chance.random_range(ms))).await;
    }
}

async fn kill(stage: &mut Stage) {
    stage.host.kill();
    stage.counts.kills += 1;
    while stage.chance.random_ratio(2, 5) {
        stage.mend();
        // A start takes some 100 ms: this is somewhere within it.
        let moment = Duration::from_millis(stage.chance.random_range(0..120));
        let started = timeout(moment, stage.try_launch()).await;
        stage.host.kill();
        stage.counts.kills += 1;
        stage.counts.kills_in_recovery += u32::from(started.is_err());
    }
    stage.launch().await;
}

async fn freeze(stage: &mut Stage) {
    stage.host.signal(Signal::STOP);
    stage.pause(500..2600).await;
    stage.host.signal(Signal::CONT);
    stage.counts.freezes += 1;
    // Time for the leases that are left to be told from those that ended.
    stage.pause(200..1000).await;
}

async fn stop(stage: &mut Stage) {
    let exit = stage.host.stop().await;
    assert_eq!(exit.code, Some(0), "told to stop, it ended otherwise: {exit:?}");
    stage.counts.stops += 1;
    stage.launch().await;
}

fn clock(stage: &mut Stage) {
    const MINUTE_MS: i64 = 60_000;
    let ahead = [0, 2_000, -2_000, 3 * MINUTE_MS, -3 * MINUTE_MS, 1440 * MINUTE_MS, -1440 * MINUTE_MS];
    let ahead = ahead.choose(&mut stage.chance).copied().unwrap_or(0) + stage.chance.random_range(-500..500);
    if let Some(clocks) = &mut stage.clocks {
        clocks.set(ahead);
        stage.counts.clock_steps += 1;
    }
}
