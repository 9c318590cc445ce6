//! All metrics at once, when somebody looks: what was counted, and what is asked for now.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
};

use mpy6a_sessions::{Overview, Remembered, Sessions};
use prometheus_client::registry::Unit;

use super::{
    Metrics,
    disk::Disk,
    kinds,
    page::{Labels, Page, text},
    process::Process,
    question::Question,
};
use crate::{
    config::Fixed,
    limits::ADMIN_CONNECTIONS_MAX,
    recordings::Recordings,
    reload::{Board, Certificates, InService},
    telemetry,
    traces::Traces,
};

/// Answers with all metrics.
pub struct Scrape {
    metrics: Arc<Metrics>,
    sessions: Sessions,
    board: Arc<Board>,
    certificates: Certificates,
    overview: Question<Overview>,
    disk: Question<Disk>,
    traces: Traces,
    recordings: Recordings,
    store: PathBuf,
    connections_max: u32,
}

impl Scrape {
    /// Of this host.
    #[must_use]
    pub fn new(
        (metrics, traces, recordings): (Arc<Metrics>, Traces, Recordings),
        sessions: Sessions,
        (board, certificates): (Arc<Board>, Certificates),
        fixed: &Fixed,
    ) -> Self {
        let (overview, disk) = (Question::default(), Question::default());
        let (store, connections_max) = (fixed.store_path.clone(), fixed.connections_max);
        Self { metrics, sessions, board, certificates, overview, disk, traces, recordings, store, connections_max }
    }

    /// Everything, as text. Where the writer or the disk does not answer, everything but what it alone knows.
    pub async fn text(&self) -> String {
        let (overview, disk) = tokio::join!(self.overview(), self.disk());
        let now = self.board.now();
        let kinds = kinds::all(&now, overview.as_ref(), &self.metrics.repeats);
        let mut page = Page::default();
        self.host(&mut page, &now, overview.is_some());
        files(&mut page, disk);
        self.traffic(&mut page);
        kinds::in_service(&mut page, (&now, &self.board.plugins), &kinds, overview.as_ref());
        if let Some(overview) = &overview {
            kinds::sessions(&mut page, &kinds, overview);
            remembered(&mut page, &overview.remembered);
        }
        kinds::repeats(&mut page, &kinds);
        text([("mpy6a", page), ("process", self.process())])
    }

    async fn overview(&self) -> Option<Overview> {
        let sessions = self.sessions.clone();
        self.overview.answer(|| tokio::spawn(async move { sessions.overview().await.ok() })).await
    }

    async fn disk(&self) -> Option<Disk> {
        let store = self.store.clone();
        self.disk.answer(|| tokio::task::spawn_blocking(move || Disk::read(&store))).await
    }

    fn host(&self, page: &mut Page, now: &InService, answers: bool) {
        let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
        page.infos("build", "The program", [version]);
        page.gauge(("writer_up", None), "Whether the writer answered this look in time", Some(answers));
        page.gauge(("term", None), "How many times a host took ownership of the store", Some(self.sessions.term()));
        let about = "Whether the newest config file is not in service";
        page.gauge(("config_trouble", None), about, Some(now.config_trouble.is_some()));
        let about = "When the certificate in service ends, Unix time";
        let ends = self.certificates.ends().map(|(key, at)| {
            let listener = if key == "listen" { "clients" } else { "operators" };
            (vec![("listener", listener.to_owned())], at)
        });
        page.gauges(("certificate_end", Some(Unit::Seconds)), about, ends);
        let spans = self.traces.counts().map(|(result, count)| (vec![("result", result.to_owned())], count));
        page.counters(("trace_spans", None), "Spans of traces, by what became of them", spans);
        let denied = self.board.keeper.denials.counts().map(|(why, count)| (vec![("reason", why.to_owned())], count));
        page.counters(("denied_requests", None), "Requests turned away for who asked, by why", denied);
        let wrong_keys = self.board.keeper.misses.wrong_keys().into_iter();
        let wrong_keys = wrong_keys.map(|(name, count)| (vec![("access", name.to_string())], count));
        page.counters(
            ("wrong_keys", None),
            "Operations with a key that is not the session's, by who sent them",
            wrong_keys,
        );
        let dropped = [(Labels::new(), self.recordings.dropped())];
        page.counters(
            ("recordings_dropped", None),
            "Attempts not kept because more came than could be written",
            dropped,
        );
        let dropped = [(Labels::new(), telemetry::lines_dropped())];
        page.counters(("log_lines_dropped", None), "Log lines not written because more came than was read", dropped);
    }

    fn traffic(&self, page: &mut Page) {
        let Metrics { operations, batch, commit, clients, operators, crowded_out, .. } = &*self.metrics;
        let answered = operations.read().map(|(operation, code, count)| {
            (vec![("operation", operation.to_owned()), ("code", code.to_owned())], count)
        });
        page.counters(("operations", None), "Operations of clients, by what they were answered", answered);
        let about = "Operations that became durable with one sync";
        page.histograms(("commit_operations", None), about, [(Labels::new(), batch.read())]);
        let about = "From the look at a batch until it was durable";
        page.histograms(("commit", Some(Unit::Seconds)), about, [(Labels::new(), commit.read())]);

        let crowded_out = [(Labels::new(), crowded_out.load(Ordering::Relaxed))];
        page.counters(("crowded_out_requests", None), "Requests refused because too many were under way", crowded_out);

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
        let kept_out = [("clients", clients), ("operators", operators)].into_iter().flat_map(|(name, open)| {
            open.kept_out().map(move |(bound, count)| {
                (vec![("listener", name.to_owned()), ("bound", bound.name().to_owned())], count)
            })
        });
        let about = "Connections that came when there was no place, of their address or at all";
        page.counters(("kept_out_connections", None), about, kept_out);
        let most = [(listener("clients"), self.connections_max), (listener("operators"), ADMIN_CONNECTIONS_MAX)];
        page.gauges(("connections_limit", None), "Most open connections", most);
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

fn files(page: &mut Page, disk: Option<Disk>) {
    let parts = disk.into_iter().flat_map(|disk| [("tree", disk.tree), ("log", disk.log)]);
    let parts = parts.map(|(part, bytes)| (vec![("part", part.to_owned())], bytes));
    page.gauges(("store_file", Some(Unit::Bytes)), "Length of the store's files", parts);
    page.gauge(("store_disk_free", Some(Unit::Bytes)), "Free room on the store's disk", disk.map(|disk| disk.free));
    page.gauge(("store_disk_size", Some(Unit::Bytes)), "Size of the store's disk", disk.map(|disk| disk.size));
}

/// What is kept to answer retries.
#[expect(clippy::cast_precision_loss, reason = "times in milliseconds are far below 2^53")]
fn remembered(page: &mut Page, remembered: &Remembered) {
    let caller = |name: &str| vec![("caller", name.to_owned())];
    let counts = [(caller("named"), remembered.named), (caller("unnamed"), remembered.unnamed)];
    page.gauges(("answers_remembered", None), "Finished sessions remembered to answer retries", counts);
    page.gauge(("answers_clients", None), "Clients that named themselves", Some(remembered.clients));
    let about = "How far back retries of clients without a name are answered";
    let reach = remembered.reach_ms.map(|reach_ms| reach_ms as f64 / 1e3);
    page.gauge(("answers_reach", Some(Unit::Seconds)), about, reach);
    let longest = Some(remembered.longest_lease_ms as f64 / 1e3);
    page.gauge(("longest_lease", Some(Unit::Seconds)), "The longest lease of all kinds", longest);
}
