//! What a host counts and measures, for Prometheus: `GET /metrics` where operators connect.
//!
//! | file | its job |
//! |---|---|
//! | [`operations`] | what clients asked, by what they were answered |
//! | [`repeats`], [`traps`] | how runs of handlers went, by kind; why the host ended them |
//! | [`histogram`] | counts of measurements by size, without a lock |
//! | [`connections`] | how many connections are open |
//! | [`question`] | asks the writer and the disk, within a time limit |
//! | [`process`], [`disk`] | what the system says of the process, and of the store's files |
//! | [`page`], [`number`] | families of metrics as text |
//! | [`scrape`], [`kinds`] | all of it at once, when somebody looks |
//!
//! `docs/metrics.md` lists every metric; a test holds it against what a host answers. Names and labels are a promise, like the
//! wire's: they only grow.
//!
//! Invariants:
//!
//! * Counting costs a call an addition to a number that lies ready: no lock, no allocation, no search.
//! * Values of labels are bounded: names of kinds of the config, and words of this program. Nothing that a client sent is among
//!   them, and no session's id.
//! * Looking disturbs nothing: it asks the writer one question, one at a time, and goes without where no answer comes.

pub mod connections;
pub mod disk;
pub mod histogram;
pub mod kinds;
pub mod number;
pub mod operations;
pub mod page;
pub mod process;
pub mod question;
pub mod repeats;
pub mod scrape;
pub mod traps;

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use axum::{Router, http::header::CONTENT_TYPE, middleware::from_fn, response::IntoResponse as _, routing::get};
use mpy6a_sessions::observer::Observer;

pub use self::repeats::Repeat;
use self::{
    connections::Open,
    histogram::{Histogram, OPERATIONS, SECONDS},
    operations::Operations,
    repeats::Repeats,
    scrape::Scrape,
};
use crate::console::headers;

/// What is counted as it happens. One for a host.
#[derive(Debug)]
pub struct Metrics {
    /// What clients asked.
    pub operations: Operations,
    /// How runs went.
    pub repeats: Repeats,
    /// Connections of clients.
    pub clients: Open,
    /// Connections of operators.
    pub operators: Open,
    /// Requests that were refused because too many were under way.
    pub crowded_out: Arc<AtomicU64>,
    /// Operations that became durable together.
    batch: Histogram,
    /// From the look at a batch until it was durable, in microseconds.
    commit: Histogram,
    /// When the host was started, Unix milliseconds.
    started_ms: u64,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            operations: Operations::default(),
            repeats: Repeats::default(),
            clients: Open::default(),
            operators: Open::default(),
            crowded_out: Arc::default(),
            batch: Histogram::new(&OPERATIONS),
            commit: Histogram::new(&SECONDS),
            started_ms: crate::time::now_ms(),
        }
    }
}

impl Observer for Metrics {
    fn committed(&self, operations: u64, took: Duration) {
        self.batch.observe(operations);
        self.commit.observe(histogram::us(took));
    }
}

/// Where operators look.
pub fn routes(scrape: Scrape) -> Router {
    let scrape = Arc::new(scrape);
    let look = || async move { ([(CONTENT_TYPE, page::CONTENT_TYPE)], scrape.text().await).into_response() };
    Router::new().route("/metrics", get(look)).layer(from_fn(headers::set))
}
