//! `mpy6a:handler/types`: the one session of the run. Its operations are buffered; see [`SessionSide`] for when they are
//! committed.
//!
//! [`SessionSide`]: crate::host::session::SessionSide

use bytes::Bytes;
use mpy6a_sessions::{Refusal, SessionOp};
use wasmtime::component::Resource;

use super::handler::types::{self, SessionError};
use crate::{
    host::{Host, SessionHandle},
    surroundings::{HostCall, Moment},
};

/// What an operation answers: a trap, or the contract's result.
type Answer = wasmtime::Result<Result<(), SessionError>>;

impl types::Host for Host {}

// The handle says nothing: there is one session in a run, and the component model lets a guest show only what it was given.
impl types::HostSession for Host {
    fn id(&mut self, _: Resource<SessionHandle>) -> wasmtime::Result<String> {
        self.surroundings.at(Moment::Called, &HostCall::Id)?;
        Ok(self.session.id.clone())
    }

    fn fence(&mut self, _: Resource<SessionHandle>) -> wasmtime::Result<String> {
        self.surroundings.at(Moment::Called, &HostCall::Fence)?;
        Ok(self.session.fence.clone())
    }

    fn append(&mut self, _: Resource<SessionHandle>, record: Vec<u8>) -> Answer {
        self.apply(SessionOp::Append(Bytes::from(record)))
    }

    fn replace(&mut self, _: Resource<SessionHandle>, record: Vec<u8>) -> Answer {
        self.apply(SessionOp::Replace(Bytes::from(record)))
    }

    fn delete(&mut self, _: Resource<SessionHandle>) -> Answer {
        self.apply(SessionOp::Delete)
    }

    fn store(&mut self, _: Resource<SessionHandle>, timeout_s: Option<u32>) -> Answer {
        self.apply(SessionOp::Store { timeout_s })
    }

    fn drop(&mut self, _: Resource<SessionHandle>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl Host {
    fn apply(&mut self, op: SessionOp) -> Answer {
        self.surroundings.at(Moment::Called, &call(&op))?;
        match self.session.draft.apply(op) {
            Ok(()) => Ok(Ok(())),
            Err(refusal) => of_refusal(refusal).map(Err),
        }
    }
}

fn call(op: &SessionOp) -> HostCall<'_> {
    match op {
        SessionOp::Append(record) => HostCall::Append(record),
        SessionOp::Replace(record) => HostCall::Replace(record),
        SessionOp::Delete => HostCall::Delete,
        SessionOp::Store { timeout_s } => HostCall::Store(*timeout_s),
    }
}

/// The contract's word for a refusal. A draft refuses for these reasons only; were there another, the run would end rather
/// than mislead its guest.
fn of_refusal(refusal: Refusal) -> wasmtime::Result<SessionError> {
    Ok(match refusal {
        Refusal::SessionFinished(_) => SessionError::Finished,
        Refusal::RecordTooLarge { max, .. } => SessionError::RecordTooLarge(max),
        Refusal::SessionTooLarge { max, .. } => SessionError::SessionTooLarge(max),
        Refusal::TooManyRecords { max } => SessionError::TooManyRecords(u64::from(max)),
        Refusal::TimeoutTooLong { max_s, .. } => SessionError::TimeoutTooLong(u64::from(max_s)),
        other => return Err(other.into()),
    })
}
