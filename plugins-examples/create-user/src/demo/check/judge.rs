//! The judgement itself.

use std::collections::{HashMap, HashSet};

use super::{Fate, Findings, Verdict, Wrong};
use crate::{
    demo::users_csv::Row,
    service::PAGE_ROWS_MAX,
    user::{NewUser, User},
};

/// Judge. `fates` has one for each of `rows`.
pub fn check(rows: &[Row], fates: &[Fate], findings: &Findings) -> Verdict {
    let mut check = Check::new(findings);
    let pairs = || rows.iter().map(|row| &row.user).zip(fates);
    // Those who were told an id claim their users first: where rows are alike, the rest is a matter of who is left.
    for (user, fate) in pairs() {
        if let Fate::Created(id) = fate {
            check.created(user, *id);
        }
    }
    for (user, fate) in pairs() {
        if *fate == Fate::Unfinished {
            check.unfinished(user);
        }
    }
    for (user, fate) in pairs() {
        match fate {
            Fate::NickTaken(id) => check.nick_taken(user, *id),
            Fate::NotBegun => check.not_begun(user),
            Fate::Created(_) | Fate::Unfinished => {}
        }
    }
    check.nothing_else();
    check.verdict
}

struct Check<'a> {
    findings: &'a Findings,
    kept: HashMap<i64, &'a User>,
    by_nick: HashMap<&'a str, &'a User>,
    indexed: HashMap<i64, &'a User>,
    /// Users of A that some row has claimed.
    claimed: HashSet<i64>,
    verdict: Verdict,
}

impl<'a> Check<'a> {
    fn new(findings: &'a Findings) -> Self {
        Self {
            findings,
            kept: findings.kept.iter().map(|user| (user.id, user)).collect(),
            by_nick: findings.kept.iter().map(|user| (user.nick.as_str(), user)).collect(),
            indexed: findings.indexed.iter().map(|user| (user.id, user)).collect(),
            claimed: HashSet::new(),
            verdict: Verdict::default(),
        }
    }

    fn created(&mut self, wanted: &NewUser, id: i64) {
        let outcome = match self.kept.get(&id) {
            None => Err(format!("the client was told that user {id} was created, but A has no such user")),
            Some(user) if !user.is(wanted) => Err(format!("user {id} has other attributes than were asked for")),
            Some(_) if !self.claimed.insert(id) => Err(format!("user {id} was given to two clients")),
            Some(user) => self.whole(user),
        };
        self.count(wanted, outcome, |verdict| &mut verdict.straight);
    }

    fn unfinished(&mut self, wanted: &NewUser) {
        match self.by_nick.get(wanted.nick.as_str()) {
            Some(user) if user.is(wanted) && self.claimed.insert(user.id) => {
                let outcome = self.whole(user);
                self.count(wanted, outcome, |verdict| &mut verdict.forward);
            }
            Some(_) => self.count(wanted, Ok(()), |verdict| &mut verdict.taken),
            None => {
                let outcome = self.gone(wanted);
                self.count(wanted, outcome, |verdict| &mut verdict.back);
            }
        }
    }

    fn nick_taken(&mut self, wanted: &NewUser, id: i64) {
        let outcome = match self.kept.get(&id) {
            Some(user) if user.nick == wanted.nick => Ok(()),
            _ => Err(format!("A said that user {id} has the nick, but it has not")),
        };
        self.count(wanted, outcome, |verdict| &mut verdict.taken);
    }

    fn not_begun(&mut self, wanted: &NewUser) {
        // Another row's user with this nick is that row's affair; if no row claims it, `nothing_else` will say so.
        let outcome = if self.by_nick.contains_key(wanted.nick.as_str()) { Ok(()) } else { self.gone(wanted) };
        self.count(wanted, outcome, |verdict| &mut verdict.not_begun);
    }

    /// What A keeps and B has indexed beyond what the rows claimed.
    fn nothing_else(&mut self) {
        for user in &self.findings.kept {
            if !self.claimed.contains(&user.id) {
                self.wrong(&user.nick, format!("A keeps user {}, for whom no row is left that asked", user.id));
            }
        }
        for user in &self.findings.indexed {
            if !self.kept.contains_key(&user.id) {
                self.wrong(&user.nick, format!("B has indexed user {}, whom A does not keep", user.id));
            }
        }
    }

    /// A user of A: indexed as it is, and found by every attribute.
    fn whole(&self, user: &User) -> Result<(), String> {
        match self.indexed.get(&user.id) {
            None => return Err(format!("half-created: A keeps user {}, B has not indexed it", user.id)),
            Some(indexed) if *indexed != user => {
                return Err(format!("B has indexed user {} with other attributes than A keeps", user.id));
            }
            Some(_) => {}
        }
        for (name, text) in [("nick", &user.nick), ("name", &user.name), ("mail", &user.mail)] {
            if !text.trim().is_empty() && !self.finds(text, user) {
                return Err(format!("B has indexed user {} but does not find it by its {name}", user.id));
            }
        }
        Ok(())
    }

    /// Whether the search for this text, which the user has as an attribute, found it. Exact matches come first; if
    /// they alone fill the longest answer, the user may be among those left out, and the index has to do.
    fn finds(&self, text: &str, user: &User) -> bool {
        let Some(found) = self.findings.found.get(text) else { return false };
        let is_exact = |user: &User| [&user.nick, &user.name, &user.mail].iter().any(|attribute| *attribute == text);
        found.contains(user) || (found.len() >= PAGE_ROWS_MAX as usize && found.iter().all(is_exact))
    }

    /// A nick that A does not know: B must not find it either.
    fn gone(&self, wanted: &NewUser) -> Result<(), String> {
        match self.findings.found.get(&wanted.nick) {
            None => Err("B was not asked for this nick".into()),
            Some(found) if found.iter().any(|user| user.nick == wanted.nick) => {
                Err("half-created: B finds this nick, A does not know it".into())
            }
            Some(_) => Ok(()),
        }
    }

    fn count(&mut self, row: &NewUser, outcome: Result<(), String>, field: fn(&mut Verdict) -> &mut u64) {
        match outcome {
            Ok(()) => *field(&mut self.verdict) += 1,
            Err(why) => self.wrong(&row.nick, why),
        }
    }

    fn wrong(&mut self, nick: &str, why: String) {
        self.verdict.wrong.push(Wrong { nick: nick.to_owned(), why });
    }
}
