//! Traces: what became of one piece of work, across programs. Sent to an OpenTelemetry collector over OTLP and gRPC.
//!
//! | file | its job |
//! |---|---|
//! | here | on or off; where spans begin |
//! | [`parent`] | the W3C traceparent, in and out |
//! | [`call`] | a client's operation, and the commit that it waits for |
//! | [`run`] | a repeat, its commit, and the requests that leave it |
//! | [`known`] | sessions whose trace is kept, for clients that say it once |
//! | [`export`] | on the way to the collector: bounded, and what is dropped is counted |
//!
//! ```text
//! client's span --traceparent--> New --------> commit
//!                                 |  kept in the session
//!                                 +--> Append, Delete, … -> commit
//!                                 +--> repeat -> commit
//!                                        +--> HTTP of the handler --traceparent--> the service's span
//! ```
//!
//! Invariants:
//!
//! * Off, none of this runs: one look at an `Option`.
//! * Nothing waits for the collector. Spans that find the queue full are dropped and counted.
//! * The caller's decision to keep a trace or not is followed; where a trace begins here, a share of them is kept.

pub mod call;
pub mod export;
pub mod known;
pub mod parent;
pub mod run;

use std::sync::Arc;

use opentelemetry::{
    Context, KeyValue,
    trace::{SpanBuilder, SpanKind, TracerProvider as _},
};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracer, SdkTracerProvider, Span},
};

pub use self::{
    call::{Call, Calls},
    run::Run,
};
use self::{
    export::{Bounded, Counts},
    known::Known,
};
use crate::{
    config,
    limits::{TRACE_SEND_TIME_MAX, TRACE_STOP_TIME_MAX},
};

/// Begins spans, or does nothing. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Traces(Option<Arc<On>>);

#[derive(Debug)]
struct On {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    counts: Arc<Counts>,
    known: Known,
}

impl Traces {
    /// As the config has it. Within a tokio runtime, which must outlive it.
    ///
    /// # Errors
    ///
    /// If the collector's address cannot be used, though the config has checked it.
    pub fn start(config: &config::Traces) -> Result<Self, ExporterBuildError> {
        let Some(endpoint) = &config.endpoint else { return Ok(Self::default()) };
        let exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint).with_timeout(TRACE_SEND_TIME_MAX);
        let counts = Arc::new(Counts::default());
        let processor = Bounded::new(exporter.build()?, Arc::clone(&counts));
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder().with_service_name("mpy6a").with_attribute(version).build();
        let share = Sampler::TraceIdRatioBased(f64::from(config.sample_ppm) / 1e6);
        let provider = SdkTracerProvider::builder()
            .with_span_processor(processor)
            .with_sampler(Sampler::ParentBased(Box::new(share)))
            .with_resource(resource)
            .build();
        let tracer = provider.tracer("mpy6a");
        Ok(Self(Some(Arc::new(On { provider, tracer, counts, known: Known::default() }))))
    }

    /// What became of spans: what it is called, and of how many.
    #[must_use]
    pub fn counts(&self) -> [(&'static str, u64); 3] {
        self.0.as_ref().map_or_else(|| Counts::default().read(), |on| on.counts.read())
    }

    /// Send what is left, for a little while.
    pub async fn stop(self) {
        let Some(on) = self.0 else { return };
        let stopped = tokio::task::spawn_blocking(move || on.provider.shutdown_with_timeout(TRACE_STOP_TIME_MAX)).await;
        if let Ok(Err(error)) = stopped {
            tracing::warn!(%error, "the last traces did not reach the collector: see that it runs at traces.endpoint");
        }
    }
}

impl On {
    fn span(&self, name: impl Into<std::borrow::Cow<'static, str>>, kind: SpanKind, parent: &Context) -> Span {
        SpanBuilder::from_name(name).with_kind(kind).start_with_context(&self.tracer, parent)
    }

    /// A part of what a span is about.
    fn part(&self, name: &'static str, of: &Context) -> Span {
        self.span(name, SpanKind::Internal, of)
    }
}
