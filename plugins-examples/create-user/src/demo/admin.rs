//! What the host says of its sessions.

use std::time::Duration;

use mpy6a_proto::v1::{Kind, ListKindsRequest, admin_client::AdminClient};
use tonic::transport::Endpoint;

use super::{Trouble, config::KIND, progress::Board, stage::Stage};

/// How often the host is asked whether sessions are left.
const ASK_EVERY: Duration = Duration::from_millis(200);
/// How long to wait for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// The sessions that a host has, of the demonstration's kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sessions {
    /// Held by clients, or not yet taken from dead ones.
    pub active: u64,
    /// Waiting for their repeat.
    pub stored: u64,
    /// Being repeated.
    pub repeating: u64,
    /// Out of repeats.
    pub parked: u64,
}

impl Sessions {
    /// How many are still to come to an end by themselves.
    pub fn unfinished(self) -> u64 {
        self.active + self.stored + self.repeating
    }
}

impl From<&Kind> for Sessions {
    fn from(kind: &Kind) -> Self {
        Self { active: kind.active, stored: kind.stored, repeating: kind.repeating, parked: kind.parked }
    }
}

/// Every kind of the host at this URL.
pub async fn list_kinds(url: &str) -> Result<Vec<Kind>, Trouble> {
    let endpoint = Endpoint::from_shared(url.to_owned())?.connect_timeout(ANSWER_WITHIN).timeout(ANSWER_WITHIN);
    let mut admin = AdminClient::new(endpoint.connect().await?);
    Ok(admin.list_kinds(ListKindsRequest {}).await?.into_inner().kinds)
}

/// The demonstration's kind.
async fn kind(url: &str) -> Result<Kind, Trouble> {
    let found = list_kinds(url).await?.into_iter().find(|kind| kind.id == KIND);
    found.ok_or_else(|| format!("the host at {url} has no kind {KIND}").into())
}

/// How many sessions the host has.
pub async fn sessions(url: &str) -> Result<Sessions, Trouble> {
    Ok(Sessions::from(&kind(url).await?))
}

/// An error if the host has no handler in service: then no session would ever be repeated.
pub async fn check_handler(url: &str) -> Result<(), Trouble> {
    let kind = kind(url).await?;
    if kind.plugin.is_some() { Ok(()) } else { Err(format!("the handler is not in service: {}", kind.trouble).into()) }
}

/// Wait until the host has no session left, but for parked ones.
pub async fn wait_until_none_left(stage: &mut Stage, board: &Board) -> Result<(), Trouble> {
    let url = stage.admin_url();
    loop {
        stage.check_runs()?;
        let sessions = sessions(&url).await?;
        board.waiting_for(sessions);
        if sessions.unfinished() == 0 {
            return Ok(());
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}
