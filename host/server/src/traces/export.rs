//! Spans on the way to the collector: bounded, and what is dropped is counted.
//!
//! ```text
//! a span ends --> Bounded: room? --> the SDK's batches, on a thread of their own --> Watched --> collector
//!                    +--> dropped
//! ```
//!
//! The SDK's queue is longer than what [`Bounded`] lets in, so nothing is dropped that is not counted here.

use std::{
    sync::{
        Arc,
        atomic::{
            AtomicBool, AtomicU64, AtomicUsize,
            Ordering::{AcqRel, Relaxed},
        },
    },
    time::Duration,
};

use opentelemetry::Context;
use opentelemetry_otlp::SpanExporter as Otlp;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{BatchConfigBuilder, BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor},
};
use tracing::{info, warn};

use crate::limits::{TRACE_BATCH_MAX, TRACE_DELAY, TRACE_QUEUE_MAX};

/// What became of spans.
#[derive(Debug, Default)]
pub struct Counts {
    sent: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
    /// On their way.
    queued: AtomicUsize,
}

impl Counts {
    /// What it is called, and of how many.
    #[must_use]
    pub fn read(&self) -> [(&'static str, u64); 3] {
        let read = |count: &AtomicU64| count.load(Relaxed);
        [("sent", read(&self.sent)), ("failed", read(&self.failed)), ("dropped", read(&self.dropped))]
    }

    fn enters(&self) -> bool {
        let room = self.queued.fetch_update(AcqRel, Relaxed, |queued| (queued < TRACE_QUEUE_MAX).then_some(queued + 1));
        if room.is_err() {
            self.dropped.fetch_add(1, Relaxed);
        }
        room.is_ok()
    }

    fn left(&self, spans: usize, arrived: bool) {
        self.queued.fetch_sub(spans, AcqRel);
        let count = if arrived { &self.sent } else { &self.failed };
        count.fetch_add(spans as u64, Relaxed);
    }
}

/// Takes spans that ended, as long as there is room.
#[derive(Debug)]
pub struct Bounded {
    counts: Arc<Counts>,
    batches: BatchSpanProcessor,
}

impl Bounded {
    /// In front of this exporter.
    #[must_use]
    pub fn new(exporter: Otlp, counts: Arc<Counts>) -> Self {
        let config = BatchConfigBuilder::default()
            .with_max_queue_size(2 * TRACE_QUEUE_MAX)
            .with_max_export_batch_size(TRACE_BATCH_MAX)
            .with_scheduled_delay(TRACE_DELAY)
            .build();
        let watched = Watched { exporter, counts: Arc::clone(&counts), fails: AtomicBool::new(false) };
        Self { counts, batches: BatchSpanProcessor::builder(watched).with_batch_config(config).build() }
    }
}

impl SpanProcessor for Bounded {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.batches.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() && self.counts.enters() {
            self.batches.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

/// Sends, counts, and says once in the log that it fails, and once that it works again.
#[derive(Debug)]
struct Watched {
    exporter: Otlp,
    counts: Arc<Counts>,
    fails: AtomicBool,
}

impl SpanExporter for Watched {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let result = self.exporter.export(batch).await;
        self.counts.left(spans, result.is_ok());
        let failed = self.fails.swap(result.is_err(), Relaxed);
        match &result {
            Err(error) if !failed => {
                warn!(%error, "traces do not reach the collector: see that it runs at traces.endpoint; they are dropped");
            }
            Ok(()) if failed => info!("traces reach the collector again"),
            _ => {}
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn past_the_bound_spans_are_dropped_and_counted_until_there_is_room() {
        let counts = Counts::default();
        assert!((0..TRACE_QUEUE_MAX).all(|_| counts.enters()));
        assert!(!counts.enters());
        counts.left(2, true);
        counts.left(1, false);
        assert!((0..3).all(|_| counts.enters()) && !counts.enters());
        assert_eq!(counts.read(), [("sent", 2), ("failed", 1), ("dropped", 2)]);
    }
}
