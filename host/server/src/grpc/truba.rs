//! Service `Truba`: what clients call. Each method converts its request, passes the state machine's one door, and
//! converts the answer, which leaves after the fsync of the commit that holds it.
//!
//! This is the fast path, measured against a bare echo: no lock, no log line and no copy of a long record per call.

use std::sync::Arc;

use mpy6a_proto::v1::{self, truba_server::Truba};
use mpy6a_sessions::{Applied, Error, Operation, SessionOp, Sessions};
use tonic::{Extensions, Request, Response, Status, Streaming, metadata::MetadataMap};

use super::{
    caller::{Unfit, Who},
    convert,
    gate::Gate,
    operate::Operate,
};
use crate::{
    auth::{Doorkeeper, Opener, refusal::Denied},
    error::{REQUEST_INVALID, SHUTTING_DOWN, reason, refused, status},
    metrics::Metrics,
    traces::{Call, Traces, call::Done},
};

/// The service.
#[derive(Clone)]
pub struct TrubaService {
    sessions: Sessions,
    gate: Gate,
    keeper: Arc<Doorkeeper>,
    metrics: Arc<Metrics>,
    traces: Traces,
}

impl TrubaService {
    /// A service over these sessions, for as long as the gate is open. `keeper`: says who may open which kind.
    #[must_use]
    pub fn new(sessions: Sessions, gate: Gate, keeper: Arc<Doorkeeper>, metrics: Arc<Metrics>, traces: Traces) -> Self {
        Self { sessions, gate, keeper, metrics, traces }
    }

    async fn apply(
        &self,
        (metadata, extensions, caller): (&MetadataMap, &Extensions, Option<v1::Caller>),
        handle: Option<v1::Handle>,
        number: u64,
        op: SessionOp,
    ) -> Result<Applied, Status> {
        let operation = op.operation();
        self.check(operation)?;
        self.still_let_in(metadata, extensions)?;
        let handle = convert::given_handle(handle).inspect_err(|_| self.invalid(operation))?;
        let who = self.who(operation, extensions, caller)?;
        let mut call = self.traces.call(operation, metadata, Some(handle.id));
        if let Some(call) = &mut call {
            call.sent();
        }
        let result = self.sessions.of_caller(who.caller()).operate(handle, number, op).await;
        let result = result.map_err(|error| self.keeper.misses.told(error, extensions));
        self.answered(operation, call, result)
    }

    /// Whether a request may pass.
    fn check(&self, operation: Operation) -> Result<(), Status> {
        self.gate.check().inspect_err(|_| self.metrics.operations.refused(operation, SHUTTING_DOWN))
    }

    /// Whether whoever made a call is let in now, too, when its message has come.
    fn still_let_in(&self, metadata: &MetadataMap, extensions: &Extensions) -> Result<(), Status> {
        if extensions.get().is_some_and(|identity| self.keeper.knows(identity)) {
            return Ok(());
        }
        Opener::of_call(metadata.as_ref(), extensions, &self.keeper).map(drop).map_err(Denied::status)
    }

    /// Who makes a call.
    fn who(&self, operation: Operation, extensions: &Extensions, said: Option<v1::Caller>) -> Result<Who, Status> {
        let mut who = Who::of(extensions);
        who.hear(said).map_err(|unfit| self.unfit(operation, unfit))?;
        Ok(who)
    }

    fn unfit(&self, operation: Operation, unfit: Unfit) -> Status {
        self.invalid(operation);
        unfit.status()
    }

    fn invalid(&self, operation: Operation) {
        self.metrics.operations.refused(operation, REQUEST_INVALID);
    }

    /// Count an answer, and end its trace.
    fn answered<T: Copy + Into<Done>>(
        &self,
        operation: Operation,
        call: Option<Call>,
        result: Result<T, Error>,
    ) -> Result<T, Status> {
        self.metrics.operations.answered(operation, &result);
        if let Some(call) = call {
            call.ended(result.as_ref().map(|done| (*done).into()));
        }
        result.map_err(|error| status(&error))
    }
}

