//! Sessions whose trace is kept: a client that names its trace when it opens a session need not name it again with each operation.
//!
//! Bounded, and forgotten with the host: then, or when more sessions are traced at once than are known, an operation without a
//! traceparent of its own has no span. The session has its traceparent in the store; repeats go by that.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use mpy6a_sessions::Index;
use opentelemetry::trace::SpanContext;

use crate::limits::TRACED_SESSIONS_MAX;

/// The spans that opened sessions.
#[derive(Debug, Default)]
pub struct Known(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    spans: HashMap<Index, SpanContext>,
    /// In the order in which they came; some are gone already.
    order: VecDeque<Index>,
}

impl Known {
    /// Remember the span that opened a session.
    pub fn opened(&self, session: Index, span: SpanContext) {
        let mut inner = self.lock();
        if inner.order.len() == TRACED_SESSIONS_MAX
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.spans.remove(&oldest);
        }
        inner.order.push_back(session);
        inner.spans.insert(session, span);
    }

    /// The span that opened a session.
    #[must_use]
    pub fn of(&self, session: Index) -> Option<SpanContext> {
        self.lock().spans.get(&session).cloned()
    }

    /// Its client is done with a session.
    pub fn done(&self, session: Index) {
        self.lock().spans.remove(&session);
    }

    /// Nothing in here panics with the lock held.
    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let known = Known::default();
        let index = |index| Index { term: 1, index };
        for number in 0..=TRACED_SESSIONS_MAX as u64 {
            known.opened(index(number), SpanContext::NONE);
        }
        assert!(known.of(index(0)).is_none() && known.of(index(1)).is_some());
        known.done(index(1));
        assert!(known.of(index(1)).is_none());
        assert_eq!(known.lock().order.len(), TRACED_SESSIONS_MAX);
    }
}
