//! The rows of service A: its users, and the first answers of its idempotency keys.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use crate::{
    service::{
        fences::{forget_before_ms, now_ms},
        refusal::Refusal,
    },
    user::{NewUser, User},
};

/// The tables.
///
/// `users`: AUTOINCREMENT, so that no id is ever given twice: an id that a session or B's index still holds can then
/// never come to mean somebody else. The nick is unique byte for byte (SQLite's BINARY collation).
///
/// `answers`: one row for each idempotency key: what was asked, and the user or the taken nick that came of it.
/// Forgotten after a day.
pub const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS users (
        id   INTEGER PRIMARY KEY AUTOINCREMENT,
        nick TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        mail TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS answers (
        key     TEXT PRIMARY KEY,
        nick    TEXT NOT NULL,
        name    TEXT NOT NULL,
        mail    TEXT NOT NULL,
        created INTEGER NOT NULL,
        id      INTEGER NOT NULL,
        made_ms INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS answers_by_age ON answers (made_ms);";

/// What came of a wish to create a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// The user exists now.
    New(User),
    /// Another user, the one with this id, has the nick. Nothing was changed.
    Taken(i64),
}

/// Create a user, or repeat the first answer of `key`.
pub fn create(transaction: &Transaction<'_>, wanted: &NewUser, key: Option<&str>) -> Result<Created, Refusal> {
    if let Some(first) = key.map(|key| first_answer(transaction, key)).transpose()?.flatten() {
        return first.for_request(wanted);
    }
    let created = match by_nick(transaction, &wanted.nick)? {
        Some(other) => Created::Taken(other.id),
        None => {
            transaction.prepare_cached("INSERT INTO users (nick, name, mail) VALUES (?1, ?2, ?3)")?.execute([
                &wanted.nick,
                &wanted.name,
                &wanted.mail,
            ])?;
            Created::New(wanted.clone().with_id(transaction.last_insert_rowid()))
        }
    };
    if let Some(key) = key {
        remember_answer(transaction, key, wanted, &created)?;
    }
    Ok(created)
}

/// The user with this id.
pub fn by_id(transaction: &Transaction<'_>, id: i64) -> Result<Option<User>, Refusal> {
    let mut select = transaction.prepare_cached("SELECT id, nick, name, mail FROM users WHERE id = ?1")?;
    Ok(select.query_row([id], user).optional()?)
}

/// The user with exactly this nick.
pub fn by_nick(transaction: &Transaction<'_>, nick: &str) -> Result<Option<User>, Refusal> {
    let mut select = transaction.prepare_cached("SELECT id, nick, name, mail FROM users WHERE nick = ?1")?;
    Ok(select.query_row([nick], user).optional()?)
}

/// At most `rows` users with an id above `after`, by id.
pub fn list(transaction: &Transaction<'_>, after: i64, rows: u32) -> Result<Vec<User>, Refusal> {
    let mut select =
        transaction.prepare_cached("SELECT id, nick, name, mail FROM users WHERE id > ?1 ORDER BY id LIMIT ?2")?;
    Ok(select.query_map([after, i64::from(rows)], user)?.collect::<Result<_, _>>()?)
}

/// Give an existing user new attributes.
pub fn update(transaction: &Transaction<'_>, wanted: &User) -> Result<User, Refusal> {
    if let Some(other) = by_nick(transaction, &wanted.nick)?.filter(|other| other.id != wanted.id) {
        return Err(Refusal::NickTaken(other.id));
    }
    let changed = transaction
        .prepare_cached("UPDATE users SET nick = ?2, name = ?3, mail = ?4 WHERE id = ?1")?
        .execute(params![wanted.id, wanted.nick, wanted.name, wanted.mail])?;
    if changed == 0 { Err(Refusal::NotFound) } else { Ok(wanted.clone()) }
}

/// Make sure that there is no user with this id.
pub fn delete(transaction: &Transaction<'_>, id: i64) -> Result<(), Refusal> {
    transaction.prepare_cached("DELETE FROM users WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// What was asked with an idempotency key, and what came of it.
struct FirstAnswer {
    request: NewUser,
    created: bool,
    id: i64,
}

impl FirstAnswer {
    fn for_request(self, wanted: &NewUser) -> Result<Created, Refusal> {
        match (self.request == *wanted, self.created) {
            (false, _) => Err(Refusal::KeyReused),
            (true, true) => Ok(Created::New(self.request.with_id(self.id))),
            (true, false) => Ok(Created::Taken(self.id)),
        }
    }
}

fn first_answer(transaction: &Transaction<'_>, key: &str) -> Result<Option<FirstAnswer>, Refusal> {
    let mut select = transaction.prepare_cached("SELECT nick, name, mail, created, id FROM answers WHERE key = ?1")?;
    let first = select.query_row([key], |row| {
        let request = NewUser { nick: row.get(0)?, name: row.get(1)?, mail: row.get(2)? };
        Ok(FirstAnswer { request, created: row.get(3)?, id: row.get(4)? })
    });
    Ok(first.optional()?)
}

fn remember_answer(
    transaction: &Transaction<'_>,
    key: &str,
    request: &NewUser,
    answer: &Created,
) -> Result<(), Refusal> {
    let (created, id) = match answer {
        Created::New(user) => (true, user.id),
        Created::Taken(id) => (false, *id),
    };
    transaction.prepare_cached("INSERT INTO answers VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(params![
        key,
        request.nick,
        request.name,
        request.mail,
        created,
        id,
        now_ms()
    ])?;
    transaction.prepare_cached("DELETE FROM answers WHERE made_ms < ?1")?.execute([forget_before_ms()])?;
    Ok(())
}

fn user(row: &Row<'_>) -> Result<User, rusqlite::Error> {
    Ok(User { id: row.get(0)?, nick: row.get(1)?, name: row.get(2)?, mail: row.get(3)? })
}