#[tonic::async_trait]
impl Truba for TrubaService {
    async fn new_session(&self, request: Request<v1::NewRequest>) -> Result<Response<v1::NewResponse>, Status> {
        self.check(Operation::New)?;
        let (metadata, extensions, mut request) = request.into_parts();
        let opener = Opener::of_call(metadata.as_ref(), &extensions, &self.keeper).map_err(Denied::status)?;
        opener.check(request.kind).map_err(Denied::status)?;
        let who = self.who(Operation::New, &extensions, request.caller.take())?;
        let mut new = convert::new(request, &who, true).map_err(|unfit| self.unfit(Operation::New, unfit))?;
        let mut call = self.traces.open(&metadata, &mut new);
        if let Some(call) = &mut call {
            call.sent();
        }
        let result = self.sessions.of_caller(who.caller()).open(new).await;
        Ok(Response::new(convert::opened(self.answered(Operation::New, call, result)?)))
    }

    async fn append(&self, request: Request<v1::AppendRequest>) -> Result<Response<v1::AppendResponse>, Status> {
        let (metadata, extensions, v1::AppendRequest { handle, number, record, caller }) = request.into_parts();
        let op = SessionOp::Append(convert::record(record, true));
        let applied = self.apply((&metadata, &extensions, caller), handle, number, op).await?;
        Ok(Response::new(v1::AppendResponse { change_id: Some(convert::index(applied.change_id)) }))
    }

    async fn replace(&self, request: Request<v1::ReplaceRequest>) -> Result<Response<v1::ReplaceResponse>, Status> {
        let (metadata, extensions, v1::ReplaceRequest { handle, number, record, caller }) = request.into_parts();
        let op = SessionOp::Replace(convert::record(record, true));
        let applied = self.apply((&metadata, &extensions, caller), handle, number, op).await?;
        Ok(Response::new(v1::ReplaceResponse { change_id: Some(convert::index(applied.change_id)) }))
    }

    async fn delete(&self, request: Request<v1::DeleteRequest>) -> Result<Response<v1::DeleteResponse>, Status> {
        let (metadata, extensions, v1::DeleteRequest { handle, number, caller }) = request.into_parts();
        let applied = self.apply((&metadata, &extensions, caller), handle, number, SessionOp::Delete).await?;
        Ok(Response::new(v1::DeleteResponse { change_id: Some(convert::index(applied.change_id)) }))
    }

    async fn store(&self, request: Request<v1::StoreRequest>) -> Result<Response<v1::StoreResponse>, Status> {
        let (metadata, extensions, v1::StoreRequest { handle, number, timeout_s, caller }) = request.into_parts();
        let applied = self.apply((&metadata, &extensions, caller), handle, number, convert::store(timeout_s)).await?;
        Ok(Response::new(convert::stored(applied)))
    }

    async fn renew(&self, request: Request<v1::RenewRequest>) -> Result<Response<v1::RenewResponse>, Status> {
        self.check(Operation::Renew)?;
        let (metadata, extensions, v1::RenewRequest { handles, caller }) = request.into_parts();
        self.still_let_in(&metadata, &extensions)?;
        let who = self.who(Operation::Renew, &extensions, caller)?;
        let given = handles.into_iter();
        let handles = given.map(|handle| convert::given_handle(Some(handle))).collect::<Result<Vec<_>, _>>();
        let handles = handles.inspect_err(|_| self.invalid(Operation::Renew))?;
        let renewed = self.sessions.of_caller(who.caller()).renew(handles).await.map_err(|error| {
            self.metrics.operations.refused(Operation::Renew, reason(&error));
            status(&error)
        })?;
        let results = renewed.into_iter().map(|outcome| {
            let outcome = outcome.map_err(|refusal| self.keeper.misses.told(refusal.into(), &extensions));
            self.metrics.operations.answered(Operation::Renew, &outcome);
            let outcome = match outcome {
                Ok(lease_ms) => v1::renewed::Outcome::LeaseMs(lease_ms),
                Err(error) => v1::renewed::Outcome::Refused(refused(&error)),
            };
            v1::Renewed { outcome: Some(outcome) }
        });
        Ok(Response::new(v1::RenewResponse { results: results.collect() }))
    }

    type OperateStream = Operate;

    async fn operate(
        &self,
        request: Request<Streaming<v1::OperateRequest>>,
    ) -> Result<Response<Self::OperateStream>, Status> {
        self.gate.check()?;
        let opener = Opener::of(request.extensions(), &self.keeper);
        let calls = self.traces.calls(request.metadata());
        let metrics = Arc::clone(&self.metrics);
        let who = Who::of(request.extensions());
        let requests = request.into_inner();
        Ok(Response::new(Operate::new(requests, &self.sessions, &self.gate, (opener, who), metrics, calls)))
    }
}
