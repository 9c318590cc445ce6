//! The charts: horizontal bars, and lines over time, as SVG.
//!
//! Own code, some hundred lines: what is wanted is a few rectangles with texts that are as readable on a dark page as on a light
//! one, in files that differ only where figures do. Chart libraries draw much more, and fix the colours.

mod bars;
mod lines;
mod svg;

use bars::{Bar, bars};
use lines::lines;

use super::{Results, table::number};

/// Those that are measured at 64 in flight, by name and the key of their figures.
const AT_64: &[(&str, &str)] = &[
    ("mpy6a, streamed", "stream.64"),
    ("mpy6a, unary", "unary.64"),
    ("Redis", "peers.redis.64"),
    ("PostgreSQL", "peers.postgresql.64"),
    ("beanstalkd", "peers.beanstalkd.64"),
    ("NATS JetStream", "peers.nats.64"),
    ("Restate", "peers.restate.64"),
];

const THROUGHPUT: &str = "throughput.svg";
const LATENCY: &str = "latency.svg";
const SOAK: &str = "soak.svg";

/// What a chart shows.
pub fn title(name: &str) -> &'static str {
    match name {
        THROUGHPUT => "Workflows a second at 64 in flight, all synced before they are acknowledged",
        LATENCY => "Time of a whole workflow at 64 in flight, milliseconds: median, and 99th percentile",
        _ => "Ten minutes of mixed load: megabytes of memory and of the store",
    }
}

/// Every chart for which there are figures, by file name.
pub fn all(results: &Results) -> Vec<(&'static str, String)> {
    let mut charts = Vec::new();
    let figure = |key: &str, what: &str| results.figure(&format!("{key}.{what}"));
    let ours = |name: &str| name.starts_with("mpy6a");

    let workflows = AT_64.iter().filter_map(|&(name, key)| {
        let value = figure(key, "workflows_per_s")?;
        Some(Bar { name, value, mark: None, text: number(value), ours: ours(name) })
    });
    charts.extend(bars(title(THROUGHPUT), workflows.collect()).map(|svg| (THROUGHPUT, svg)));

    let times = AT_64.iter().filter_map(|&(name, key)| {
        let (p50, p99) = (figure(key, "workflow_p50_ms")?, figure(key, "workflow_p99_ms")?);
        let text = format!("{} · {}", number(p50), number(p99));
        Some(Bar { name, value: p50, mark: Some(p99), text, ours: ours(name) })
    });
    charts.extend(bars(title(LATENCY), times.collect()).map(|svg| (LATENCY, svg)));

    let soak = results.sections.get("soak").and_then(|soak| lines(title(SOAK), &soak.series));
    charts.extend(soak.map(|svg| (SOAK, svg)));
    charts
}
