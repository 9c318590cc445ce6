//! A repeat, its commit, and the requests that leave it.

use std::sync::Arc;

use http::{HeaderName, HeaderValue, Request, StatusCode};
use mpy6a_plugins::egress::{Body, Leg, SendError, Trail};
use mpy6a_sessions::{Claimed, Outcome};
use opentelemetry::{
    Context, KeyValue,
    trace::{Span as _, SpanKind, Status, TraceContextExt as _},
};
use opentelemetry_sdk::trace::Span;

use super::{On, Traces, parent};

/// A repeat under way whose trace is kept. Dropped, it ends where it is.
#[derive(Debug)]
pub struct Run {
    on: Arc<On>,
    context: Context,
    commit: Option<Span>,
}

impl Traces {
    /// A session was claimed, and its handler is about to run. None where the trace is not kept: then nobody follows the run.
    #[must_use]
    pub fn run(&self, claimed: &Claimed, kind_name: &str) -> Option<Run> {
        let on = self.0.as_ref()?;
        let session = &claimed.session;
        let parent = session.traceparent.as_deref().and_then(parent::parse).unwrap_or_default();
        let mut span = on.span("repeat", SpanKind::Consumer, &parent);
        if !span.is_recording() {
            return None;
        }
        span.set_attributes([
            KeyValue::new("mpy6a.session", session.id.to_string()),
            KeyValue::new("mpy6a.kind", i64::from(session.kind)),
            KeyValue::new("mpy6a.kind_name", kind_name.to_owned()),
            KeyValue::new("mpy6a.repeat", i64::from(session.repeats)),
        ]);
        Some(Run { on: Arc::clone(on), context: parent.with_span(span), commit: None })
    }
}

impl Run {
    /// Follows the requests of the handler.
    #[must_use]
    pub fn trail(&self) -> Arc<dyn Trail> {
        Arc::new(Follower { on: Arc::clone(&self.on), run: self.context.clone() })
    }

    /// The trace that it belongs to, in hex.
    #[must_use]
    pub fn trace_id(&self) -> String {
        self.context.span().span_context().trace_id().to_string()
    }

    /// The handler is done, and its end is on its way to the writer.
    pub fn returned(&mut self, outcome: &Outcome) {
        let span = self.context.span();
        span.set_attribute(KeyValue::new("mpy6a.outcome", outcome.name()));
        if !outcome.is_returned() {
            span.set_status(Status::error(outcome.name()));
        }
        self.commit = Some(self.on.part("commit", &self.context));
    }

    /// Its end is durable. `ended`: what became of the session.
    pub fn ended(mut self, ended: &'static str) {
        self.context.span().set_attribute(KeyValue::new("mpy6a.ended", ended));
        // Before the span that it is a part of.
        self.commit = None;
    }
}

/// Gives each request a span, and a header that names it.
struct Follower {
    on: Arc<On>,
    run: Context,
}

/// A request under way.
struct Followed(Context);

impl Trail for Follower {
    fn leaves(&self, request: &mut Request<Body>) -> Box<dyn Leg> {
        let method = request.method().as_str().to_owned();
        let mut span = self.on.span(method.clone(), SpanKind::Client, &self.run);
        let uri = request.uri();
        // Paths and queries are the handler's own and may hold what nobody else should see.
        span.set_attributes([
            KeyValue::new("http.request.method", method),
            KeyValue::new("url.scheme", uri.scheme_str().unwrap_or_default().to_owned()),
            KeyValue::new("server.address", uri.host().unwrap_or_default().to_owned()),
        ]);
        if let Some(port) = uri.port_u16() {
            span.set_attribute(KeyValue::new("server.port", i64::from(port)));
        }
        let context = self.run.with_span(span);
        if let Some(value) = parent::text(&context).and_then(|text| HeaderValue::try_from(text).ok()) {
            // What the handler passed on itself names the client's span: this one is nearer.
            request.headers_mut().insert(HeaderName::from_static(parent::TRACEPARENT), value);
        }
        Box::new(Followed(context))
    }
}

impl Leg for Followed {
    fn ended(self: Box<Self>, how: Result<StatusCode, &SendError>) {
        let span = self.0.span();
        match how {
            Ok(status) => {
                span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
                if status.is_client_error() || status.is_server_error() {
                    span.set_status(Status::error(""));
                }
            }
            Err(error) => span.set_status(Status::error(match error {
                SendError::Denied(_) => "denied",
                SendError::Unreachable(_) => "unreachable",
                SendError::Timeout => "timeout",
                SendError::Broken(_) => "broken",
                SendError::TooLarge(_) => "response-too-large",
            })),
        }
    }
}
