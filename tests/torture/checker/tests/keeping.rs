//! What was acknowledged is kept, once and in order; what was not may be there or not.

use super::fixture::{done, opened, r, refused};
use crate::history::{Act, Answer, End, Phase, What};

const NOT_LINEARIZABLE: &str = "not linearizable";

#[test]
fn a_plain_life_is_right() {
    opened()
        .call(1, What::Append(r(1)), (20, 30), done(2))
        .call(2, What::Replace(r(2)), (40, 50), done(5))
        .call(3, What::Append(r(3)), (60, 70), done(6))
        .found(80, Phase::Active, (6, 1), &[2, 3])
        .call(4, What::Delete, (90, 95), done(9))
        .gone(100)
        .is_right();
}

#[test]
fn a_lost_acknowledged_append_is_found_by_an_onlooker_and_by_a_run() {
    let lost =
        || opened().call(1, What::Append(r(1)), (20, 30), done(2)).call(2, What::Append(r(2)), (40, 50), done(3));
    lost().found(60, Phase::Active, (3, 1), &[0, 1]).is_wrong(NOT_LINEARIZABLE);
    lost().found(60, Phase::Active, (3, 1), &[0, 2]).is_wrong(NOT_LINEARIZABLE);
    lost().handed(9, 2000, &[0, 1], &[&[]], End::Return).is_wrong(NOT_LINEARIZABLE);
    lost().handed(9, 2000, &[0, 1, 2], &[&[]], End::Return).is_right();
}

#[test]
fn an_append_without_an_answer_is_there_or_not_but_once() {
    let unknown = || opened().call(1, What::Append(r(1)), (20, 0), Answer::Unknown);
    unknown().found(60, Phase::Active, (1, 1), &[0]).is_right();
    unknown().found(60, Phase::Active, (2, 1), &[0, 1]).is_right();
    unknown().found(60, Phase::Active, (1, 1), &[0]).found(80, Phase::Active, (2, 1), &[0, 1]).is_right();
    unknown().found(60, Phase::Active, (2, 1), &[0, 1, 1]).is_wrong(NOT_LINEARIZABLE);
    // Once observed it stays so.
    unknown()
        .found(60, Phase::Active, (2, 1), &[0, 1])
        .found(80, Phase::Active, (2, 1), &[0])
        .is_wrong(NOT_LINEARIZABLE);
}

#[test]
fn a_retry_applies_nothing_twice_and_gets_the_first_answer() {
    let retried = |answer| {
        opened()
            .call(1, What::Append(r(1)), (20, 0), Answer::Unknown)
            .call(1, What::Append(r(1)), (40, 50), done(2))
            .call(1, What::Append(r(1)), (60, 70), answer)
    };
    retried(done(2)).found(80, Phase::Active, (2, 1), &[0, 1]).is_right();
    retried(done(2)).found(80, Phase::Active, (3, 1), &[0, 1, 1]).is_wrong(NOT_LINEARIZABLE);
    retried(done(3)).is_wrong("an answer changed on retry");
    // Refused after it was answered, though nothing happened in between.
    retried(refused("LEASE_LOST")).is_wrong(NOT_LINEARIZABLE);
    retried(refused("SESSION_FINISHED")).is_wrong(NOT_LINEARIZABLE);
}

#[test]
fn a_smaller_number_than_the_last_is_refused_and_never_applied() {
    let given_up = || {
        opened().call(1, What::Append(r(1)), (20, 0), Answer::Unknown).call(2, What::Append(r(2)), (30, 40), done(7))
    };
    given_up().found(60, Phase::Active, (7, 1), &[0, 2]).is_right();
    given_up().found(60, Phase::Active, (7, 1), &[0, 1, 2]).is_right();
    given_up().found(60, Phase::Active, (8, 1), &[0, 2, 1]).is_wrong(NOT_LINEARIZABLE);
    let stale = || given_up().call(1, What::Append(r(1)), (50, 55), refused("OPERATION_NUMBER_STALE"));
    stale().found(60, Phase::Active, (7, 1), &[0, 2]).is_right();
    opened()
        .call(1, What::Append(r(1)), (20, 30), refused("OPERATION_NUMBER_STALE"))
        .found(60, Phase::Active, (1, 1), &[0])
        .is_wrong(NOT_LINEARIZABLE);
}

