//! Doing something to sessions.

use mpy6a_proto::v1::{self, acted::Outcome};
use mpy6a_sessions::{AdminOp, AdminRequest};
use tonic::Status;
use tracing::info;

use super::AdminService;
use crate::{
    error::{invalid, refused},
    grpc::convert,
    limits::TARGETS_MAX,
};

impl AdminService {
    /// One thing to each of some sessions. `who`: for the log.
    pub(super) async fn act(
        &self,
        request: v1::ActOnSessionsRequest,
        who: &str,
    ) -> Result<v1::ActOnSessionsResponse, Status> {
        let requests = asked(&request)?;
        let first = requests.first().map(|request| request.id.to_string()).unwrap_or_default();
        let results: Vec<_> = self.sessions.administer(requests).await.into_iter().map(acted).collect();

        let done = results.iter().filter(|acted| matches!(acted.outcome, Some(Outcome::Done(_)))).count();
        let action = request.action().as_str_name();
        info!(who, action, first, done, refused = results.len() - done, "sessions administered");
        Ok(v1::ActOnSessionsResponse { results })
    }
}

/// What is asked of each session.
///
/// # Errors
///
/// `REQUEST_INVALID`: no action, no such one, a target without an id, or too many.
pub fn asked(request: &v1::ActOnSessionsRequest) -> Result<Vec<AdminRequest>, Status> {
    let op = match v1::Action::try_from(request.action) {
        Ok(v1::Action::Repeat) => AdminOp::Repeat,
        Ok(v1::Action::Park) => AdminOp::Park,
        Ok(v1::Action::Redrive) => AdminOp::Redrive,
        Ok(v1::Action::Delete) => AdminOp::Delete,
        Ok(v1::Action::Unspecified) | Err(_) => {
            return Err(invalid("`action` is missing or none: use repeat, park, redrive or delete"));
        }
    };
    let count = request.targets.len();
    if count > TARGETS_MAX {
        return Err(invalid(&format!("{count} targets are over the limit of {TARGETS_MAX}: send them in parts")));
    }
    let one = |target: &v1::Target| {
        let id = convert::id(target.id)?;
        let unchanged_since = target.unchanged_since.map(|since| convert::id(Some(since))).transpose()?;
        Ok(AdminRequest { id, op, unchanged_since, force: request.force })
    };
    request.targets.iter().map(one).collect()
}

/// The states in which an action can be done: what a filter means that names none. `force`: also where a client holds the session.
#[must_use]
pub fn states_for(action: v1::Action, force: bool) -> Vec<v1::SessionState> {
    use v1::{
        Action,
        SessionState::{Active, Parked, Stored},
    };
    let mut states = match action {
        Action::Redrive => vec![Parked],
        Action::Delete => vec![Stored, Parked],
        Action::Repeat | Action::Park | Action::Unspecified => vec![Stored],
    };
    if force && matches!(action, Action::Park | Action::Delete) {
        states.push(Active);
    }
    states
}

fn acted(result: Result<mpy6a_sessions::Applied, mpy6a_sessions::Error>) -> v1::Acted {
    let outcome = match result {
        Ok(applied) => {
            Outcome::Done(v1::Done { change_id: Some(convert::index(applied.change_id)), due_ms: applied.due_ms })
        }
        Err(error) => Outcome::Refused(refused(&error)),
    };
    v1::Acted { outcome: Some(outcome) }
}
