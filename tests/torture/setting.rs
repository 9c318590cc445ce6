//! What the host is told to serve: three kinds, all with the same handler, and a store.

use std::{fs, path::PathBuf, time::Duration};

use crate::{
    disk::Disk,
    harness::{Config, GuestFile, Host, Kind, built},
    load::KindOf,
    outside::Outside,
};

/// The kinds. Leases so short that many end; kills are shorter than the longest of them, and longer than the others. The
/// last has one worker, so that its sessions queue.
pub const KINDS: [KindOf; 3] = [
    KindOf { id: 1, lease: Duration::from_millis(1500), delay: Duration::ZERO, workers: 4 },
    KindOf { id: 2, lease: Duration::from_millis(400), delay: Duration::from_millis(100), workers: 2 },
    KindOf { id: 3, lease: Duration::from_millis(1000), delay: Duration::ZERO, workers: 1 },
];
/// So many that nothing is parked because hosts died.
const REPEATS_MAX: u32 = 1000;

/// What configs are made of.
pub struct Setting {
    /// The server that handlers ask what to do.
    outside: String,
    /// The handler's file, which faults replace.
    pub plugin: GuestFile,
    /// The folder of the store, with all that it keeps there, and nothing else.
    pub data: PathBuf,
}

impl Setting {
    /// With a plugin file of this host's own, which is put there.
    pub fn new(host: &Host, outside: &Outside, disk: Option<&Disk>) -> Self {
        let plugin = GuestFile(host.path("puppet.wasm"));
        plugin.rename_over(&puppet());
        let data = disk.map_or_else(|| host.path("data"), |disk| disk.path().join("data"));
        fs::create_dir(&data).unwrap();
        Self { outside: outside.effects.url.clone(), plugin, data }
    }

    /// The config that serves every kind.
    pub fn config(&self) -> Config {
        self.config_of(&KINDS)
    }

    /// The config that names these kinds only.
    pub fn config_of(&self, kinds: &[KindOf]) -> Config {
        let store = self.data.join("mpy6a.redb");
        let config = Config::of(kinds.iter().map(|kind| self.kind(*kind)));
        // So few finished sessions are remembered of clients without a name that those who retry late must have one.
        let config = config.set("limits.remembered_sessions", 16);
        config.set("limits.shutdown", "2s").set("store.path", store.to_str().unwrap())
    }

    /// A kind that serves.
    pub fn kind(&self, KindOf { id, lease, delay, workers }: KindOf) -> Kind {
        Kind::new(id, &self.plugin.0)
            .set("lease", format!("{}ms", lease.as_millis()))
            .set("delay", format!("{}ms", delay.as_millis()))
            .set("jitter", "30ms")
            .set("max_repeats", REPEATS_MAX)
            .set("max_running", workers)
            .set("plugin.fuel", 20_000_000)
            .set("plugin.time", "1s")
            .set("plugin.memory", "8MiB")
            .set("plugin.settings.outside", self.outside.as_str())
            .allow(&self.outside)
    }
}

/// The handler, as `.ci/build-guests` left it.
pub fn puppet() -> Vec<u8> {
    fs::read(built("puppet")).unwrap()
}
