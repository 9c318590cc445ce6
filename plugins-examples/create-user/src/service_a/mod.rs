//! Service A: keeps users. CRUD over HTTP and JSON, in one SQLite file.
//!
//! | call | answer |
//! |---|---|
//! | `POST /users` `{"nick", "name", "mail"}` | 201 and the user with its `id`; 409 and the `id` of who has the nick |
//! | `GET /users/{id}` | 200 and the user, or 404 |
//! | `GET /users?nick=` | 200 and the user, or 404 |
//! | `GET /users?after=ID&limit=` | 200 and a list by id, for paging: `after` is the last id seen |
//! | `PUT /users/{id}` `{"nick", "name", "mail"}` | 200 and the user, 404, or 409 as above |
//! | `DELETE /users/{id}` | 204, whether or not it was there |
//!
//! Bad input is 400 with `{"error": "…"}`. A `POST` with an `Idempotency-Key` gets the first answer again, whatever
//! happened since: the answer is kept in the transaction that made the user. Calls with a `Mpy6a-Fence` older than
//! one already seen of their session are 412: see [`crate::service::fences`].

pub mod store;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{
        Path, Query, State,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::{get, post},
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
type Body = Result<Bytes, BytesRejection>;

/// Open the users' file and give the routes over it.
pub fn routes(data: &std::path::Path) -> Result<Router, rusqlite::Error> {
    let db = Db::open(data, &[fences::SCHEMA, store::SCHEMA].concat())?;
    Ok(Router::new()
        .route("/users", post(create).get(find))
        .route("/users/{id}", get(read).put(update).delete(delete))
        .with_state(db))
}

async fn create(State(db): State<Db>, headers: HeaderMap, body: Body) -> Result<Response, Refusal> {
    let caller = Caller::from_headers(&headers)?;
    let wanted: NewUser = parse(body)?;
    wanted.check()?;
    let created = db.transact(move |transaction| {
        fences::pass(transaction, &caller)?;
        store::create(transaction, &wanted, caller.key.as_deref())
    });
    match created.await? {
        store::Created::New(user) => Ok((StatusCode::CREATED, Json(user)).into_response()),
        store::Created::Taken(id) => Err(Refusal::NickTaken(id)),
    }
}

async fn read(State(db): State<Db>, headers: HeaderMap, id: IdInPath) -> Result<Json<User>, Refusal> {
    let caller = Caller::from_headers(&headers)?;
    let Path(id) = id?;
    let found = db.transact(move |transaction| {
        fences::pass(transaction, &caller)?;
        store::by_id(transaction, id)
    });
    found.await?.map(Json).ok_or(Refusal::NotFound)
}

/// Either `nick`, or a page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Find {
    nick: Option<String>,
    after: Option<i64>,
    limit: Option<u32>,
}

async fn find(
    State(db): State<Db>,
    headers: HeaderMap,
    query: Result<Query<Find>, QueryRejection>,
) -> Result<Response, Refusal> {
    let caller = Caller::from_headers(&headers)?;
    let Query(find) = query?;
    let Some(nick) = find.nick else {
        let page =
            db.transact(move |transaction| store::list(transaction, find.after.unwrap_or(0), page_rows(find.limit)));
        return Ok(Json(page.await?).into_response());
    };
    // The look-up and the fence are one transaction: "nobody has this nick" stays true for every older call of the
    // session, because it will be refused.
    let found = db.transact(move |transaction| {
        fences::pass(transaction, &caller)?;
        store::by_nick(transaction, &nick)
    });
    found.await?.map(|user| Json(user).into_response()).ok_or(Refusal::NotFound)
}

async fn update(State(db): State<Db>, headers: HeaderMap, id: IdInPath, body: Body) -> Result<Json<User>, Refusal> {
    let caller = Caller::from_headers(&headers)?;
    let Path(id) = id?;
    let wanted: NewUser = parse(body)?;
    wanted.check()?;
    let updated = db.transact(move |transaction| {
        fences::pass(transaction, &caller)?;
        store::update(transaction, &wanted.with_id(id))
    });
    updated.await.map(Json)
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
