//! The `[[kind]]` tables: each kind of client, with its delays, its limits and its plugin.

use std::{collections::BTreeMap, path::Path, time::Duration};

use mpy6a_plugins::{PluginSpec, limits::RUNS_MAX};
use mpy6a_sessions::{Backoff, KindPolicy, limits::KINDS_MAX};

use super::{
    plugin,
    reader::Table,
    values::{boolean, duration_ms, factor_hundredths, integer, name, size},
};
use crate::limits::{KEPT_ATTEMPTS_MAX, LEASE_MS_MIN, REPEATS_MAX};

/// One kind of client.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    /// Its name, for people.
    pub name: String,
    /// Its delays and bounds. `claimable` is left false: whether a plugin is in service is not the config's to say.
    pub policy: KindPolicy,
    /// Whether its due sessions wait.
    pub paused: bool,
    /// The plugin that repeats its sessions.
    pub plugin: PluginSpec,
    /// How many of its attempts are kept to be replayed.
    pub keep: Keep,
    /// How a changed plugin takes over.
    pub rollout: Rollout,
}

/// How a changed plugin takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// On how many of the last attempts that are kept it is tried first; 0: on none.
    pub try_attempts: u32,
    /// Where more than this share of its runs traps, the version before it comes back; 100: never.
    pub max_trap_percent: u32,
    /// Of at least so many runs.
    pub min_runs: u32,
    /// How long it is watched.
    pub window: Duration,
}

impl Default for Rollout {
    fn default() -> Self {
        // Off. Where it is on: enough runs to tell a habit from a mishap, and as long as a person looks after a change.
        Self { try_attempts: 0, max_trap_percent: 100, min_runs: 20, window: Duration::from_secs(600) }
    }
}

/// Which attempts of a kind are kept to be replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// At most so many; 0: none.
    pub attempts: u32,
    /// At most so many bytes of them together.
    pub bytes: u64,
}

impl Default for Keep {
    fn default() -> Self {
        // Some of each way to fail, and a few that went well; with bytes for records and answers of 400 KiB each.
        Self { attempts: 20, bytes: 8 << 20 }
    }
}

/// Read every kind. One that lacks its number, name or plugin is left out; that is a problem then.
pub(super) fn read_all(root: &Table<'_, '_>, folder: &Path) -> BTreeMap<u32, Kind> {
    let tables = root.tables("kind");
    if tables.len() > KINDS_MAX {
        root.problem(
            "kind",
            format!("{} kinds: a host serves at most {KINDS_MAX}, so share them among hosts", tables.len()),
        );
    }
    let mut kinds = BTreeMap::new();
    for table in tables {
        if let Some((id, kind)) = read(&table, folder) {
            check_unique(&table, id, &kind, &kinds);
            kinds.insert(id, kind);
        }
        table.done();
    }
    kinds
}

fn read(table: &Table<'_, '_>, folder: &Path) -> Option<(u32, Kind)> {
    let default = KindPolicy::default();
    let id = table.required("id", "id = 1", integer(1..=u32::MAX));
    let name = table.required("name", "name = \"create-user\"", name);
    let policy = KindPolicy {
        lease_ms: table.or("lease", default.lease_ms, duration_ms(LEASE_MS_MIN)),
        delay_ms: table.or("delay", default.delay_ms, duration_ms(0)),
        jitter_ms: table.or("jitter", default.jitter_ms, duration_ms(0)),
        backoff: read_backoff(&table.table("backoff"), default.backoff),
        max_repeats: table.or("max_repeats", default.max_repeats, integer(1..=REPEATS_MAX)),
        max_running: table.or("max_running", default.max_running, integer(1..=RUNS_MAX)),
        claimable: default.claimable,
    };
    let paused = table.or("paused", false, boolean);
    let plugin = plugin::read(&table.table("plugin"), folder);
    let keep = read_keep(&table.table("keep"));
    let rollout = read_rollout(&table.table("rollout"));
    Some((id?, Kind { name: name?, policy, paused, plugin: plugin?, keep, rollout }))
}

fn read_keep(table: &Table<'_, '_>) -> Keep {
    let default = Keep::default();
    let keep = Keep {
        attempts: table.or("attempts", default.attempts, integer(0..=KEPT_ATTEMPTS_MAX)),
        bytes: table.or("bytes", default.bytes, size(64 << 10..=1 << 30)),
    };
    table.done();
    keep
}

fn read_rollout(table: &Table<'_, '_>) -> Rollout {
    let default = Rollout::default();
    let window_ms = u64::try_from(default.window.as_millis()).unwrap_or(u64::MAX);
    let rollout = Rollout {
        try_attempts: table.or("try_attempts", default.try_attempts, integer(0..=KEPT_ATTEMPTS_MAX)),
        max_trap_percent: table.or("max_trap_percent", default.max_trap_percent, integer(0..=100)),
        min_runs: table.or("min_runs", default.min_runs, integer(1..=REPEATS_MAX)),
        window: Duration::from_millis(table.or("window", window_ms, duration_ms(1_000))),
    };
    table.done();
    rollout
}

fn read_backoff(table: &Table<'_, '_>, default: Backoff) -> Backoff {
    let backoff = Backoff {
        initial_ms: table.or("initial", default.initial_ms, duration_ms(1)),
        factor_hundredths: table.or("factor", default.factor_hundredths, factor_hundredths),
        max_ms: table.or("max", default.max_ms, duration_ms(1)),
    };
    table.done();
    if backoff.max_ms < backoff.initial_ms {
        let (max, initial) = (backoff.max_ms, backoff.initial_ms);
        table.problem("max", format!("{max} ms is below `initial`, {initial} ms: raise it, or lower `initial`"));
    }
    backoff
}

fn check_unique(table: &Table<'_, '_>, id: u32, kind: &Kind, others: &BTreeMap<u32, Kind>) {
    if let Some(other) = others.get(&id) {
        table.problem("id", format!("{id} is the number of kind `{}` already: give each kind its own", other.name));
    }
    if let Some((other, _)) = others.iter().find(|(_, other)| other.name == kind.name) {
        table.problem("name", format!("`{}` is the name of kind {other} already: give each kind its own", kind.name));
    }
}
