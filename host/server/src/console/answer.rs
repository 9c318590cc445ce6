//! An answer of service `Admin` as HTTP and JSON: what went well as itself, what was refused as
//! `{"reason", "message", "retry_ms"}` with a status that fits. Reasons are those of `docs/protocol.md`, and
//! some of the routes' own.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::json;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::error::REQUEST_INVALID;

/// Why a request was not done.
#[derive(Debug)]
pub struct Refused {
    status: StatusCode,
    reason: String,
    message: String,
    retry_ms: Option<u64>,
}

impl Refused {
    /// The console's own refusal; `message` names the remedy.
    #[must_use]
    pub fn new(status: StatusCode, reason: &str, message: impl Into<String>) -> Self {
        Self { status, reason: reason.to_owned(), message: message.into(), retry_ms: None }
    }

    /// A request that says too little, or nonsense.
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, REQUEST_INVALID, message)
    }
}

impl From<Status> for Refused {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let retry = details.retry_info().and_then(|info| info.retry_delay);
        Self {
            status: http_status(status.code()),
            reason: details.error_info().map(|info| info.reason.clone()).unwrap_or_default(),
            message: status.message().to_owned(),
            retry_ms: retry.map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX)),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = json!({ "reason": self.reason, "message": self.message, "retry_ms": self.retry_ms });
        (self.status, Json(body)).into_response()
    }
}

/// As gRPC's own mapping has it, but that what came too late is a conflict.
fn http_status(code: Code) -> StatusCode {
    match code {
        Code::InvalidArgument | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted | Code::FailedPrecondition => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Ok | Code::Cancelled | Code::Unknown | Code::Internal | Code::DataLoss => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

/// Nothing is there.
pub fn missing(message: &str) -> Response {
    Refused::new(StatusCode::NOT_FOUND, "ROUTE_UNKNOWN", message).into_response()
}

/// A path under `/api/` that is none.
pub async fn no_route() -> Response {
    missing("the host has no such route: open / and use the console, or call service mpy6a.v1.Admin")
}
