//! The routes that only look.
//!
//! | route | answers |
//! |---|---|
//! | `GET /api/kinds` | every kind, as `mpy6a kind ls --output json` has it |
//! | `GET /api/sessions?…` | a page of sessions, as `mpy6a session ls --output json` has them; [`query`](super::query) says which |
//! | `GET /api/sessions/3-42?from=0` | one, with its attempts, the first bytes of its records from number `from` on, and what can be done to it |
//! | `GET /api/sessions/3-42/records/0` | one record, whole |

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State},
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, StatusCode, header};
use mpy6a_proto::v1::{self, admin_server::Admin as _};
use serde_json::{Value, json};

use super::{
    answer::Refused,
    caller::Caller,
    query::{self, number},
};
use crate::{
    grpc::admin::{AdminService, act::states_for},
    json,
    limits::{RECORD_PREVIEW_BYTES, RECORDS_LISTED_MAX},
    time::now_ms,
};

type Pairs = Query<Vec<(String, String)>>;

/// Every kind.
pub async fn kinds(State(admin): State<AdminService>, caller: Caller) -> Result<Json<Value>, Refused> {
    let answer = admin.list_kinds(caller.asks(v1::ListKindsRequest {})).await?.into_inner();
    let kinds: Vec<_> = answer.kinds.iter().map(json::kind).collect();
    Ok(Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "term": answer.term,
        "now_ms": now_ms(),
        "kinds": kinds,
    })))
}

/// A page of sessions.
pub async fn sessions(
    State(admin): State<AdminService>,
    caller: Caller,
    Query(pairs): Pairs,
) -> Result<Json<Value>, Refused> {
    let page = match query::page(&pairs, now_ms())? {
        Some(request) => admin.list_sessions(caller.asks(request)).await?.into_inner(),
        None => v1::ListSessionsResponse::default(),
    };
    let names = json::names(&admin.list_kinds(caller.asks(v1::ListKindsRequest {})).await?.into_inner().kinds);
    let sessions: Vec<_> = page.sessions.iter().map(|session| json::summary(session, &names)).collect();
    Ok(Json(json!({ "now_ms": now_ms(), "sessions": sessions, "next": page.next_page_token })))
}

/// One session.
pub async fn session(
    State(admin): State<AdminService>,
    caller: Caller,
    Path(id): Path<String>,
    Query(pairs): Pairs,
) -> Result<Json<Value>, Refused> {
    let from = pairs.iter().find(|(name, _)| name == "from").map_or(Ok(0), |(name, value)| number(name, value))?;
    let session = get(&admin, &caller, &id).await?;
    let names = json::names(&admin.list_kinds(caller.asks(v1::ListKindsRequest {})).await?.into_inner().kinds);
    let mut object = json::session(&session, &json::kind_name(session.kind, &names));
    let shown = session.records.iter().enumerate().skip(from).take(RECORDS_LISTED_MAX);
    object["now_ms"] = now_ms().into();
    object["record_count"] = session.records.len().into();
    object["records"] = shown.map(|(number, bytes)| preview(number, bytes)).collect();
    object["can"] = can(session.state());
    Ok(Json(object))
}

/// One record, to be saved or looked at whole.
pub async fn record(
    State(admin): State<AdminService>,
    caller: Caller,
    Path((id, which)): Path<(String, String)>,
) -> Result<Response, Refused> {
    let which: usize = number("record", &which)?;
    let session = get(&admin, &caller, &id).await?;
    let count = session.records.len();
    let no_such = || {
        let message = format!("session {id} has {count} records, numbered from 0: open the session again");
        Refused::new(StatusCode::NOT_FOUND, "RECORD_NOT_FOUND", message)
    };
    let record: Bytes = session.records.into_iter().nth(which).ok_or_else(no_such)?;
    let mut response = record.into_response();
    let headers = response.headers_mut();
    // Never shown by the browser itself, whatever is in it.
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    Ok(response)
}

async fn get(admin: &AdminService, caller: &Caller, id: &str) -> Result<v1::GetSessionResponse, Refused> {
    let request = v1::GetSessionRequest { id: Some(index(id)?) };
    Ok(admin.get_session(caller.asks(request)).await?.into_inner())
}

/// An id as people write it.
///
/// # Errors
///
/// `REQUEST_INVALID`: it is none.
pub fn index(text: &str) -> Result<v1::Index, Refused> {
    let parsed = text.parse::<mpy6a_sessions::Index>();
    let index = parsed.map_err(|_| Refused::invalid(format!("{text:?} is no session's id: write one like 3-1042")))?;
    Ok(v1::Index { term: index.term, index: index.index })
}

fn preview(number: usize, bytes: &[u8]) -> Value {
    let shown = &bytes[..bytes.len().min(RECORD_PREVIEW_BYTES)];
    json!({ "number": number, "bytes": bytes.len(), "hex": hex::encode(shown) })
}

/// For each action whether a session in this state admits it: `yes`, only by `force`, or `no`.
fn can(state: v1::SessionState) -> Value {
    let admits = |action| {
        let within = |force| states_for(action, force).contains(&state);
        if within(false) {
            "yes"
        } else if within(true) {
            "force"
        } else {
            "no"
        }
    };
    use v1::Action::{Delete, Park, Redrive, Repeat};
    json!({ "repeat": admits(Repeat), "park": admits(Park), "redrive": admits(Redrive), "delete": admits(Delete) })
}
