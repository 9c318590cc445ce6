//! The repeat handler of the worked example: finish the creation of a user, or forget it.
//!
//! Service A keeps users, service B indexes them for search. A client that creates a user records first what it wants
//! (`{"step":"create","user":{"nick","name","mail"}}`), asks A, records the id that A gave (`{"step":"created","id"}`),
//! asks B, and deletes the session. It may fail after any of these. This handler then does, step by step:
//!
//! 1. Take what the session recorded.
//! 2. If it has no id, look the user up in A by nick; else fetch it by id.
//! 3. No such user: delete the session and leave. A never created it, and there is nothing to undo.
//! 4. Index the user that was found in B, by its attributes.
//! 5. Delete the session and leave.
//!
//! On any error it leaves at once, to be repeated. Only a record that it cannot read is permanent.
//!
//! # Why it is right
//!
//! * *Repeating is harmless*: a look-up changes nothing, and indexing the same user again changes nothing.
//! * *A late creation cannot slip in after step 3*: both look-ups name a step, so they carry the fence, and A refuses
//!   a call of an earlier holder of the session from then on. See `create_user::service::fences`.
//! * *Only A may say that there is no such user*: a 404 that is not in A's words (a wrong path, a proxy) is an error.
//! * *A nick is not a proof*. Lists have duplicates: when A refused to create this user because another has the nick,
//!   and the client died before it could delete the session, the look-up finds the *other* user. It is indexed all the
//!   same (it should be, its attributes may have been changed since this session asked for it, and it does no harm),
//!   but unless it is what this session asked for, it does not count as this one rolled forward.

use std::time::Duration;

use mpy6a_handler::{Failure, Repeat, http, info, settings};
use serde::{Deserialize, Serialize};

mpy6a_handler::export!(handle);

/// How long to wait for A, and again for B. Both together stay under the run's own limit (10 s by default), so that a
/// service that hangs ends the run with a reason that names it.
const CALL_TIMEOUT: Duration = Duration::from_secs(3);

/// What the client recorded.
#[derive(Deserialize)]
#[serde(tag = "step", rename_all = "lowercase")]
enum Record {
    Create { user: Wanted },
    Created { id: i64 },
}

/// The user as the client wants it.
#[derive(Deserialize)]
struct Wanted {
    nick: String,
    name: String,
    mail: String,
}

/// How far the client came.
#[derive(Default)]
struct Progress {
    wanted: Option<Wanted>,
    id: Option<i64>,
}

/// The user as A keeps it and B indexes it.
#[derive(Deserialize, Serialize)]
struct User {
    id: i64,
    nick: String,
    name: String,
    mail: String,
}

/// A's words for "no": an object that has this field.
#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "error")]
    _error: String,
}

fn handle(repeat: Repeat) -> Result<(), Failure> {
    let progress = repeat.replay(|progress: &mut Progress, record| match record {
        Record::Create { user } => progress.wanted = Some(user),
        Record::Created { id } => progress.id = Some(id),
    })?;
    finish(&repeat, &progress).map_err(Failure::into_retry)
}

fn finish(repeat: &Repeat, progress: &Progress) -> Result<(), Failure> {
    let Some(user) = look_up(progress)? else {
        repeat.delete()?;
        info!("rolled back: no such user");
        return Ok(());
    };
    index(&user)?;
    repeat.delete()?;
    match progress.asked_for(&user) {
        true => info!("rolled forward user {}", user.id),
        false => info!("rolled back: no such user; user {} has the nick", user.id),
    }
    Ok(())
}

/// Ask A for the user, by id if it is known.
fn look_up(progress: &Progress) -> Result<Option<User>, Failure> {
    let users = format!("{}/users", settings::require("service_a")?);
    let request = match progress {
        Progress { id: Some(id), .. } => http::get(format!("{users}/{id}")),
        Progress { wanted: Some(wanted), .. } => http::get(users).query("nick", &wanted.nick),
        // The client died before its first record, so it never asked A for anything.
        Progress { wanted: None, id: None } => return Ok(None),
    };
    let response = request.step("find").timeout(CALL_TIMEOUT).send()?;
    if response.status() == 404 {
        return response.json().map(|_: Refusal| None);
    }
    response.expect_success()?.json().map(Some)
}

/// Have B index the user.
fn index(user: &User) -> Result<(), Failure> {
    let url = format!("{}/index/{}", settings::require("service_b")?, user.id);
    http::put(url).json(user).step("index").timeout(CALL_TIMEOUT).send()?.expect_success()?;
    Ok(())
}

impl Progress {
    /// Whether this is the user of this session: A gave it this id, or it is what the session asked for.
    fn asked_for(&self, user: &User) -> bool {
        match (self.id, &self.wanted) {
            (Some(id), _) => id == user.id,
            (None, Some(wanted)) => (&wanted.nick, &wanted.name, &wanted.mail) == (&user.nick, &user.name, &user.mail),
            (None, None) => false,
        }
    }
}

#[cfg(test)]
mod tests;
