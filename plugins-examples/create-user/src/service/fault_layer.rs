//! Carries out the faults, around every call of a service; and serves `/faults`, the switch itself.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Request, State, rejection::BytesRejection},
    http::{Method, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;
use tokio::sync::Semaphore;

use super::{
    BODY_BYTES_MAX,
    faults::{Fault, Faults, Report, Setting, Work},
    refusal::{Refusal, parse},
};

/// How many calls may be under way at once, those included whose caller has gone. Each holds a body and a task, some
/// tens of kilobytes.
const CALLS_MAX: usize = 1_024;

/// Marks a response that must not be sent: [`super::serve`] closes the connection instead.
#[derive(Clone, Copy, Debug)]
pub struct LoseAnswer;

#[derive(Clone)]
struct Layer {
    faults: Arc<Faults>,
    calls: Arc<Semaphore>,
}

/// The service's routes with the faults around them, and the switch beside them.
pub fn wrap(routes: Router, faults: Arc<Faults>) -> Router {
    let layer = Layer { faults: Arc::clone(&faults), calls: Arc::new(Semaphore::new(CALLS_MAX)) };
    let switch = Router::new().route("/faults", get(show).put(set)).with_state(faults);
    routes.layer(middleware::from_fn_with_state(layer, call)).merge(switch)
}

async fn show(State(faults): State<Arc<Faults>>) -> Json<Report> {
    Json(faults.report())
}

async fn set(State(faults): State<Arc<Faults>>, body: Result<Bytes, BytesRejection>) -> Result<Json<Report>, Refusal> {
    let setting: Setting = parse(body)?;
    setting.check().map_err(Refusal::BadInput)?;
    faults.set(setting);
    Ok(Json(faults.report()))
}

/// One call. It is read whole first and then runs in a task of its own, so that a caller who hangs up early does not
/// stop it: a real service does not notice either.
async fn call(State(layer): State<Layer>, request: Request, next: Next) -> Response {
    let Ok(permit) = Arc::clone(&layer.calls).try_acquire_owned() else {
        return Refusal::Busy.into_response();
    };
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_BYTES_MAX).await else {
        return Refusal::TooLarge.into_response();
    };
    let request = Request::from_parts(head, Body::from(body));
    let fault = layer.faults.decide(is_listing(&request));
    let task = tokio::spawn(async move {
        let _permit = permit;
        let response = carry_out(fault, request, next).await;
        if response.status() == StatusCode::PRECONDITION_FAILED {
            layer.faults.count_fenced();
        }
        response
    });
    task.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

async fn carry_out(fault: Option<Fault>, request: Request, next: Next) -> Response {
    let failed = || (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "error": "made to fail" }))).into_response();
    match fault {
        None => next.run(request).await,
        Some(Fault::Fail) => failed(),
        Some(Fault::Lose) => {
            let mut response = next.run(request).await;
            response.extensions_mut().insert(LoseAnswer);
            response
        }
        Some(Fault::Hang(work, hang_ms)) => {
            let hang = tokio::time::sleep(Duration::from_millis(hang_ms));
            match work {
                Work::Never => {
                    hang.await;
                    failed()
                }
                Work::First => {
                    let response = next.run(request).await;
                    hang.await;
                    response
                }
                Work::Last => {
                    hang.await;
                    next.run(request).await
                }
            }
        }
    }
}

/// Whether this looks at more than one user, or at B's index: how one checks the result, not how users are made.
fn is_listing(request: &Request) -> bool {
    let path = request.uri().path();
    let by_nick = request.uri().query().is_some_and(|query| query.split('&').any(|pair| pair.starts_with("nick=")));
    let lists_users = path == "/users" && !by_nick;
    request.method() == Method::GET && (lists_users || path == "/search" || path.starts_with("/index"))
}
