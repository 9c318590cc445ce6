//! The routes that change something. Each is a POST of JSON that only the page can send: see [`guard`](super::guard).
//!
//! | route | body | does |
//! |---|---|---|
//! | `POST /api/act` | `{"action": "redrive", "targets": [{"id": "3-42", "unchanged_since": "3-50"}], "force": false}` | one thing to each of some sessions |
//! | `POST /api/kinds/1/pause`, `…/resume` | `{}` | pauses a kind, resumes it |
//! | `POST /api/reload` | `{}` | reads the config and every plugin again |

use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
};
use http::StatusCode;
use mpy6a_proto::v1::{self, acted::Outcome, admin_server::Admin as _};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    answer::Refused,
    caller::Caller,
    look::index,
    query::{number, wrong_action},
};
use crate::{grpc::admin::AdminService, json};

/// What to do to which sessions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    action: String,
    targets: Vec<Target>,
    #[serde(default)]
    force: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    id: String,
    unchanged_since: Option<String>,
}

/// Nothing to say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

type Body<T> = Result<Json<T>, JsonRejection>;

/// One thing to each of some sessions: for each, in order, when it is due now, or why not.
pub async fn act(State(admin): State<AdminService>, caller: Caller, body: Body<Act>) -> Result<Json<Value>, Refused> {
    let Act { action, targets, force } = read(body)?;
    let action = json::action_named(&action).ok_or_else(|| wrong_action(&action))?;
    let targets = targets.iter().map(target).collect::<Result<_, _>>()?;
    let request = v1::ActOnSessionsRequest { action: action.into(), targets, force };
    let answer = admin.act_on_sessions(caller.asks(request)).await?.into_inner();
    let results: Vec<_> = answer.results.into_iter().map(acted).collect();
    Ok(Json(json!({ "results": results })))
}

/// Pause a kind.
pub async fn pause(
    State(admin): State<AdminService>,
    caller: Caller,
    Path(kind): Path<String>,
    body: Body<Nothing>,
) -> Result<Json<Value>, Refused> {
    let Nothing {} = read(body)?;
    let kind = number("kind", &kind)?;
    admin.pause_kind(caller.asks(v1::PauseKindRequest { kind })).await?;
    Ok(Json(json!({})))
}

/// Resume a kind.
pub async fn resume(
    State(admin): State<AdminService>,
    caller: Caller,
    Path(kind): Path<String>,
    body: Body<Nothing>,
) -> Result<Json<Value>, Refused> {
    let Nothing {} = read(body)?;
    let kind = number("kind", &kind)?;
    admin.resume_kind(caller.asks(v1::ResumeKindRequest { kind })).await?;
    Ok(Json(json!({})))
}

/// Read everything again: what is wrong with it, if anything.
pub async fn reload(
    State(admin): State<AdminService>,
    caller: Caller,
    body: Body<Nothing>,
) -> Result<Json<Value>, Refused> {
    let Nothing {} = read(body)?;
    let answer = admin.reload(caller.asks(v1::ReloadRequest {})).await?.into_inner();
    let kinds: Vec<_> = answer.kinds.iter().map(json::kind).collect();
    Ok(Json(json!({ "config_trouble": answer.config_trouble, "kinds": kinds })))
}

fn read<T>(body: Body<T>) -> Result<T, Refused> {
    let wrong = |rejection: JsonRejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let message = "the body is too long: send the targets in parts";
            Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "REQUEST_TOO_LARGE", message)
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            let message = "the body is not said to be JSON: send `content-type: application/json`";
            Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "REQUEST_INVALID", message)
        }
        _ => Refused::invalid(format!("the body is not what this route takes: correct it: {}", rejection.body_text())),
    };
    body.map(|Json(it)| it).map_err(wrong)
}

fn target(given: &Target) -> Result<v1::Target, Refused> {
    let unchanged_since = given.unchanged_since.as_deref().map(index).transpose()?;
    Ok(v1::Target { id: Some(index(&given.id)?), unchanged_since })
}

fn acted(acted: v1::Acted) -> Value {
    match acted.outcome {
        Some(Outcome::Refused(it)) => json!({ "reason": it.reason, "message": it.message }),
        Some(Outcome::Done(done)) => json!({ "due_ms": done.due_ms }),
        None => json!({ "due_ms": null }),
    }
}
