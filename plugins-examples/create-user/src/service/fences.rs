//! Refuses the late call of an operator that has lost its session.
//!
//! The trap: a client asks A to create a user, A hangs, the client gives up. The repeat handler asks A for the nick,
//! finds nobody, and forgets the session. *Then* A wakes up and creates the user: half-created for ever, for nobody
//! remembers it. Waiting longer only makes that rarer. The fence makes it impossible:
//!
//! * every call carries its session (in `Idempotency-Key: <session>/<step>`) and its fence (`Mpy6a-Fence`), the index
//!   at which its caller got the session; a later holder has a larger fence;
//! * a service keeps the largest fence it has seen of each session, and refuses a call with a smaller one. It looks,
//!   works and remembers in **one transaction**.
//!
//! So when the handler has been told "nobody has this nick", every older call of that session has either been carried
//! out before (and the handler would have found the user) or will be refused. That is why the handler's *look-ups*
//! carry the fence too. Calls without these headers, from `curl` for example, pass.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::HeaderMap;
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::refusal::Refusal;

/// The header with `<session>/<step>`: the same in every repeat of a session.
pub const KEY_HEADER: &str = "idempotency-key";
/// The header with the caller's fence, `<term>-<index>`.
pub const FENCE_HEADER: &str = "mpy6a-fence";
/// The longest idempotency key, in bytes.
const KEY_BYTES_MAX: usize = 200;
/// How long fences and idempotency keys are remembered. It must be longer than any call can be under way; a day is
/// longer than any network or process holds one.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// The table, for the schema of a service that uses fences.
pub const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS fences (
        session     TEXT PRIMARY KEY,
        fence_term  INTEGER NOT NULL,
        fence_index INTEGER NOT NULL,
        seen_ms     INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS fences_by_age ON fences (seen_ms);";

/// Who calls: what the two headers say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The idempotency key, whole.
    pub key: Option<String>,
    fence: Option<Fence>,
}

/// Larger for every later holder of a session: first by term, then by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fence {
    term: i64,
    index: i64,
}

impl Caller {
    /// Read the headers. A malformed one is refused, not ignored: ignoring a fence would disarm it.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, Refusal> {
        let key = header(headers, KEY_HEADER)?;
        if key.is_some_and(|key| key.is_empty() || key.len() > KEY_BYTES_MAX) {
            return Err(Refusal::BadInput(format!("Idempotency-Key must have 1 to {KEY_BYTES_MAX} bytes")));
        }
        let fence = header(headers, FENCE_HEADER)?.map(|text| {
            parse_fence(text).ok_or_else(|| {
                Refusal::BadInput(format!("Mpy6a-Fence is {text:?}: give <term>-<index>, two decimal numbers"))
            })
        });
        let fence = fence.transpose()?;
        if fence.is_some() && key.is_none() {
            return Err(Refusal::BadInput("Mpy6a-Fence needs an Idempotency-Key that names the session".into()));
        }
        Ok(Self { key: key.map(String::from), fence })
    }

    /// The part of the key before the first slash.
    fn session(&self) -> Option<&str> {
        self.key.as_deref().map(|key| key.split_once('/').map_or(key, |(session, _step)| session))
    }
}

/// Let the call through and remember its fence, or refuse it. Must run in the transaction that does the call's work.
pub fn pass(transaction: &Transaction<'_>, caller: &Caller) -> Result<(), Refusal> {
    let (Some(session), Some(fence)) = (caller.session(), caller.fence) else { return Ok(()) };
    let newest = transaction
        .prepare_cached("SELECT fence_term, fence_index FROM fences WHERE session = ?1")?
        .query_row([session], |row| Ok(Fence { term: row.get(0)?, index: row.get(1)? }))
        .optional()?;
    match newest {
        Some(newest) if fence < newest => return Err(Refusal::Fenced),
        Some(newest) if fence == newest => return Ok(()),
        _ => {}
    }
    transaction.prepare_cached("INSERT OR REPLACE INTO fences VALUES (?1, ?2, ?3, ?4)")?.execute(params![
        session,
        fence.term,
        fence.index,
        now_ms()
    ])?;
    transaction.prepare_cached("DELETE FROM fences WHERE seen_ms < ?1")?.execute([forget_before_ms()])?;
    Ok(())
}

/// Now, in Unix milliseconds.
pub fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_millis() as i64)
}

/// What was remembered before this, in Unix milliseconds, may be forgotten.
pub fn forget_before_ms() -> i64 {
    now_ms() - REMEMBERED.as_millis() as i64
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refusal> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    value.to_str().map(Some).map_err(|_| Refusal::BadInput(format!("the header {name} is not plain ASCII")))
}

fn parse_fence(text: &str) -> Option<Fence> {
    let (term, index) = text.split_once('-')?;
    Some(Fence { term: decimal(term)?, index: decimal(index)? })
}

/// A number without a sign.
fn decimal(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use axum::http::HeaderValue;
    use rusqlite::Connection;

    use super::*;

    fn caller(key: &'static str, fence: &'static str) -> Result<Caller, Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert(KEY_HEADER, HeaderValue::from_static(key));
        headers.insert(FENCE_HEADER, HeaderValue::from_static(fence));
        Caller::from_headers(&headers)
    }

    #[test]
    fn fences_grow_by_term_and_then_by_index() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        let transaction = connection.transaction().unwrap();
        let calls = |key, fence| pass(&transaction, &caller(key, fence).unwrap()).is_ok();
        assert!(calls("1-5/create", "1-5"));
        assert!(calls("1-5/create", "1-5"), "the same holder calls again");
        assert!(calls("1-5/find", "1-10"), "a later holder, compared as numbers");
        assert!(!calls("1-5/create", "1-5"), "the first holder is late");
        assert!(calls("1-6/create", "1-6"), "another session has its own fence");
        assert!(calls("1-5/find", "2-1"), "a later term is later, whatever the index");
        assert!(!calls("1-5/find", "1-99"));
    }

    #[test]
    fn malformed_headers_are_refused() {
        for fence in ["", "5", "a-b", "1-", "-1-2", "1-+2", "1-2-3", "99999999999999999999-1"] {
            assert!(caller("1-5/create", fence).is_err(), "{fence:?}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(FENCE_HEADER, HeaderValue::from_static("1-1"));
        assert!(Caller::from_headers(&headers).is_err(), "a fence without a session");
        assert!(caller("", "1-1").is_err());
    }
}
