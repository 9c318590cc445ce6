//! One host under torture, with all that stands around it.

use std::{fmt, time::Duration};

use rand::rngs::StdRng;

use crate::{
    clock::Clocks,
    disk::Disk,
    harness::{Config, Exit, GuestFile, Host, Kind, built, serve, until},
    load::{Field, KindOf},
    outside::Outside,
};

/// The kinds: number, lease, delay and workers. Leases short enough that many end, and one that outlives a kill.
const KINDS: [(u32, u64, u64, u32); 3] = [(1, 1_500, 0, 4), (2, 400, 100, 2), (3, 1_000, 0, 1)];
/// So many that nothing is parked because hosts died.
const REPEATS_MAX: u32 = 1000;

/// Everything of one round.
pub struct Stage {
    pub host: Host,
    pub outside: Outside,
    pub field: Field,
    pub chance: StdRng,
    /// The config that serves; what faults write in its place is mended before the next start.
    pub config: Config,
    pub plugin: GuestFile,
    /// Where its wall clock can be set.
    pub clocks: Option<Clocks>,
    /// Where its store has a disk of its own.
    pub disk: Option<Disk>,
    pub counts: Counts,
}

/// What was done to the host.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub kills: u32,
    /// Of those, while it recovered.
    pub kills_in_recovery: u32,
    pub freezes: u32,
    pub stops: u32,
    pub reloads: u32,
    pub clock_steps: u32,
    pub disks_full: u32,
}

/// The kinds as clients know them.
pub fn kinds() -> Vec<KindOf> {
    let ms = Duration::from_millis;
    KINDS.into_iter().map(|(id, lease, delay, _)| KindOf { id, lease: ms(lease), delay: ms(delay) }).collect()
}

/// A config with those kinds, whose handlers are puppets of this server.
pub fn config(outside: &Outside, plugin: &GuestFile, disk: Option<&Disk>) -> Config {
    let kind = |(id, lease, delay, workers): (u32, u64, u64, u32)| {
        Kind::new(id, &plugin.0)
            .set("lease", format!("{lease}ms"))
            .set("delay", format!("{delay}ms"))
            .set("jitter", "30ms")
            .set("max_repeats", REPEATS_MAX)
            .set("max_running", workers)
            .set("plugin.fuel", 20_000_000)
            .set("plugin.time", "1s")
            .set("plugin.memory", "8MiB")
            .set("plugin.settings.outside", outside.effects.url.as_str())
            .allow(&outside.effects.url)
    };
    let config = Config::of(KINDS.map(kind)).set("limits.shutdown", "2s");
    match disk {
        Some(disk) => config.set("store.path", disk.path().join("mpy6a.redb").to_str().unwrap()),
        None => config,
    }
}

/// A plugin file of a round's own.
pub fn plugin(host: &Host) -> GuestFile {
    let file = GuestFile(host.path("puppet.wasm"));
    file.rename_over(&std::fs::read(built("puppet")).unwrap());
    file
}

impl Stage {
    /// Put a config and a plugin in place that serve.
    pub fn mend(&mut self) {
        self.plugin.rename_over(&std::fs::read(built("puppet")).unwrap());
        self.host.reconfigure(&self.config);
    }

    /// Start the host and wait until it serves.
    pub async fn launch(&mut self) {
        self.mend();
        if let Err(exit) = self.try_launch().await {
            panic!("the host did not start: {exit:?}");
        }
    }

    /// Start the host, which may not serve.
    pub async fn try_launch(&mut self) -> Result<(), Exit> {
        let command = || self.clocks.as_ref().map_or_else(serve, Clocks::command);
        self.host.try_launch(command).await
    }

    /// Wait until every kind is served as the config says.
    pub async fn served(&mut self) {
        self.mend();
        until("every kind is served", async || {
            let kinds = self.host.kinds().await;
            let served = |kind: &KindOf| {
                kinds.get(&kind.id).is_some_and(|it| it.trouble.is_empty() && it.plugin.is_some() && !it.paused)
            };
            self.field.kinds.iter().all(served).then_some(())
        })
        .await;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, kills_in_recovery, freezes, stops, reloads, clock_steps, disks_full } = self;
        let all = [
            (*kills, "kills"),
            (*kills_in_recovery, "of them in recovery"),
            (*freezes, "freezes"),
            (*stops, "stops"),
            (*reloads, "reloads"),
            (*clock_steps, "clock steps"),
            (*disks_full, "full disks"),
        ];
        let some: Vec<String> =
            all.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        f.write_str(&some.join(", "))
    }
}
