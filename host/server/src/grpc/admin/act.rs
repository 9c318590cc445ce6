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
        let (op, name) = op(request.action)?;
        let targets = request.targets;
        if targets.len() > TARGETS_MAX {
            return Err(invalid(&format!(
                "{} targets are over the limit of {TARGETS_MAX}: send them in parts",
                targets.len()
            )));
        }
        let asked = |target: &v1::Target| {
            let id = convert::id(target.id)?;
            let unchanged_since = target.unchanged_since.map(|since| convert::id(Some(since))).transpose()?;
            Ok(AdminRequest { id, op, unchanged_since, force: request.force })
        };
        let requests = targets.iter().map(asked).collect::<Result<Vec<_>, Status>>()?;
        let first = requests.first().map(|request| request.id.to_string()).unwrap_or_default();
        let results: Vec<_> = self.sessions.administer(requests).await.into_iter().map(acted).collect();

        let done = results.iter().filter(|acted| matches!(acted.outcome, Some(Outcome::Done(_)))).count();
        info!(who, action = name, first, done, refused = results.len() - done, "sessions administered");
        Ok(v1::ActOnSessionsResponse { results })
    }
}

fn op(action: i32) -> Result<(AdminOp, &'static str), Status> {
    match v1::Action::try_from(action) {
        Ok(v1::Action::Repeat) => Ok((AdminOp::Repeat, "repeat")),
        Ok(v1::Action::Park) => Ok((AdminOp::Park, "park")),
        Ok(v1::Action::Redrive) => Ok((AdminOp::Redrive, "redrive")),
        Ok(v1::Action::Delete) => Ok((AdminOp::Delete, "delete")),
        Ok(v1::Action::Unspecified) | Err(_) => {
            Err(invalid("`action` is missing or none: use repeat, park, redrive or delete"))
        }
    }
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
