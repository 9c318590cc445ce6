//! All metrics at once, when somebody looks: what was counted, and what is asked for now.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use mpy6a_sessions::{Overview, Sessions, store::logged::log_folder};
use prometheus_client::registry::Unit;

use super::{
    Metrics,
    overview::Asker,
    page::{Labels, Page, text},
    process::{Process, disk, file_bytes, folder_bytes},
    repeats::Counted,
};
use crate::{
    config::Fixed,
    limits::ADMIN_CONNECTIONS_MAX,
    reload::{Board, InService},
    time::now_ms,
    traces::Traces,
};

/// The label of kinds that the config does not name: their sessions wait until it does.
pub const UNKNOWN: &str = "unknown";

/// Answers with all metrics.
pub struct Scrape {
    metrics: Arc<Metrics>,
    sessions: Sessions,
    board: Arc<Board>,
    asker: Asker,
    traces: Traces,
    store: PathBuf,
    connections_max: u32,
}

/// A kind as it stands now, or all that the config does not name.
struct Kind {
    name: String,
    /// Its numbers.
    ids: Vec<u32>,
    counted: Vec<Arc<Counted>>,
}

impl Scrape {
    /// Of this host.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>, sessions: Sessions, board: Arc<Board>, traces: Traces, fixed: &Fixed) -> Self {
        let asker = Asker::new(sessions.clone());
        let (store, connections_max) = (fixed.store_path.clone(), fixed.connections_max);
        Self { metrics, sessions, board, asker, traces, store, connections_max }
    }

    /// Everything, as text. Where the writer does not answer, everything but what it alone knows.
    pub async fn text(&self) -> String {
        let overview = self.asker.ask().await;
        let now = self.board.now();
        let kinds = self.kinds(&now, overview.as_ref());
        let mut page = Page::default();
        self.host(&mut page, &now, overview.is_some());
        self.traffic(&mut page);
        self.in_service(&mut page, &now, &kinds, overview.as_ref());
        if let Some(overview) = &overview {
            sessions(&mut page, &kinds, overview);
        }
        repeats(&mut page, &kinds);
        text([("mpy6a", page), ("process", self.process())])
    }

    fn kinds(&self, now: &InService, overview: Option<&Overview>) -> Vec<Kind> {
        let configured = &now.config.kinds;
        let seen = overview.into_iter().flat_map(|overview| overview.counts.keys().chain(overview.pauses.keys()));
        let counted = self.metrics.repeats.kinds();
        let others = seen.copied().chain(counted).filter(|id| !configured.contains_key(id));
        let others: BTreeSet<u32> = others.collect();
        let of = |id: &u32| self.metrics.repeats.of(*id);
        let known =
            configured.iter().map(|(id, kind)| Kind { name: kind.name.clone(), ids: vec![*id], counted: vec![of(id)] });
        let unknown = Kind {
            name: UNKNOWN.to_owned(),
            counted: others.iter().map(of).collect(),
            ids: others.into_iter().collect(),
        };
        known.chain((!unknown.ids.is_empty()).then_some(unknown)).collect()
    }

    fn host(&self, page: &mut Page, now: &InService, answers: bool) {
        let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
        page.infos("build", "The program", [version]);
        page.gauge(("writer_up", None), "Whether the writer answered this look in time", Some(answers));
        page.gauge(("term", None), "How many times a host took ownership of the store", Some(self.sessions.term()));
        let about = "Whether the newest config file is not in service";
        page.gauge(("config_trouble", None), about, Some(now.config_trouble.is_some()));
        let files = [("tree", file_bytes(&self.store)), ("log", folder_bytes(&log_folder(&self.store)))];
        let files = files.map(|(part, bytes)| (vec![("part", part.to_owned())], bytes));
        page.gauges(("store_file", Some(Unit::Bytes)), "Length of the store's files", files);
        let (free, size) = disk(&self.store).unzip();
        page.gauge(("store_disk_free", Some(Unit::Bytes)), "Free room on the store's disk", free);
        page.gauge(("store_disk_size", Some(Unit::Bytes)), "Size of the store's disk", size);
        let spans = self.traces.counts().map(|(result, count)| (vec![("result", result.to_owned())], count));
        page.counters(("trace_spans", None), "Spans of traces, by what became of them", spans);
    }

    fn traffic(&self, page: &mut Page) {
        let Metrics { operations, batch, commit, clients, operators, .. } = &*self.metrics;
        let answered = operations.read().map(|(operation, code, count)| {
            (vec![("operation", operation.to_owned()), ("code", code.to_owned())], count)
        });
        page.counters(("operations", None), "Operations of clients, by what they were answered", answered);
        let about = "Operations that became durable with one sync";
        page.histograms(("commit_operations", None), about, [(Labels::new(), batch.read())]);
        let about = "From the look at a batch until it was durable";
        page.histograms(("commit", Some(Unit::Seconds)), about, [(Labels::new(), commit.read())]);

        let (queue, limits) = (self.sessions.queue(), self.sessions.limits());
        page.gauge(("queue_operations", None), "Operations that wait for the writer", Some(queue.ops));
        page.gauge(("queue_limit_operations", None), "Most operations that may", Some(limits.queue_ops_max));
        page.gauge(("queue", Some(Unit::Bytes)), "Bytes of records that wait for the writer", Some(queue.bytes));
        page.gauge(("queue_limit", Some(Unit::Bytes)), "Most bytes of records that may", Some(limits.queue_bytes_max));
        let about = "Operations of streams that wait for room in the queue";
        page.gauge(("queue_held_back_operations", None), about, Some(queue.held_back));

        let listener = |name: &str| vec![("listener", name.to_owned())];
        let open = [(listener("clients"), clients.count()), (listener("operators"), operators.count())];
        page.gauges(("connections", None), "Open connections", open);
        let most = [(listener("clients"), self.connections_max), (listener("operators"), ADMIN_CONNECTIONS_MAX)];
        page.gauges(("connections_limit", None), "Most open connections", most);
    }

    fn in_service(&self, page: &mut Page, now: &InService, kinds: &[Kind], overview: Option<&Overview>) {
        let configured = || kinds.iter().filter_map(|kind| Some((kind, now.config.kinds.get(kind.ids.first()?)?)));
        let workers = configured().map(|(kind, config)| (labels(kind), config.policy.max_running));
        page.gauges(("kind_workers", None), "Runs of the kind that may be under way at once", workers);
        let trouble = kinds.iter().map(|kind| {
            let ails = |id: &u32| now.plugin_troubles.contains_key(id) || !now.config.kinds.contains_key(id);
            (labels(kind), kind.ids.iter().any(ails))
        });
        let about = "Whether the newest plugin of the kind is not in service, or the config does not name it";
        page.gauges(("kind_trouble", None), about, trouble);
        let paused = configured().map(|(kind, config)| {
            let by_person = overview.is_some_and(|overview| overview.pauses.contains_key(&kind.ids[0]));
            (labels(kind), config.paused || by_person)
        });
        page.gauges(("kind_paused", None), "Whether a person or the config has the kind paused", paused);
        let plugins = configured().filter_map(|(kind, _)| {
            let digest = hex::encode(self.board.plugins.get(*kind.ids.first()?)?.digest());
            Some(vec![("kind", kind.name.clone()), ("digest", digest)])
        });
        page.infos("plugin", "The plugin in service, by the SHA-256 of its file", plugins);
    }

    fn process(&self) -> Page {
        let Process { memory_bytes, open_fds, max_fds, cpu_seconds } = Process::read();
        let mut page = Page::default();
        page.gauge(("resident_memory", Some(Unit::Bytes)), "Memory in use", memory_bytes);
        page.gauge(("open_fds", None), "Open file descriptors", open_fds);
        page.gauge(("max_fds", None), "Most open file descriptors", max_fds);
        let cpu = cpu_seconds.map(|seconds| (Labels::new(), seconds));
        page.counters(("cpu", Some(Unit::Seconds)), "Time on a processor", cpu);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^53")]
        let started = self.metrics.started_ms as f64 / 1e3;
        page.gauge(("start_time", Some(Unit::Seconds)), "When it was started, Unix time", Some(started));
        page
    }
}

fn labels(kind: &Kind) -> Labels {
    vec![("kind", kind.name.clone())]
}

fn with(kind: &Kind, name: &'static str, value: &str) -> Labels {
    vec![("kind", kind.name.clone()), (name, value.to_owned())]
}

fn sessions(page: &mut Page, kinds: &[Kind], overview: &Overview) {
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

fn repeats(page: &mut Page, kinds: &[Kind]) {
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
