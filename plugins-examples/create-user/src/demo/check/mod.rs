//! The check: is every user fully there, or fully gone?
//!
//! A pure judgement over what the clients know ([`Fate`]) and what A and B say afterwards ([`Findings`]); it asks
//! nobody and knows nothing of sessions, so that nothing the pipe believes can talk it round.
//!
//! * A user that A keeps is indexed by B with the same attributes, and B finds it by each of them.
//! * Whoever B has indexed is a user of A.
//! * Every user of A is what one row of the list asked for, and no row got two.
//! * A user whose client was told "created" is there, under the id it was told.

mod judge;

use std::collections::{HashMap, HashSet};

pub use self::judge::check;
use super::users_csv::Row;
use crate::user::User;

/// What a client knows of its user when it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It went through all steps; A gave this id.
    Created(i64),
    /// A said that the user with this id has the nick.
    NickTaken(i64),
    /// It failed or died on the way.
    Unfinished,
    /// It could not even open a session.
    NotBegun,
}

/// What A and B say at the end.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Every user of A.
    pub kept: Vec<User>,
    /// Everybody in B's index.
    pub indexed: Vec<User>,
    /// For each of [`texts_to_search`], whom B found.
    pub found: HashMap<String, Vec<User>>,
}

/// How it went. Every row is counted once, in one of the first five or in `wrong`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The client went through all steps, and the user is whole.
    pub straight: u64,
    /// The client did not finish, and the user is whole.
    pub forward: u64,
    /// The client did not finish, and there is no trace of the user.
    pub back: u64,
    /// Another row has the nick; there is no trace of this one.
    pub taken: u64,
    /// No session could be opened, and there is no trace of the user.
    pub not_begun: u64,
    /// What must not be.
    pub wrong: Vec<Wrong>,
}

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Whom it is about.
    pub nick: String,
    /// What is wrong.
    pub why: String,
}

/// Every attribute of every row: what B is asked for. Blank ones cannot be searched for.
pub fn texts_to_search(rows: &[Row]) -> HashSet<&str> {
    let attributes = rows.iter().flat_map(|row| [&row.user.nick, &row.user.name, &row.user.mail]);
    attributes.map(String::as_str).filter(|text| !text.trim().is_empty()).collect()
}

#[cfg(test)]
mod tests;
