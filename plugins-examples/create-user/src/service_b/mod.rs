//! Service B: indexes users and searches them, with SQLite's full-text search (FTS5).
//!
//! | call | answer |
//! |---|---|
//! | `PUT /index/{id}` and a user as A gives it | 204; the same again changes nothing |
//! | `GET /index/{id}` | 200 and the user, or 404 |
//! | `GET /index?after=ID&limit=` | 200 and a list by id, for paging: `after` is the last id seen |
//! | `DELETE /index/{id}` | 204, whether or not it was there |
//! | `GET /search?q=&limit=` | 200 and a list of users, best first |
//!
//! A search finds the users who have every word of `q`, or a word that begins with it, in nick, name or mail: see
//! [`query`]. Users with an attribute that *is* `q` come first. Bad input is 400 with `{"error": "…"}`; stale fences
//! are 412, as in service A.

pub mod query;
pub mod store;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{
        Path, Query, State,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode},
    routing::get,
};
use serde::Deserialize;

use crate::{
    service::{
        db::Db,
        fences::{self, Caller},
        page_rows,
        refusal::{Refusal, parse},
    },
    user::{NewUser, User},
};

type IdInPath = Result<Path<i64>, PathRejection>;

/// Open the index's file and give the routes over it.
pub fn routes(data: &std::path::Path) -> Result<Router, rusqlite::Error> {
    let db = Db::open(data, &[fences::SCHEMA, store::SCHEMA].concat())?;
    Ok(Router::new()
        .route("/index", get(list))
        .route("/index/{id}", get(read).put(upsert).delete(delete))
        .route("/search", get(search))
        .with_state(db))
}

async fn upsert(
    State(db): State<Db>,
    headers: HeaderMap,
    id: IdInPath,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Refusal> {
    let caller = Caller::from_headers(&headers)?;
    let Path(id) = id?;
    let user: User = parse(body)?;
    if user.id != id {
        return Err(Refusal::BadInput(format!("the body's id is {} but the path's is {id}: make them equal", user.id)));
    }
    NewUser { nick: user.nick.clone(), name: user.name.clone(), mail: user.mail.clone() }.check()?;
    let indexed = db.transact(move |transaction| {
        fences::pass(transaction, &caller)?;
        store::upsert(transaction, &user)
    });
    indexed.await.map(|()| StatusCode::NO_CONTENT)
}

async fn delete(State(db): State<Db>, headers: HeaderMap, id: IdInPath) -> Result<StatusCode, Refusal> {
    let caller = Caller::from_headers(&headers)?;
    let Path(id) = id?;
    let deleted = db.transact(move |transaction| {
        fences::pass(transaction, &caller)?;
        store::delete(transaction, id)
    });
    deleted.await.map(|()| StatusCode::NO_CONTENT)
}

async fn read(State(db): State<Db>, id: IdInPath) -> Result<Json<User>, Refusal> {
    let Path(id) = id?;
    let found = db.transact(move |transaction| store::by_id(transaction, id));
    found.await?.map(Json).ok_or(Refusal::NotFound)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    after: Option<i64>,
    limit: Option<u32>,
}

async fn list(State(db): State<Db>, page: Result<Query<Page>, QueryRejection>) -> Result<Json<Vec<User>>, Refusal> {
    let Query(page) = page?;
    let listed =
        db.transact(move |transaction| store::list(transaction, page.after.unwrap_or(0), page_rows(page.limit)));
    listed.await.map(Json)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Search {
    q: String,
    limit: Option<u32>,
}

async fn search(
    State(db): State<Db>,
    search: Result<Query<Search>, QueryRejection>,
) -> Result<Json<Vec<User>>, Refusal> {
    let Query(Search { q, limit }) = search?;
    let words = query::quote(&q).map_err(|why| Refusal::BadInput(why.to_string()))?;
    let found = db.transact(move |transaction| store::search(transaction, &q, &words, page_rows(limit)));
    found.await.map(Json)
}
