//! Every answer of a service that is not a success: a status and `{"error": "…"}`.

use axum::{
    Json,
    body::Bytes,
    extract::rejection::{BytesRejection, PathRejection, QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::BODY_BYTES_MAX;
use crate::user::BadUser;

/// Why a service did not do what it was asked. Nothing was changed.
#[derive(Debug)]
pub enum Refusal {
    /// 400: the request is malformed; the text says how to mend it.
    BadInput(String),
    /// 404: there is no such user.
    NotFound,
    /// 409: another user has this nick, the one with this id.
    NickTaken(i64),
    /// 412: the caller's session has changed hands since; the newest holder's call was seen already.
    Fenced,
    /// 413: the body is longer than [`BODY_BYTES_MAX`].
    TooLarge,
    /// 422: this idempotency key was used with another body.
    KeyReused,
    /// 500: SQLite failed.
    Broken(rusqlite::Error),
    /// 503: more calls at once than the service takes.
    Busy,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        use StatusCode as S;
        let (status, body) = match self {
            Self::BadInput(why) => (S::BAD_REQUEST, json!({ "error": why })),
            Self::NotFound => (S::NOT_FOUND, json!({ "error": "no such user" })),
            Self::NickTaken(id) => (S::CONFLICT, json!({ "error": "nick taken", "id": id })),
            Self::Fenced => (
                S::PRECONDITION_FAILED,
                json!({ "error": "the session has changed hands: a newer holder has called already" }),
            ),
            Self::TooLarge => {
                (S::PAYLOAD_TOO_LARGE, json!({ "error": format!("the body is over {BODY_BYTES_MAX} bytes") }))
            }
            Self::KeyReused => (
                S::UNPROCESSABLE_ENTITY,
                json!({ "error": "this Idempotency-Key was used with another body: use a new key" }),
            ),
            Self::Broken(why) => {
                eprintln!("the database failed: {why}");
                (S::INTERNAL_SERVER_ERROR, json!({ "error": "the database failed; the service's log says how" }))
            }
            Self::Busy => (S::SERVICE_UNAVAILABLE, json!({ "error": "too many calls at once: try again" })),
        };
        (status, Json(body)).into_response()
    }
}

/// A body as JSON, or the refusal that says what is wrong with it. The content type is not looked at: a handler that
/// calls without a library need not set one.
pub fn parse<T: DeserializeOwned>(body: Result<Bytes, BytesRejection>) -> Result<T, Refusal> {
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::TooLarge,
        _ => Refusal::BadInput(rejection.body_text()),
    })?;
    serde_json::from_slice(&body).map_err(|why| Refusal::BadInput(format!("the body is not as expected: {why}")))
}

impl From<rusqlite::Error> for Refusal {
    fn from(why: rusqlite::Error) -> Self {
        Self::Broken(why)
    }
}

impl From<BadUser> for Refusal {
    fn from(why: BadUser) -> Self {
        Self::BadInput(why.to_string())
    }
}

impl From<PathRejection> for Refusal {
    fn from(why: PathRejection) -> Self {
        Self::BadInput(why.body_text())
    }
}

impl From<QueryRejection> for Refusal {
    fn from(why: QueryRejection) -> Self {
        Self::BadInput(why.body_text())
    }
}
