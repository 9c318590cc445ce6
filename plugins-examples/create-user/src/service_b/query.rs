//! From what a person types to an FTS5 query that cannot be misread.
//!
//! FTS5 has a language of its own: `AND`, `NEAR`, `nick:`, `*`, `"`, `^`, `(`, `-`. None of it is meant when somebody
//! looks for `O'Brien "Bob" AND*`. So `q` is split at white space and every word is put between double quotes, with
//! the double quotes inside it doubled: to FTS5 that is a plain string, whatever it holds. The tokenizer splits it
//! the same way as the indexed text, so `o'brien@example.org` is the phrase `o brien example org`. A `*` behind the
//! closing quote asks for words that *begin* so: typing `王` finds `王小明`, which is one word to the tokenizer.
//!
//! Words are joined by nothing at all, which FTS5 reads as "and" and, unlike a written `AND`, as "nothing" where a
//! word has no letters in it.

use crate::user::NAME_BYTES_MAX;

/// The longest search, in bytes: as long as the longest attribute, so that every attribute can be searched whole.
pub const QUERY_BYTES_MAX: usize = NAME_BYTES_MAX;
/// The most words in one search. FTS5 itself stops at an expression depth of 256.
pub const QUERY_WORDS_MAX: usize = 200;

/// Why a text cannot be searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadQuery {
    /// It is empty, or white space only.
    #[error("q is empty: give at least one word")]
    Empty,
    /// It is longer than [`QUERY_BYTES_MAX`], or has more words than [`QUERY_WORDS_MAX`].
    #[error("q is too long: at most {QUERY_BYTES_MAX} bytes and {QUERY_WORDS_MAX} words are allowed")]
    TooLong,
}

/// The FTS5 query for `q`.
pub fn quote(q: &str) -> Result<String, BadQuery> {
    if q.len() > QUERY_BYTES_MAX {
        return Err(BadQuery::TooLong);
    }
    // SQLite would read the query only up to a NUL. No indexed text has one: it is a separator like any other.
    let words: Vec<String> = q
        .split(|c: char| c.is_whitespace() || c == '\0')
        .filter(|word| !word.is_empty())
        .map(|word| format!("\"{}\"*", word.replace('"', "\"\"")))
        .collect();
    match words.len() {
        0 => Err(BadQuery::Empty),
        1..=QUERY_WORDS_MAX => Ok(words.join(" ")),
        _ => Err(BadQuery::TooLong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_becomes_a_quoted_prefix() {
        assert_eq!(quote(" Anna\tLee\n").as_deref(), Ok("\"Anna\"* \"Lee\"*"));
        assert_eq!(quote("O'Brien \"Bob\" AND*").as_deref(), Ok("\"O'Brien\"* \"\"\"Bob\"\"\"* \"AND*\"*"));
        assert_eq!(quote("nick:a\0b").as_deref(), Ok("\"nick:a\"* \"b\"*"));
    }

    #[test]
    fn nothing_and_too_much_are_refused() {
        assert_eq!(quote(" \u{2003}\0 "), Err(BadQuery::Empty));
        assert_eq!(quote(&"я".repeat(QUERY_BYTES_MAX / 2 + 1)), Err(BadQuery::TooLong));
        assert!(quote(&"a ".repeat(QUERY_WORDS_MAX)).is_ok());
    }
}
