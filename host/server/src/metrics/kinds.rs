//! Kinds, when somebody looks: how they stand, and how their runs went.

use std::{collections::BTreeSet, sync::Arc};

use mpy6a_plugins::Registry;
use mpy6a_sessions::{Counts, Overview};
use prometheus_client::registry::Unit;

use super::{
    page::{Labels, Page},
    repeats::{Counted, Repeats},
};
use crate::{reload::InService, time::now_ms};

/// The label of kinds that the config does not name: their sessions wait until it does.
pub const UNKNOWN: &str = "unknown";

/// A kind as it stands now, or all that the config does not name.
pub struct Kind {
    name: String,
    /// Its numbers.
    ids: Vec<u32>,
    counted: Vec<Arc<Counted>>,
}

/// Every kind that the config names, and as one all others that have sessions, a pause or runs.
#[must_use]
pub fn all(now: &InService, overview: Option<&Overview>, repeats: &Repeats) -> Vec<Kind> {
    let configured = &now.config.kinds;
    let seen = overview.into_iter().flat_map(|overview| overview.counts.keys().chain(overview.pauses.keys()));
    let counted = repeats.kinds();
    let others = seen.copied().chain(counted).filter(|id| !configured.contains_key(id));
    let others: BTreeSet<u32> = others.collect();
    let of = |id: &u32| repeats.of(*id);
    let known =
        configured.iter().map(|(id, kind)| Kind { name: kind.name.clone(), ids: vec![*id], counted: vec![of(id)] });
    let unknown =
        Kind { name: UNKNOWN.to_owned(), counted: others.iter().map(of).collect(), ids: others.into_iter().collect() };
    known.chain((!unknown.ids.is_empty()).then_some(unknown)).collect()
}

/// What is in service for them.
pub fn in_service(
    page: &mut Page,
    (now, plugins): (&InService, &Registry),
    kinds: &[Kind],
    overview: Option<&Overview>,
) {
    let configured = || kinds.iter().filter_map(|kind| Some((kind, now.config.kinds.get(kind.ids.first()?)?)));
    let workers = configured().map(|(kind, config)| (labels(kind), config.policy.max_running));
    page.gauges(("kind_workers", None), "Runs of the kind that may be under way at once", workers);
    let trouble = kinds.iter().map(|kind| {
        // One that the config does not name matters only where its sessions wait.
        let sessions = |id: &u32| overview.and_then(|overview| overview.counts.get(id)).is_some_and(has_some);
        let ails = |id: &u32| match now.config.kinds.contains_key(id) {
            true => now.plugin_troubles.contains_key(id),
            false => sessions(id),
        };
        (labels(kind), kind.ids.iter().any(ails))
    });
    let about =
        "Whether the newest plugin of the kind is not in service, or the config does not name a kind with sessions";
    page.gauges(("kind_trouble", None), about, trouble);
    let paused = configured().map(|(kind, config)| {
        let by_person = overview.is_some_and(|overview| overview.pauses.contains_key(&kind.ids[0]));
        (labels(kind), config.paused || by_person)
    });
    page.gauges(("kind_paused", None), "Whether a person or the config has the kind paused", paused);
    let plugins = configured().filter_map(|(kind, _)| {
        let digest = hex::encode(plugins.get(*kind.ids.first()?)?.digest());
        Some(vec![("kind", kind.name.clone()), ("digest", digest)])
    });
    page.infos("plugin", "The plugin in service, by the SHA-256 of its file", plugins);
}

fn has_some(counts: &Counts) -> bool {
    counts.active + counts.stored + counts.repeating + counts.parked > 0
}

fn labels(kind: &Kind) -> Labels {
    vec![("kind", kind.name.clone())]
}

fn with(kind: &Kind, name: &'static str, value: &str) -> Labels {
    vec![("kind", kind.name.clone()), (name, value.to_owned())]
}

/// How many sessions they have, and since when the first has been due.
pub fn sessions(page: &mut Page, kinds: &[Kind], overview: &Overview) {
    let counts = kinds.iter().flat_map(|kind| {
        let of = || kind.ids.iter().filter_map(|id| overview.counts.get(id));
        let states = [
            ("active", of().map(|counts| counts.active).sum::<u64>()),
            ("stored", of().map(|counts| counts.stored).sum()),
            ("repeating", of().map(|counts| counts.repeating).sum()),
            ("parked", of().map(|counts| counts.parked).sum()),
        ];
        states.map(|(state, count)| (with(kind, "state", state), count))
    });
    page.gauges(("sessions", None), "Sessions, by state", counts);
    let now = now_ms();
    let late = kinds.iter().map(|kind| {
        let first = kind.ids.iter().filter_map(|id| overview.heads.get(id)).map(|due| due.at_ms).min();
        #[expect(clippy::cast_precision_loss, reason = "a lag in milliseconds is far below 2^53")]
        (labels(kind), first.map_or(0, |due| now.saturating_sub(due)) as f64 / 1e3)
    });
    let about = "For how long the first stored session of the kind has been due";
    page.gauges(("oldest_due", Some(Unit::Seconds)), about, late);
}

/// How their runs went.
pub fn repeats(page: &mut Page, kinds: &[Kind]) {
    let sums = |name: &'static str, read: fn(&Counted) -> Vec<(&'static str, u64)>| {
        kinds.iter().flat_map(move |kind| {
            let mut sums: Vec<(&str, u64)> = Vec::new();
            for (at, (value, count)) in kind.counted.iter().flat_map(|of| read(of).into_iter().enumerate()) {
                match sums.get_mut(at) {
                    Some(sum) => sum.1 += count,
                    None => sums.push((value, count)),
                }
            }
            sums.into_iter().map(|(value, sum)| (with(kind, name, value), sum)).collect::<Vec<_>>()
        })
    };
    let outcomes = sums("outcome", |of| of.outcomes().collect());
    page.counters(("repeats", None), "Runs of handlers, by how they ended", outcomes);
    let about = "Sessions at the end of a run, by what became of them";
    page.counters(("repeats_ended", None), about, sums("ended", |of| of.ended().collect()));
    let about = "Runs that the host ended before their handler returned, by the reason";
    page.counters(("handler_traps", None), about, sums("cause", |of| of.traps().collect()));
    let fuel = kinds.iter().map(|kind| (labels(kind), kind.counted.iter().map(|of| of.fuel()).sum::<u64>()));
    page.counters(("handler_fuel", None), "What handlers computed, about one unit an instruction", fuel);

    // Of the kinds that the config does not name none is run: they have no histograms.
    let known = || kinds.iter().filter_map(|kind| Some((kind, kind.counted.first()?)).filter(|_| kind.name != UNKNOWN));
    let about = "From the due time of a session to the claim of it";
    let lags = known().map(|(kind, of)| (labels(kind), of.lag.read()));
    page.histograms(("due_lag", Some(Unit::Seconds)), about, lags);
    let runs = known().map(|(kind, of)| (labels(kind), of.run.read()));
    page.histograms(("repeat", Some(Unit::Seconds)), "How long runs took", runs);
    let memory = known().map(|(kind, of)| (labels(kind), of.memory.read()));
    page.histograms(("handler_memory", Some(Unit::Bytes)), "The most memory that runs had", memory);
}
