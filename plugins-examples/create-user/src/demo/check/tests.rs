//! The check must catch everything that it exists for: each test feeds it one wrong state.
#![allow(clippy::panic)]

use super::*;
use crate::{service::PAGE_ROWS_MAX, user::NewUser};

fn row(nick: &str, name: &str) -> Row {
    let user = NewUser { nick: nick.into(), name: name.into(), mail: format!("{name}@example.org") };
    Row { number: 2, user }
}

/// A world in which these users are whole, and every attribute of the rows was searched for.
fn whole(rows: &[Row], users: &[User]) -> Findings {
    let has = |user: &&User, text: &str| [&user.nick, &user.name, &user.mail].iter().any(|it| *it == text);
    let search = |text: &str| users.iter().filter(|user| has(user, text)).cloned().collect();
    let found = texts_to_search(rows).into_iter().map(|text| (text.to_owned(), search(text))).collect();
    Findings { kept: users.to_vec(), indexed: users.to_vec(), found }
}

fn two() -> (Vec<Row>, Vec<User>) {
    let rows = vec![row("ann", "Ann"), row("bob", "Bob")];
    let users = vec![rows[0].user.clone().with_id(1), rows[1].user.clone().with_id(2)];
    (rows, users)
}

/// The check finds exactly one wrong thing, which says this.
fn assert_wrong(rows: &[Row], fates: &[Fate], findings: &Findings, nick: &str, why: &str) {
    let verdict = check(rows, fates, findings);
    match verdict.wrong.as_slice() {
        [wrong] => assert!(wrong.nick == nick && wrong.why.contains(why), "{wrong:?}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_row_is_counted_once() {
    let rows = [row("ann", "Ann"), row("bob", "Bob"), row("cid", "Cid"), row("ann", "Other"), row("dan", "Dan")];
    let users = [rows[0].user.clone().with_id(1), rows[1].user.clone().with_id(2)];
    let fates = [Fate::Created(1), Fate::Unfinished, Fate::Unfinished, Fate::NickTaken(1), Fate::NotBegun];
    let verdict = check(&rows, &fates, &whole(&rows, &users));
    let wanted = Verdict { straight: 1, forward: 1, back: 1, taken: 1, not_begun: 1, wrong: vec![] };
    assert_eq!(verdict, wanted);
}

#[test]
fn rows_that_are_alike_share_one_user() {
    let rows = [row("ann", "Ann"), row("ann", "Ann"), row("ann", "Ann")];
    let users = [rows[0].user.clone().with_id(1)];
    let findings = whole(&rows, &users);
    let verdict = check(&rows, &[Fate::Unfinished, Fate::Created(1), Fate::Unfinished], &findings);
    assert_eq!((verdict.straight, verdict.taken, verdict.wrong.len()), (1, 2, 0));
    let verdict = check(&rows, &[Fate::NickTaken(1), Fate::NotBegun, Fate::Unfinished], &findings);
    assert_eq!((verdict.forward, verdict.taken, verdict.not_begun, verdict.wrong.len()), (1, 1, 1, 0));
}

#[test]
fn an_unfinished_row_whose_nick_another_has_left_no_trace() {
    let rows = [row("ann", "Ann"), row("ann", "Late")];
    let users = [rows[0].user.clone().with_id(1)];
    let verdict = check(&rows, &[Fate::Created(1), Fate::Unfinished], &whole(&rows, &users));
    assert_eq!((verdict.straight, verdict.taken, verdict.wrong.len()), (1, 1, 0));
}

#[test]
fn a_user_that_b_has_not_indexed_is_half_created() {
    let (rows, users) = two();
    let mut findings = whole(&rows, &users);
    findings.indexed.pop();
    assert_wrong(&rows, &[Fate::Created(1), Fate::Unfinished], &findings, "bob", "half-created");
}

#[test]
fn a_user_that_search_does_not_find_is_wrong() {
    let (rows, users) = two();
    for text in ["bob", "Bob", "Bob@example.org"] {
        let mut findings = whole(&rows, &users);
        findings.found.insert(text.into(), vec![users[0].clone()]);
        assert_wrong(&rows, &[Fate::Created(1), Fate::Unfinished], &findings, "bob", "does not find it by its");
        findings.found.remove(text);
        assert_wrong(&rows, &[Fate::Created(1), Fate::Unfinished], &findings, "bob", "does not find it by its");
    }
}

#[test]
fn other_attributes_in_the_index_are_wrong() {
    let (rows, users) = two();
    let mut findings = whole(&rows, &users);
    findings.indexed[1].mail = "old@example.org".into();
    assert_wrong(&rows, &[Fate::Created(1), Fate::Created(2)], &findings, "bob", "other attributes than A keeps");
}

#[test]
fn a_user_only_in_the_index_is_wrong() {
    let (rows, users) = two();
    let mut findings = whole(&rows, &users);
    findings.kept.pop();
    let verdict = check(&rows, &[Fate::Created(1), Fate::Unfinished], &findings);
    let whys: Vec<&str> = verdict.wrong.iter().map(|wrong| wrong.why.as_str()).collect();
    assert_eq!(
        whys,
        ["half-created: B finds this nick, A does not know it", "B has indexed user 2, whom A does not keep"]
    );
}

#[test]
fn a_user_that_nobody_asked_for_is_wrong() {
    let (rows, users) = two();
    let findings = whole(&rows, &users);
    assert_wrong(&rows[..1], &[Fate::Created(1)], &findings, "bob", "no row is left that asked");
    // Nor may one exist whose client never got as far as a session, or was told that the nick was another's.
    assert_wrong(&rows, &[Fate::Created(1), Fate::NotBegun], &findings, "bob", "no row is left that asked");
    assert_wrong(&rows, &[Fate::Created(1), Fate::NickTaken(2)], &findings, "bob", "no row is left that asked");
}

#[test]
fn a_user_that_was_created_straight_must_be_there() {
    let (rows, users) = two();
    let findings = whole(&rows, &users[..1]);
    assert_wrong(&rows, &[Fate::Created(1), Fate::Created(2)], &findings, "bob", "A has no such user");
    assert_wrong(&rows, &[Fate::Created(1), Fate::Created(1)], &findings, "bob", "other attributes");
}

#[test]
fn a_taken_nick_must_be_had_by_somebody() {
    let (rows, users) = two();
    let findings = whole(&rows, &users[..1]);
    assert_wrong(&rows, &[Fate::Created(1), Fate::NickTaken(2)], &findings, "bob", "it has not");
}

#[test]
fn a_full_answer_of_exact_matches_may_leave_some_out() {
    let rows: Vec<Row> = (0..=PAGE_ROWS_MAX).map(|number| row(&format!("ann{number}"), "Ann")).collect();
    let users: Vec<User> = (1..).zip(&rows).map(|(id, row)| row.user.clone().with_id(id)).collect();
    let fates: Vec<Fate> = users.iter().map(|user| Fate::Created(user.id)).collect();
    let mut findings = whole(&rows, &users);
    for text in ["Ann", "Ann@example.org"] {
        findings.found.insert(text.into(), users[..PAGE_ROWS_MAX as usize].to_vec());
    }
    assert_eq!(check(&rows, &fates, &findings).wrong, []);
}
