//! The rows of service B: the indexed users, and the words they are found by.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use crate::{service::refusal::Refusal, user::User};

/// The tables.
///
/// `entries` holds what was indexed. `words` is the full-text index over it, without a copy of the text
/// (`contentless_delete`); both change in one transaction.
///
/// The tokenizer is `unicode61`, not `trigram`: trigrams find nothing shorter than three characters, and a whole
/// Chinese, Japanese or Korean name is often two. `remove_diacritics 2` and folded case let `zoe` find `Zoë`, however
/// her ë was typed (SQLite knows the diacritics of Latin letters only: `Петр` does not find `Пётр`). The categories add
/// to the default (letters, numbers, private use) the marks, which Devanagari, Thai and Arabic words are spelled with,
/// and the symbols that are no mathematics, so that a nick of emoji is a word too. Punctuation separates words: the
/// parts of a mail address can be searched one by one.
pub const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS entries (
        id   INTEGER PRIMARY KEY,
        nick TEXT NOT NULL,
        name TEXT NOT NULL,
        mail TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS entries_by_nick ON entries (nick);
    CREATE INDEX IF NOT EXISTS entries_by_name ON entries (name);
    CREATE INDEX IF NOT EXISTS entries_by_mail ON entries (mail);
    CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
        nick, name, mail,
        content = '', contentless_delete = 1, prefix = '1 2 3',
        tokenize = \"unicode61 remove_diacritics 2 categories 'L* M* N* So Co'\"
    );";

/// Index a user, or index it anew.
pub fn upsert(transaction: &Transaction<'_>, user: &User) -> Result<(), Refusal> {
    let User { id, nick, name, mail } = user;
    for table in ["entries (id, nick, name, mail)", "words (rowid, nick, name, mail)"] {
        transaction
            .prepare_cached(&format!("INSERT OR REPLACE INTO {table} VALUES (?1, ?2, ?3, ?4)"))?
            .execute(params![id, nick, name, mail])?;
    }
    Ok(())
}

/// Make sure that the user with this id is not indexed.
pub fn delete(transaction: &Transaction<'_>, id: i64) -> Result<(), Refusal> {
    transaction.prepare_cached("DELETE FROM entries WHERE id = ?1")?.execute([id])?;
    transaction.prepare_cached("DELETE FROM words WHERE rowid = ?1")?.execute([id])?;
    Ok(())
}

/// The user indexed under this id.
pub fn by_id(transaction: &Transaction<'_>, id: i64) -> Result<Option<User>, Refusal> {
    let mut select = transaction.prepare_cached("SELECT id, nick, name, mail FROM entries WHERE id = ?1")?;
    Ok(select.query_row([id], user).optional()?)
}

/// At most `rows` users with an id above `after`, by id.
pub fn list(transaction: &Transaction<'_>, after: i64, rows: u32) -> Result<Vec<User>, Refusal> {
    let mut select =
        transaction.prepare_cached("SELECT id, nick, name, mail FROM entries WHERE id > ?1 ORDER BY id LIMIT ?2")?;
    Ok(select.query_map([after, i64::from(rows)], user)?.collect::<Result<_, _>>()?)
}

/// At most `rows` users who match. `words` is `q` as an FTS5 query. Those with an attribute equal to `q` come first,
/// then the best matches (bm25), then the oldest.
///
/// An attribute without any letter, digit or symbol (`%_`, `***`) has no words to be found by: where the words find
/// nobody, attributes are compared whole.
pub fn search(transaction: &Transaction<'_>, q: &str, words: &str, rows: u32) -> Result<Vec<User>, Refusal> {
    let mut select = transaction.prepare_cached(
        "SELECT id, entries.nick, entries.name, entries.mail
         FROM words JOIN entries ON entries.id = words.rowid
         WHERE words MATCH ?1
         ORDER BY ?2 IN (entries.nick, entries.name, entries.mail) DESC, rank, id
         LIMIT ?3",
    )?;
    let found: Vec<User> = select.query_map(params![words, q, rows], user)?.collect::<Result<_, _>>()?;
    if !found.is_empty() {
        return Ok(found);
    }
    let mut select = transaction.prepare_cached(
        "SELECT id, nick, name, mail FROM entries WHERE nick = ?1 OR name = ?1 OR mail = ?1 ORDER BY id LIMIT ?2",
    )?;
    Ok(select.query_map(params![q, rows], user)?.collect::<Result<_, _>>()?)
}

fn user(row: &Row<'_>) -> Result<User, rusqlite::Error> {
    Ok(User { id: row.get(0)?, nick: row.get(1)?, name: row.get(2)?, mail: row.get(3)? })
}
