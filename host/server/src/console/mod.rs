//! The console: a web page for the people who operate a host, on the operators' listener.
//!
//! | file | its job |
//! |---|---|
//! | [`assets`] | the page: files in `page/`, built into the program |
//! | [`guard`] | what changes something has to come from the page itself |
//! | [`headers`] | what every answer tells the browser that it may not do |
//! | [`look`] | the routes that only look: kinds, sessions, records |
//! | [`act`] | the routes that change something |
//! | [`query`] | a filter, as the query of a URL has it |
//! | [`caller`] | who asks: hands a request on to service `Admin` |
//! | [`answer`] | an answer of service `Admin` as HTTP and JSON |
//!
//! Invariants: every route under `/api/` calls a method of service `Admin` and decides nothing itself, so what holds there (who
//! may, what is logged, what is refused) holds here; the page is the same for everybody and has no data in it; what changes
//! something is a POST that only the page itself can send.

pub mod act;
pub mod answer;
pub mod assets;
pub mod caller;
pub mod guard;
pub mod headers;
pub mod look;
pub mod query;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::from_fn,
    routing::{any, get, post},
};

use crate::{grpc::admin::AdminService, limits::CONSOLE_BODY_BYTES_MAX};

/// The page, and what it asks.
pub fn routes(admin: AdminService) -> Router {
    let api = Router::new()
        .route("/api/kinds", get(look::kinds))
        .route("/api/sessions", get(look::sessions))
        .route("/api/sessions/{id}", get(look::session))
        .route("/api/sessions/{id}/records/{number}", get(look::record))
        .route("/api/act", post(act::act))
        .route("/api/kinds/{kind}/pause", post(act::pause))
        .route("/api/kinds/{kind}/resume", post(act::resume))
        .route("/api/reload", post(act::reload))
        .route("/api/{*rest}", any(answer::no_route))
        .layer(DefaultBodyLimit::max(CONSOLE_BODY_BYTES_MAX))
        .layer(from_fn(guard::only_the_page))
        .with_state(admin);
    let page = Router::new().route("/", get(assets::index)).route("/console/{file}", get(assets::file));
    page.merge(api).layer(from_fn(headers::set))
}

/// Whether this path has no data behind it, and may be given to whoever asks: a browser sends no token until the page that it gets
/// here has asked for one.
#[must_use]
pub fn is_public(path: &str) -> bool {
    path == "/" || path.starts_with("/console/")
}
