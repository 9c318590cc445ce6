//! What is done to a host while clients and handlers work.

use std::{fs, time::Duration};

use rand::{RngExt as _, seq::IndexedRandom as _};
use rustix::process::Signal;
use tokio::time::{Instant, sleep, timeout};

use crate::{
    harness::{Kind, built, tagged, until_within},
    stage::Stage,
};

/// The exit code of a host whose store failed, and of one whose store could not be opened.
const STORE_FAILED: Option<i32> = Some(7);
const NOT_OPENED: Option<i32> = Some(5);
/// How long clients may take to write a disk full.
const FILLED_WITHIN: Duration = Duration::from_secs(60);
/// The longest record on a disk of its own, in bytes: first to fill it, then to leave room.
pub const RECORD_MAX_FILLING: u32 = 200_000;
const RECORD_MAX: u32 = 200;

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
}

/// Every fault, in the order of the rounds.
pub const ALL: [Fault; 7] =
    [Fault::Kill, Fault::Freeze, Fault::FullDisk, Fault::Clock, Fault::Stop, Fault::Reload, Fault::Mixed];

/// What comes together. Not the clock: a host that is killed while its clock is ahead begins anew with the clock's word,
/// and what was stored before waits until the clock says so.
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

    async fn once(self, stage: &mut Stage) {
        match self {
            Self::Kill | Self::Mixed => kill(stage).await,
            Self::Freeze => freeze(stage).await,
            Self::FullDisk => full_disk(stage).await,
            Self::Clock => clock(stage),
            Self::Stop => stop(stage).await,
            Self::Reload => reload(stage),
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

async fn full_disk(stage: &mut Stage) {
    // Once in a round: what was written has to be finished on what is left of the disk.
    let Some(disk) = stage.disk.as_ref().filter(|_| stage.counts.disks_full == 0) else { return };
    disk.fill();
    let exit = until_within(FILLED_WITHIN, "the host meets a full disk", async || stage.host.ended()).await;
    assert_eq!(exit.code, STORE_FAILED, "the disk was full: {exit:?}");
    assert!(exit.text.contains("the store failed") && exit.text.contains("free space"), "no remedy: {exit:?}");
    stage.counts.disks_full += 1;
    // Without room it may find enough to serve, until the next write; if not, it says so.
    match stage.try_launch().await {
        Ok(()) => stage.host.kill(),
        Err(exit) => assert!([STORE_FAILED, NOT_OPENED].contains(&exit.code), "the disk is full: {exit:?}"),
    }
    if let Some(disk) = &stage.disk {
        disk.empty();
    }
    stage.field.record_max.store(RECORD_MAX, std::sync::atomic::Ordering::Relaxed);
    stage.launch().await;
}

/// One change of the config or the plugin, good or broken, and perhaps a SIGHUP. Nothing is waited for: the next one may
/// come before the host has looked.
fn reload(stage: &mut Stage) {
    let (config, plugin) = (stage.config.clone(), &stage.plugin);
    let whole = || fs::read(built("puppet")).unwrap();
    match stage.chance.random_range(0..8) {
        0 => stage.host.write_config("this is [no config"),
        1 => stage.host.configure(&config.with(Kind::new(9, "no-such-file.wasm"))),
        2 => stage.host.configure(&config.set("log.level", "debug")),
        3 => stage.host.configure(&config),
        4 => plugin.copy_over(&whole()[..20_000]),
        5 => plugin.copy_over(b"no plugin at all"),
        6 => plugin.rename_over(&tagged("puppet", &format!("version {}", stage.counts.reloads))),
        _ => plugin.copy_over(&whole()),
    }
    if stage.chance.random() {
        stage.host.signal(Signal::HUP);
    }
    stage.counts.reloads += 1;
}
