//! Service `Admin`: what a person or a script asks of a running host.
//!
//! | file | its job |
//! |---|---|
//! | [`kinds`] | how kinds stand, and pausing them |
//! | [`list`] | sessions, a page at a time |
//! | [`filter`] | which of them |
//! | [`part`] | where a listing has come to |
//! | [`why`] | what a session waits for |
//! | [`act`] | doing something to sessions |
//! | [`backup`] | a copy of everything |
//! | [`recording`] | an attempt to be replayed |
//!
//! What changes something is logged, with who asked for it, and from where.

pub mod act;
pub mod backup;
pub mod filter;
mod kinds;
pub mod list;
pub mod part;
pub mod recording;
mod unfinished;
mod why;

use std::sync::Arc;

use mpy6a_proto::v1::{self, admin_server::Admin};
use mpy6a_sessions::{Refusal, Sessions};
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status};

use self::why::Why;
use super::convert;
use crate::{
    auth,
    error::status,
    recordings::Recordings,
    reload::{Bell, Board},
    time::now_ms,
};

/// The service.
#[derive(Clone)]
pub struct AdminService {
    sessions: Sessions,
    board: Arc<Board>,
    reload: Bell,
    recordings: Recordings,
    /// One permit: to back up.
    backups: Arc<Semaphore>,
}

impl AdminService {
    /// A service over these sessions, what is in service and what is kept. `reload`: has everything read again.
    #[must_use]
    pub fn new(sessions: Sessions, board: Arc<Board>, reload: Bell, recordings: Recordings) -> Self {
        Self { sessions, board, reload, recordings, backups: Arc::new(Semaphore::new(1)) }
    }

    async fn session(&self, id: mpy6a_sessions::Index) -> Result<v1::GetSessionResponse, Status> {
        let sessions = &self.sessions;
        let found = sessions.inspect(id).await.map_err(|error| status(&error))?;
        let it = found.ok_or_else(|| status(&Refusal::SessionNotFound(id).into()))?;
        let counts = sessions.counts().await.map_err(|error| status(&error))?;
        let pauses = sessions.pauses().await.map_err(|error| status(&error))?;
        let (now, now_ms) = (self.board.now(), now_ms());
        let why = Why { now: &now, plugins: &self.board.plugins, counts: &counts, pauses: &pauses, now_ms };
        let waiting = why.of(&it.session, it.attempts.last(), it.lease_left);
        let causes = unfinished::causes(&it.session, &it.attempts);
        let with_cause = |(attempt, cause)| v1::Attempt { cause, ..self.attempt(&it.session, attempt) };
        Ok(v1::GetSessionResponse {
            records: it.records,
            attempts: it.attempts.into_iter().zip(causes).map(with_cause).collect(),
            waiting: Some(waiting),
            ..convert::session(it.session)
        })
    }
}

/// Who asks, for the log.
fn who<T>(request: &Request<T>) -> String {
    auth::who(request.extensions())
}

#[tonic::async_trait]
impl Admin for AdminService {
    async fn list_kinds(
        &self,
        _request: Request<v1::ListKindsRequest>,
    ) -> Result<Response<v1::ListKindsResponse>, Status> {
        let kinds = self.kinds().await.map_err(|error| status(&error))?;
        Ok(Response::new(v1::ListKindsResponse { kinds, term: self.sessions.term() }))
    }

    async fn get_session(
        &self,
        request: Request<v1::GetSessionRequest>,
    ) -> Result<Response<v1::GetSessionResponse>, Status> {
        let id = convert::id(request.into_inner().id)?;
        Ok(Response::new(self.session(id).await?))
    }

    async fn list_sessions(
        &self,
        request: Request<v1::ListSessionsRequest>,
    ) -> Result<Response<v1::ListSessionsResponse>, Status> {
        Ok(Response::new(self.page(request.into_inner()).await?))
    }

    async fn act_on_sessions(
        &self,
        request: Request<v1::ActOnSessionsRequest>,
    ) -> Result<Response<v1::ActOnSessionsResponse>, Status> {
        let who = who(&request);
        Ok(Response::new(self.act(request.into_inner(), &who).await?))
    }

    async fn pause_kind(
        &self,
        request: Request<v1::PauseKindRequest>,
    ) -> Result<Response<v1::PauseKindResponse>, Status> {
        self.set_paused(request.get_ref().kind, true, &who(&request)).await?;
        Ok(Response::new(v1::PauseKindResponse {}))
    }

    async fn resume_kind(
        &self,
        request: Request<v1::ResumeKindRequest>,
    ) -> Result<Response<v1::ResumeKindResponse>, Status> {
        self.set_paused(request.get_ref().kind, false, &who(&request)).await?;
        Ok(Response::new(v1::ResumeKindResponse {}))
    }

    async fn reload(&self, request: Request<v1::ReloadRequest>) -> Result<Response<v1::ReloadResponse>, Status> {
        tracing::info!(who = who(&request), "asked to read the config and every plugin again");
        self.reload.ring().await;
        let config_trouble = self.board.now().host_trouble();
        let kinds = self.kinds().await.map_err(|error| status(&error))?;
        Ok(Response::new(v1::ReloadResponse { config_trouble, kinds }))
    }

    type GetRecordingStream = recording::Chunks;

    async fn get_recording(
        &self,
        request: Request<v1::GetRecordingRequest>,
    ) -> Result<Response<Self::GetRecordingStream>, Status> {
        let who = who(&request);
        Ok(Response::new(self.recording(request.into_inner(), &who).await?))
    }

    type BackupStream = backup::Chunks;

    async fn backup(&self, request: Request<v1::BackupRequest>) -> Result<Response<Self::BackupStream>, Status> {
        Ok(Response::new(self.chunks(&who(&request)).await?))
    }
}
