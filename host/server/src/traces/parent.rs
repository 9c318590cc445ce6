//! The W3C traceparent, in and out.

use std::collections::HashMap;

use opentelemetry::{
    Context,
    propagation::{Extractor, TextMapPropagator as _},
    trace::{SpanContext, TraceContextExt as _},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;

/// The name of the header, and of the metadata of a call.
pub const TRACEPARENT: &str = "traceparent";

/// The least that a traceparent has: version, trace, span and flags in hex, and the dashes between them.
const BYTES_MIN: usize = 55;

/// A traceparent by itself. What tracing systems add in `tracestate` is not kept with a session, so it is not read either.
struct Alone<'a>(&'a str);

impl Extractor for Alone<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == TRACEPARENT).then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

/// The parent that a traceparent names; none where it is not one. It is a client's text, so what is wrong with it is no error.
#[must_use]
pub fn parse(traceparent: &str) -> Option<Context> {
    if traceparent.len() < BYTES_MIN {
        return None;
    }
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &Alone(traceparent));
    context.has_active_span().then_some(context)
}

/// The traceparent that names a span.
#[must_use]
pub fn text(context: &Context) -> Option<String> {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(context, &mut carrier);
    carrier.remove(TRACEPARENT)
}

/// A parent elsewhere.
#[must_use]
pub fn remote(span: SpanContext) -> Context {
    Context::new().with_remote_span_context(span)
}

/// The trace of a traceparent, in hex, for the log.
#[must_use]
pub fn trace_id(traceparent: &str) -> Option<String> {
    parse(traceparent).map(|context| context.span().span_context().trace_id().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_traceparent_goes_in_and_out() {
        assert_eq!(parse(RIGHT).and_then(|context| text(&context)).as_deref(), Some(RIGHT));
        assert_eq!(trace_id(RIGHT).as_deref(), Some("0af7651916cd43dd8448eb211c80319c"));
    }

    #[test]
    fn what_is_none_names_no_parent() {
        let zero = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
        for wrong in ["", "x", "00-1-2-01", zero, &RIGHT.to_uppercase(), &RIGHT[1..], "ff-é-é-é"] {
            assert!(parse(wrong).is_none() && trace_id(wrong).is_none(), "{wrong}");
        }
    }
}
