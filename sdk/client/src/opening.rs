//! Opening a session.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use mpy6a_proto::v1;
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    call::{Answered, Failed, Why, settle},
    client::Client,
    error::Error,
    index::Index,
    lease::Watch,
    session::Session,
};

/// A session to be opened. Made by [`Client::session`].
#[derive(Clone, Debug)]
#[must_use = "nothing is opened until `open`"]
pub struct Opening<'a> {
    client: &'a Client,
    kind: u32,
    record: Option<Bytes>,
    traceparent: String,
}

impl<'a> Opening<'a> {
    pub(crate) fn new(client: &'a Client, kind: u32) -> Self {
        Self { client, kind, record: None, traceparent: String::new() }
    }

    /// The first record: saves an [`append`](Session::append), and with it a commit.
    pub fn record(mut self, record: impl Into<Bytes>) -> Self {
        self.record = Some(record.into());
        self
    }

    /// A W3C traceparent, handed to the session's repeat handler. At most 128 bytes.
    pub fn traceparent(mut self, traceparent: impl Into<String>) -> Self {
        self.traceparent = traceparent.into();
        self
    }

    /// Open it. When this returns, the session and its first record are durable, and its lease is being kept.
    ///
    /// Tried again like any operation: a request id of its own makes sure that not two are opened. If the future is
    /// dropped, or fails with `maybe_applied`, a session may be left behind; its lease ends and its repeat handler
    /// finds it.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`], [`Error::Overloaded`], [`Error::TooLarge`] for the first record, and
    /// [`Error::Rejected`]: with reason `KIND_UNKNOWN`, for instance.
    pub async fn open(self) -> Result<Session, Error> {
        let shared = &self.client.shared;
        let mut way = shared.way.clone();
        let request = v1::NewRequest {
            kind: self.kind,
            record: self.record,
            request_id: Uuid::now_v7().to_string(),
            traceparent: self.traceparent,
            outlives_stream: shared.outlives_stream(),
            ..Default::default()
        };
        let begun = Instant::now();
        let Answered { answer, counted_from } = settle(&mut way, &request, shared.tries(begun, Duration::ZERO, None))
            .await
            .map_err(|failed| told(failed, begun))?;
        let handle = answer.handle.ok_or_else(|| incomplete("handle"))?;
        let id: Index = handle.id.ok_or_else(|| incomplete("handle.id"))?.into();
        let fence = answer.fence.ok_or_else(|| incomplete("fence"))?.into();
        let watch = Arc::new(Watch::new(id, handle, shared.registry.epoch, counted_from, answer.lease_ms));
        shared.registry.insert(watch.clone());
        Ok(Session::new(shared.clone(), way, watch, fence))
    }
}

/// There is no session yet that an error could name, and none that could be lost.
fn told(failed: Failed, begun: Instant) -> Error {
    match failed.why {
        Why::Refused(refusal) => refusal.into_error(Index::default()),
        Why::Overloaded => Error::Overloaded { tries: failed.tries, elapsed: begun.elapsed() },
        Why::Unavailable(source) => Error::Unavailable {
            tries: failed.tries,
            elapsed: begun.elapsed(),
            maybe_applied: failed.maybe_applied,
            source,
        },
    }
}

fn incomplete(field: &str) -> Error {
    let message = format!("the answer to New lacks `{field}`: is this an mpy6a host of protocol v1?");
    Error::Rejected { reason: "ANSWER_INCOMPLETE".to_owned(), message }
}
