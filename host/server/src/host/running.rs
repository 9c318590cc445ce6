//! A host that serves, and the two ways in which it ends: told to stop, or by a failure of its store.

use std::{net::SocketAddr, sync::Arc};

use mpy6a_sessions::{Ending, Sessions};
use tokio::{signal::unix::Signal, task::JoinHandle, time};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{failure::Failure, health::Health, manager::Manager};
use crate::{
    grpc::gate::Gate,
    limits::REPLY_GRACE,
    reload::{Bell, Board},
    repeats::Runs,
    traces::Traces,
};

/// A host that serves.
pub struct Running {
    /// Where clients find it, and operators.
    pub addresses: (SocketAddr, SocketAddr),
    /// The state machine.
    pub sessions: Sessions,
    /// What is in service.
    pub board: Arc<Board>,
    /// Has the config and every plugin read again.
    pub bell: Bell,
    /// Says how the host is.
    pub health: Health,
    /// Is told how the host is.
    pub manager: Manager,
    /// In front of the services.
    pub gate: Gate,
    /// The handler runs.
    pub runs: Runs,
    /// The gRPC server.
    pub server: JoinHandle<Result<(), tonic::transport::Error>>,
    /// Tells the server to stop.
    pub stop: CancellationToken,
    /// Spans that are to reach the collector yet.
    pub traces: Traces,
}

impl Running {
    /// Say that it serves, and obey SIGHUP from now on.
    pub async fn ready(&self, hangup: Signal) {
        self.health.serving().await;
        let (address, admin) = self.addresses;
        let (kinds, served) = (self.board.now().config.kinds.len(), self.board.plugins.all().len());
        info!(%address, %admin, term = self.sessions.term(), kinds, served, "ready");
        self.manager.serving(&self.sessions, &self.board).await;
        self.manager.clone().reload_at(hangup, self.bell.clone());
    }

    /// Stop in order: nothing new comes in; what is under way finishes, within the config's `limits.shutdown`; what is
    /// queued is committed; answers are sent.
    ///
    /// Runs that are still under way then are cut. Their sessions are REPEATING in the store, so they are due at once
    /// when the host starts again.
    ///
    /// # Errors
    ///
    /// If the store fails meanwhile.
    pub async fn stop(self) -> Result<(), Failure> {
        let shutdown = self.board.now().config.shutdown;
        info!(?shutdown, "stopping: no new requests and repeats, those under way may finish");
        self.health.not_serving().await;
        self.manager.stopping(shutdown).await;
        self.gate.shut();
        self.sessions.stop_claims();
        self.stop.cancel();
        let cut = self.runs.drain(shutdown).await;
        if cut > 0 {
            warn!(
                runs = cut,
                "runs outlived limits.shutdown and are cut: their sessions are due when the host starts again"
            );
        }
        let ending = self.sessions.stop().await;
        drop(self.runs);
        answer(self.server).await;
        self.traces.stop().await;
        match ending {
            Ending::Stopped => {
                info!("stopped");
                Ok(())
            }
            failed @ Ending::Failed(_) => Err(failure_of(failed)),
        }
    }

    /// It cannot go on. Where the store failed the writer refuses everything by itself: say so, send those refusals, cut
    /// the runs.
    pub async fn fail(self) {
        self.health.not_serving().await;
        self.stop.cancel();
        answer(self.server).await;
    }
}

/// Let the last answers reach their clients. A client that keeps a stream open, to watch the health for example,
/// would keep the server for ever, so not for long.
async fn answer(server: JoinHandle<Result<(), tonic::transport::Error>>) {
    if !server.is_finished() {
        let _ = time::timeout(REPLY_GRACE, server).await;
    }
}

/// What a writer that ended by itself means.
#[must_use]
pub fn failure_of(ending: Ending) -> Failure {
    match ending {
        Ending::Failed(why) => Failure::StoreFailed(why),
        Ending::Stopped => Failure::StoreFailed("the writer stopped by itself".to_owned()),
    }
}
