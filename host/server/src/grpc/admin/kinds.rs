//! Kinds: how they stand, and pausing them.

use std::collections::BTreeSet;

use mpy6a_plugins::Plugin;
use mpy6a_proto::v1;
use mpy6a_sessions::{Error, Refusal};
use tonic::Status;
use tracing::info;

use super::AdminService;
use crate::{error::status, reload::InService};

impl AdminService {
    /// Every kind that the config names, that has sessions, or that a person paused.
    pub(super) async fn kinds(&self) -> Result<Vec<v1::Kind>, Error> {
        let counts = self.sessions.counts().await?;
        let pauses = self.sessions.pauses().await?;
        let heads = self.sessions.heads().await?;
        let now = self.board.now();
        let ids: BTreeSet<u32> = now.config.kinds.keys().chain(counts.keys()).chain(pauses.keys()).copied().collect();
        let kinds = ids.into_iter().map(|id| {
            let count = counts.get(&id).copied().unwrap_or_default();
            let in_service = kind(&now, self.board.plugins.get(id).as_deref(), id);
            let pause = pauses.get(&id);
            v1::Kind {
                active: count.active,
                stored: count.stored,
                repeating: count.repeating,
                parked: count.parked,
                paused: in_service.paused || pause.is_some(),
                paused_since_ms: pause.map(|pause| pause.since_ms),
                first_due_ms: heads.get(&id).map(|due| due.at_ms),
                ..in_service
            }
        });
        Ok(kinds.collect())
    }

    /// Pause a kind, or resume it. `who`: for the log.
    pub(super) async fn set_paused(&self, kind: u32, paused: bool, who: &str) -> Result<(), Status> {
        let known = self.board.now().config.kinds.contains_key(&kind);
        let is_paused = self.sessions.pauses().await.map_err(|error| status(&error))?.contains_key(&kind);
        // One that left the config while it was paused can still be resumed.
        if !known && !is_paused {
            return Err(status(&Refusal::KindUnknown(kind).into()));
        }
        self.sessions.set_paused(kind, paused).await.map_err(|error| status(&error))?;
        info!(who, kind, paused, "kind administered");
        Ok(())
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
        workers: config.map_or(0, |kind| kind.policy.max_running),
        ..v1::Kind::default()
    }
}
