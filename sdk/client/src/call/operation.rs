//! What is asked of the host, as values, and how each is put on the wire.

use std::future::Future;

use bytes::Bytes;
use mpy6a_proto::v1::{
    self,
    answer::Outcome,
    operation::{Session, What},
};
use tonic::{Request, Status};

use super::{Sent, Truba};
use crate::index::Index;

/// Something to ask of the host. Sending it again asks the same, not more.
pub(crate) trait Call: Sync {
    /// What the host answers.
    type Answer;
    /// Its name in events.
    const NAME: &'static str;
    /// Whether it has a number, which the host looks up.
    const IS_NUMBERED: bool;
    /// It, for the stream. `local`: a free number, for a session to be opened.
    fn operation(&self, local: u64) -> v1::Operation;
    /// What the stream's answer says; none if it is the answer to something else.
    fn read(outcome: Outcome) -> Option<Self::Answer>;
    /// The bytes of record that it brings.
    fn record_bytes(&self) -> usize;
    /// Ask once, by a call of its own, which marks that it was sent.
    fn send(
        &self,
        truba: &mut Truba,
        caller: v1::Caller,
        sent: Sent,
    ) -> impl Future<Output = Result<Self::Answer, Status>> + Send;
}

/// What an operator does to its session. A clone shares the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Append a record.
    Append(Bytes),
    /// Drop all records and keep this one.
    Replace(Bytes),
    /// The work is finished: forget the session.
    Delete,
    /// Close the session and have it repeated after this many seconds, or after its kind's delay.
    Store {
        /// The timeout, in seconds.
        timeout_s: Option<u32>,
    },
}

impl Operation {
    /// Whether the session is over for its operator once it is applied.
    pub fn finishes(&self) -> bool {
        matches!(self, Self::Delete | Self::Store { .. })
    }
}

/// An operation of a certain session, with its number.
#[derive(Debug)]
pub(crate) struct Numbered<'a> {
    /// The session.
    pub handle: v1::Handle,
    /// The number.
    pub number: u64,
    /// The operation.
    pub operation: &'a Operation,
}

/// The answer to an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Applied {
    /// The index of this change.
    pub change_id: Index,
    /// For `Store`: when the repeat falls due, Unix milliseconds. 0 for the others.
    pub due_ms: u64,
}

impl Applied {
    fn new(change_id: Option<v1::Index>, due_ms: u64) -> Self {
        Self { change_id: change_id.unwrap_or_default().into(), due_ms }
    }
}

impl Call for Numbered<'_> {
    type Answer = Applied;
    const NAME: &'static str = "operation";
    const IS_NUMBERED: bool = true;

    fn operation(&self, _local: u64) -> v1::Operation {
        let what = match self.operation {
            Operation::Append(record) => What::Append(v1::AppendOperation { record: record.clone() }),
            Operation::Replace(record) => What::Replace(v1::ReplaceOperation { record: record.clone() }),
            Operation::Delete => What::Delete(v1::DeleteOperation {}),
            Operation::Store { timeout_s } => What::Store(v1::StoreOperation { timeout_s: *timeout_s }),
        };
        v1::Operation { tag: 0, session: Some(Session::Handle(self.handle)), number: self.number, what: Some(what) }
    }

    fn read(outcome: Outcome) -> Option<Applied> {
        match outcome {
            Outcome::Applied(applied) => Some(Applied::new(applied.change_id, applied.due_ms)),
            _ => None,
        }
    }

    fn record_bytes(&self) -> usize {
        match self.operation {
            Operation::Append(record) | Operation::Replace(record) => record.len(),
            Operation::Delete | Operation::Store { .. } => 0,
        }
    }

    async fn send(&self, truba: &mut Truba, caller: v1::Caller, sent: Sent) -> Result<Applied, Status> {
        let (handle, number, caller) = (Some(self.handle), self.number, Some(caller));
        match self.operation {
            Operation::Append(record) => {
                let request = v1::AppendRequest { handle, number, record: record.clone(), caller };
                Ok(Applied::new(truba.append(marked(request, sent)).await?.into_inner().change_id, 0))
            }
            Operation::Replace(record) => {
                let request = v1::ReplaceRequest { handle, number, record: record.clone(), caller };
                Ok(Applied::new(truba.replace(marked(request, sent)).await?.into_inner().change_id, 0))
            }
            Operation::Delete => {
                let request = v1::DeleteRequest { handle, number, caller };
                Ok(Applied::new(truba.delete(marked(request, sent)).await?.into_inner().change_id, 0))
            }
            Operation::Store { timeout_s } => {
                let request = v1::StoreRequest { handle, number, timeout_s: *timeout_s, caller };
                let answer = truba.store(marked(request, sent)).await?.into_inner();
                Ok(Applied::new(answer.change_id, answer.due_ms))
            }
        }
    }
}

impl Call for v1::NewRequest {
    type Answer = v1::NewResponse;
    const NAME: &'static str = "new";
    const IS_NUMBERED: bool = false;

    fn operation(&self, local: u64) -> v1::Operation {
        let (session, what) = (Some(Session::Local(local)), Some(What::New(self.clone())));
        v1::Operation { tag: 0, session, number: 0, what }
    }

    fn read(outcome: Outcome) -> Option<v1::NewResponse> {
        match outcome {
            Outcome::Opened(opened) => Some(opened),
            _ => None,
        }
    }

    fn record_bytes(&self) -> usize {
        self.record.as_ref().map_or(0, Bytes::len)
    }

    async fn send(&self, truba: &mut Truba, caller: v1::Caller, sent: Sent) -> Result<v1::NewResponse, Status> {
        let request = Self { caller: Some(caller), ..self.clone() };
        Ok(truba.new_session(marked(request, sent)).await?.into_inner())
    }
}

/// A request that marks that it was sent: [`Http`](super::Http) sees to it.
fn marked<T>(message: T, sent: Sent) -> Request<T> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(sent);
    request
}

/// The bytes of record that an operation brings.
pub(crate) fn record_bytes(operation: &v1::Operation) -> usize {
    match &operation.what {
        Some(What::New(new)) => new.record.as_ref().map_or(0, Bytes::len),
        Some(What::Append(append)) => append.record.len(),
        Some(What::Replace(replace)) => replace.record.len(),
        _ => 0,
    }
}
