//! Service `Admin`: what a person or a script asks of a running host.

use std::{collections::BTreeSet, sync::Arc};

use mpy6a_plugins::Plugin;
use mpy6a_proto::v1::{self, admin_server::Admin};
use mpy6a_sessions::{Refusal, Sessions};
use tonic::{Request, Response, Status};

use super::convert;
use crate::{
    error::status,
    reload::{Board, InService},
};

/// The service.
#[derive(Clone)]
pub struct AdminService {
    sessions: Sessions,
    board: Arc<Board>,
}

impl AdminService {
    /// A service over these sessions and what is in service.
    #[must_use]
    pub fn new(sessions: Sessions, board: Arc<Board>) -> Self {
        Self { sessions, board }
    }
}

#[tonic::async_trait]
impl Admin for AdminService {
    async fn list_kinds(
        &self,
        _request: Request<v1::ListKindsRequest>,
    ) -> Result<Response<v1::ListKindsResponse>, Status> {
        let counts = self.sessions.counts().await.map_err(|error| status(&error))?;
        let now = self.board.now();
        let ids: BTreeSet<u32> = now.config.kinds.keys().chain(counts.keys()).copied().collect();
        let kinds = ids.into_iter().map(|id| {
            let count = counts.get(&id).copied().unwrap_or_default();
            v1::Kind {
                active: count.active,
                stored: count.stored,
                repeating: count.repeating,
                parked: count.parked,
                ..kind(&now, self.board.plugins.get(id).as_deref(), id)
            }
        });
        Ok(Response::new(v1::ListKindsResponse { kinds: kinds.collect(), term: self.sessions.term() }))
    }

    async fn get_session(
        &self,
        request: Request<v1::GetSessionRequest>,
    ) -> Result<Response<v1::GetSessionResponse>, Status> {
        let id = convert::id(request.into_inner().id)?;
        let found = self.sessions.inspect(id).await.map_err(|error| status(&error))?;
        let it = found.ok_or_else(|| status(&Refusal::SessionNotFound(id).into()))?;
        Ok(Response::new(convert::session(it.session, it.records, it.attempts)))
    }
}

/// A kind as the config and the sandbox know it; its sessions are not counted here.
fn kind(now: &InService, plugin: Option<&Plugin>, id: u32) -> v1::Kind {
    let config = now.config.kinds.get(&id);
    let trouble = match config {
        Some(_) => now.trouble(id),
        None => "the config does not name this kind: its sessions wait until it does".to_owned(),
    };
    let plugin = plugin.map(|plugin| v1::Plugin {
        file: plugin.spec().file.display().to_string(),
        digest: hex::encode(plugin.digest()),
        since_ms: plugin.loaded_ms(),
    });
    v1::Kind {
        id,
        name: config.map(|kind| kind.name.clone()).unwrap_or_default(),
        paused: config.is_some_and(|kind| kind.paused),
        plugin,
        trouble,
        ..v1::Kind::default()
    }
}