#[test]
fn what_was_refused_was_not_done() {
    opened()
        .call(1, What::Store(None), (20, 30), done(2))
        .call(2, What::Append(r(1)), (40, 50), refused("SESSION_FINISHED"))
        .handed(3, 60, &[0, 1], &[&[]], End::Return)
        .is_wrong(NOT_LINEARIZABLE);
}

#[test]
fn nothing_comes_after_an_acknowledged_delete() {
    let deleted = || opened().call(1, What::Delete, (20, 30), done(2));
    deleted().call(2, What::Append(r(1)), (40, 50), refused("SESSION_FINISHED")).gone(60).is_right();
    deleted().call(2, What::Append(r(1)), (40, 50), done(3)).is_wrong(NOT_LINEARIZABLE);
    deleted().found(60, Phase::Active, (1, 1), &[0]).is_wrong(NOT_LINEARIZABLE);
    deleted().handed(9, 60, &[0], &[&[]], End::Return).is_wrong(NOT_LINEARIZABLE);
    deleted().gone(60).found(80, Phase::Stored, (1, 1), &[0]).is_wrong(NOT_LINEARIZABLE);
}

#[test]
fn no_session_vanishes_but_by_its_operators_delete() {
    opened().gone(60).is_wrong(NOT_LINEARIZABLE);
    opened().call(1, What::Delete, (20, 0), Answer::Unknown).gone(60).is_right();
    opened().handed(3, 2000, &[0], &[&[Act::Delete]], End::Return).gone(2100).is_right();
    opened().handed(3, 2000, &[0], &[&[Act::Append(r(1))]], End::Retry).gone(2100).is_wrong(NOT_LINEARIZABLE);
    // What a run did before it trapped is thrown away.
    opened().handed(3, 2000, &[0], &[&[Act::Delete]], End::Trap).gone(2100).is_wrong(NOT_LINEARIZABLE);
}

#[test]
fn reordered_operations_are_found_within_a_session_and_across_sessions() {
    opened()
        .call(1, What::Append(r(1)), (20, 30), done(7))
        .call(2, What::Append(r(2)), (40, 50), done(6))
        .is_wrong("reordered");
    opened()
        .call(1, What::Append(r(1)), (20, 30), done(6))
        .call(2, What::Append(r(2)), (40, 50), done(7))
        .found(60, Phase::Active, (7, 1), &[0, 2, 1])
        .is_wrong(NOT_LINEARIZABLE);
    // Asked for at once, either may be first.
    opened()
        .call(0, What::Append(r(1)), (20, 50), done(7))
        .call(0, What::Append(r(2)), (20, 50), done(6))
        .found(60, Phase::Active, (7, 1), &[0, 2, 1])
        .is_right();
}

#[test]
fn one_index_is_one_change() {
    opened()
        .call(1, What::Append(r(1)), (20, 30), done(2))
        .call(2, What::Append(r(2)), (20, 30), done(2))
        .is_wrong("one index, two operations");
}

#[test]
fn an_onlooker_sees_the_state_of_the_change_that_it_names() {
    opened()
        .call(1, What::Append(r(1)), (20, 90), done(2))
        .call(2, What::Append(r(2)), (30, 90), done(3))
        .found(50, Phase::Active, (2, 1), &[0, 1])
        .is_right();
    opened()
        .call(1, What::Append(r(1)), (20, 90), done(2))
        .call(2, What::Append(r(2)), (30, 90), done(3))
        .found(50, Phase::Active, (2, 1), &[0, 1, 2])
        .is_wrong(NOT_LINEARIZABLE);
}
