//! A client's operation, and the commit that it waits for: alone in a call, or one of many on a stream.
//!
//! Its parent is what the call's metadata names; else, of `New`, what the request names; else, of a session whose trace is kept, the
//! span that opened it. With none of these `New` may begin a trace; other operations do not, for they would be alone in it.

use std::{collections::HashMap, sync::Arc};

use mpy6a_sessions::{
    Applied, Error, Index, New, Opened, Operation,
    pipeline::{Answer, Answered, Ask, Named, Wish},
};
use opentelemetry::{
    Context, KeyValue,
    trace::{Span as _, SpanContext, SpanKind, Status, TraceContextExt as _},
};
use opentelemetry_sdk::trace::Span;
use tonic::metadata::MetadataMap;

use super::{On, Traces, parent};
use crate::error::reason;

/// An operation under way whose trace is kept. Dropped, it ends where it is: the client is gone.
#[derive(Debug)]
pub struct Call {
    on: Arc<On>,
    operation: Operation,
    session: Option<Index>,
    context: Context,
    commit: Option<Span>,
}

/// What an operation that was applied came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done {
    /// Of `New`: the session.
    pub opened: Option<Index>,
    /// The index that it got.
    pub change: Option<Index>,
}

impl From<Applied> for Done {
    fn from(applied: Applied) -> Self {
        Self { opened: None, change: Some(applied.change_id) }
    }
}

impl From<Opened> for Done {
    fn from(opened: Opened) -> Self {
        Self { opened: Some(opened.handle.id), change: Some(opened.fence) }
    }
}

impl Traces {
    /// A client asks for something by a call of its own.
    #[must_use]
    pub fn call(&self, operation: Operation, metadata: &MetadataMap, session: Option<Index>) -> Option<Call> {
        let on = self.0.as_ref()?;
        let known = || session.and_then(|session| on.known.of(session)).map(parent::remote);
        Call::begin(on, operation, session, given(metadata).or_else(known)?)
    }

    /// A client opens a session by a call of its own. Where the request names no trace of its own, the session gets this one,
    /// if it is kept.
    #[must_use]
    pub fn open(&self, metadata: &MetadataMap, new: &mut New) -> Option<Call> {
        let on = self.0.as_ref()?;
        Call::open(on, given(metadata), new)
    }

    /// A client begins a stream.
    #[must_use]
    pub fn calls(&self, metadata: &MetadataMap) -> Option<Calls> {
        let on = self.0.as_ref()?;
        Some(Calls { on: Arc::clone(on), given: given(metadata), local: HashMap::new(), under_way: HashMap::new() })
    }
}

/// The parent that a call's metadata names.
fn given(metadata: &MetadataMap) -> Option<Context> {
    parent::parse(metadata.get(parent::TRACEPARENT)?.to_str().ok()?)
}

impl Call {
    /// None where the trace is not kept.
    fn begin(on: &Arc<On>, operation: Operation, session: Option<Index>, parent: Context) -> Option<Self> {
        let mut span = on.span(operation.name(), SpanKind::Server, &parent);
        if !span.is_recording() {
            return None;
        }
        if let Some(session) = session {
            span.set_attribute(KeyValue::new("mpy6a.session", session.to_string()));
        }
        Some(Self { on: Arc::clone(on), operation, session, context: parent.with_span(span), commit: None })
    }

    fn open(on: &Arc<On>, given: Option<Context>, new: &mut New) -> Option<Self> {
        let parent = given.or_else(|| parent::parse(new.traceparent.as_deref()?)).unwrap_or_default();
        let call = Self::begin(on, Operation::New, None, parent)?;
        if new.traceparent.is_none() {
            new.traceparent = parent::text(&call.context);
        }
        call.context.span().set_attribute(KeyValue::new("mpy6a.kind", i64::from(new.kind)));
        Some(call)
    }

    fn span(&self) -> SpanContext {
        self.context.span().span_context().clone()
    }

    /// It is on its way to the writer: from now on it waits for a commit.
    pub fn sent(&mut self) {
        self.commit = Some(self.on.part("commit", &self.context));
    }

    /// It is answered.
    pub fn ended(mut self, result: Result<Done, &Error>) {
        if let (Operation::Delete | Operation::Store, Some(session), Ok(_)) = (self.operation, self.session, result) {
            self.on.known.done(session);
        }
        let span = self.context.span();
        match result {
            Ok(Done { opened, change }) => {
                if let Some(session) = opened {
                    self.on.known.opened(session, span.span_context().clone());
                    span.set_attribute(KeyValue::new("mpy6a.session", session.to_string()));
                }
                if let (Some(commit), Some(change)) = (&mut self.commit, change) {
                    commit.set_attribute(KeyValue::new("mpy6a.change", change.to_string()));
                }
            }
            Err(error) => span.set_status(Status::error(reason(error))),
        }
        // Before the span that it is a part of.
        self.commit = None;
    }
}

/// The operations of a stream that are under way and whose traces are kept. Bounded by what a stream may have under way, and by the
/// sessions that it has open.
#[derive(Debug)]
pub struct Calls {
    on: Arc<On>,
    given: Option<Context>,
    /// The spans that opened the sessions of this stream, by local number.
    local: HashMap<u64, SpanContext>,
    under_way: HashMap<u64, (Call, Option<u64>)>,
}

impl Calls {
    /// These are asked.
    pub fn asked(&mut self, asks: &mut [Ask]) {
        for Ask { tag, what } in asks {
            let Some((call, local)) = self.begin(what) else { continue };
            match (call.operation, local) {
                (Operation::New, Some(number)) => drop(self.local.insert(number, call.span())),
                (Operation::Delete | Operation::Store, Some(number)) => drop(self.local.remove(&number)),
                _ => {}
            }
            self.under_way.insert(*tag, (call, local));
        }
    }

    /// An operation is on its way to the writer, on a session with this local number.
    fn begin(&self, what: &mut Wish) -> Option<(Call, Option<u64>)> {
        let operation = what.operation();
        let (call, local) = match what {
            Wish::New { local, new, .. } => (Call::open(&self.on, self.given.clone(), new), Some(*local)),
            Wish::Operate { session, .. } | Wish::Renew(session) => {
                let (known, session, local) = match session {
                    Named::Local(number) => (self.local.get(number).cloned(), None, Some(*number)),
                    Named::Handle(handle) => (self.on.known.of(handle.id), Some(handle.id), None),
                };
                let parent = self.given.clone().or_else(|| known.map(parent::remote))?;
                (Call::begin(&self.on, operation, session, parent), local)
            }
        };
        let mut call = call?;
        call.sent();
        Some((call, local))
    }

    /// These are answered.
    pub fn answered(&mut self, answers: &[Answer]) {
        if self.under_way.is_empty() {
            return;
        }
        for Answer { tag, result, .. } in answers {
            let Some((call, local)) = self.under_way.remove(tag) else { continue };
            if let (Operation::New, Some(local), Err(_)) = (call.operation, local, result) {
                self.local.remove(&local);
            }
            call.ended(match result {
                Ok(Answered::Opened(opened)) => Ok(Done::from(*opened)),
                Ok(Answered::Applied(applied)) => Ok(Done::from(*applied)),
                Ok(Answered::Renewed(_)) => Ok(Done::default()),
                Err(error) => Err(error),
            });
        }
    }
}
