//! Service `Truba`: what clients call. Each method converts its request, passes the state machine's one door, and
//! converts the answer, which leaves after the fsync of the commit that holds it.
//!
//! This is the fast path, measured against a bare echo: no lock, no log line and no copy of a long record per call.

use std::sync::Arc;

use mpy6a_proto::v1::{self, truba_server::Truba};
use mpy6a_sessions::{Applied, SessionOp, Sessions};
use tonic::{Request, Response, Status, Streaming};

use super::{convert, gate::Gate, operate::Operate};
use crate::{
    auth::{Doorkeeper, Opener, refusal::Denied},
    error::{refused, status},
};

/// The service.
#[derive(Clone)]
pub struct TrubaService {
    sessions: Sessions,
    gate: Gate,
    keeper: Arc<Doorkeeper>,
}

impl TrubaService {
    /// A service over these sessions, for as long as the gate is open. `keeper`: says who may open which kind.
    #[must_use]
    pub fn new(sessions: Sessions, gate: Gate, keeper: Arc<Doorkeeper>) -> Self {
        Self { sessions, gate, keeper }
    }

    async fn apply(&self, handle: Option<v1::Handle>, number: u64, op: SessionOp) -> Result<Applied, Status> {
        self.gate.check()?;
        let handle = convert::given_handle(handle)?;
        self.sessions.operate(handle, number, op).await.map_err(|error| status(&error))
    }
}

#[tonic::async_trait]
impl Truba for TrubaService {
    async fn new_session(&self, request: Request<v1::NewRequest>) -> Result<Response<v1::NewResponse>, Status> {
        self.gate.check()?;
        let opener = Opener::of(request.extensions(), &self.keeper);
        opener.check(request.get_ref().kind).map_err(Denied::status)?;
        let new = convert::new(request.into_inner(), true);
        let opened = self.sessions.open(new).await.map_err(|error| status(&error))?;
        Ok(Response::new(convert::opened(opened)))
    }

    async fn append(&self, request: Request<v1::AppendRequest>) -> Result<Response<v1::AppendResponse>, Status> {
        let v1::AppendRequest { handle, number, record } = request.into_inner();
        let applied = self.apply(handle, number, SessionOp::Append(convert::record(record, true))).await?;
        Ok(Response::new(v1::AppendResponse { change_id: Some(convert::index(applied.change_id)) }))
    }

    async fn replace(&self, request: Request<v1::ReplaceRequest>) -> Result<Response<v1::ReplaceResponse>, Status> {
        let v1::ReplaceRequest { handle, number, record } = request.into_inner();
        let applied = self.apply(handle, number, SessionOp::Replace(convert::record(record, true))).await?;
        Ok(Response::new(v1::ReplaceResponse { change_id: Some(convert::index(applied.change_id)) }))
    }

    async fn delete(&self, request: Request<v1::DeleteRequest>) -> Result<Response<v1::DeleteResponse>, Status> {
        let v1::DeleteRequest { handle, number } = request.into_inner();
        let applied = self.apply(handle, number, SessionOp::Delete).await?;
        Ok(Response::new(v1::DeleteResponse { change_id: Some(convert::index(applied.change_id)) }))
    }

    async fn store(&self, request: Request<v1::StoreRequest>) -> Result<Response<v1::StoreResponse>, Status> {
        let v1::StoreRequest { handle, number, timeout_s } = request.into_inner();
        let applied = self.apply(handle, number, convert::store(timeout_s)).await?;
        Ok(Response::new(convert::stored(applied)))
    }

    async fn renew(&self, request: Request<v1::RenewRequest>) -> Result<Response<v1::RenewResponse>, Status> {
        self.gate.check()?;
        let given = request.into_inner().handles.into_iter();
        let handles = given.map(|handle| convert::given_handle(Some(handle))).collect::<Result<Vec<_>, _>>()?;
        let renewed = self.sessions.renew(handles).await.map_err(|error| status(&error))?;
        let results = renewed.into_iter().map(|outcome| {
            let outcome = match outcome {
                Ok(lease_ms) => v1::renewed::Outcome::LeaseMs(lease_ms),
                Err(refusal) => v1::renewed::Outcome::Refused(refused(&refusal.into())),
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
        Ok(Response::new(Operate::new(request.into_inner(), &self.sessions, &self.gate, opener)))
    }
}
