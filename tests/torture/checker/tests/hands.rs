//! One operator at a time, and each handed what the last one left.

use super::fixture::{done, opened, r, refused};
use crate::history::{Act, Answer, Attempt, End, Phase, What};

const NOT_LINEARIZABLE: &str = "not linearizable";

#[test]
fn two_operators_at_once_are_found_whoever_is_the_second() {
    let lost = || opened().handed(5, 2000, &[0], &[&[], &[]], End::Return);
    lost().call(1, What::Append(r(1)), (2100, 2200), refused("LEASE_LOST")).is_right();
    lost().call(1, What::Append(r(1)), (2100, 2200), done(7)).is_wrong("two operators at once");
    lost()
        .call(0, What::Renew, (2100, 2200), Answer::Done { change: None, due_ms: None })
        .is_wrong("two operators at once");
    // The first run still acts after the second was handed the session.
    let second = |history: crate::history::History| history.handed_repeat(8, 2500, &[0], &[&[]], End::Return, 2);
    second(lost().told(2100)).is_right();
    second(lost().told(2600)).is_wrong("two operators at once");
    // Of another host, which was killed: its last request was only read late.
    let mut killed = second(lost().told(2600));
    killed.handed[1].fence.term = 2;
    killed.is_right();
    lost().handed_repeat(4, 2500, &[0], &[&[]], End::Return, 2).is_wrong("fences do not grow");
    lost().handed_repeat(5, 2500, &[0], &[&[]], End::Return, 2).is_wrong("fences do not grow");
}

#[test]
fn a_client_goes_on_after_its_lease_until_a_run_claims_the_session() {
    opened()
        .call(1, What::Append(r(1)), (5000, 5010), done(3))
        .handed(9, 7000, &[0, 1], &[&[Act::Delete]], End::Return)
        .call(2, What::Append(r(2)), (7100, 7110), refused("LEASE_LOST"))
        .call(1, What::Append(r(1)), (7200, 7210), done(3))
        .gone(7300)
        .is_right();
}

#[test]
fn told_that_it_lost_the_session_a_client_has_lost_it_for_good() {
    opened()
        .call(1, What::Append(r(1)), (2000, 2010), refused("LEASE_LOST"))
        .call(2, What::Append(r(2)), (2100, 2110), done(9))
        .is_wrong(NOT_LINEARIZABLE);
    // A run that was killed before it told anybody may have had it.
    opened()
        .call(1, What::Append(r(1)), (2000, 2010), refused("LEASE_LOST"))
        .handed_repeat(9, 2100, &[0], &[&[]], End::Return, 2)
        .is_right();
}

#[test]
fn a_run_is_not_handed_a_stale_list_of_records() {
    let append = |serial| vec![Act::Append(r(serial))];
    let first = || opened().handed(5, 2000, &[0], &[&append(1), &append(2)], End::Retry);
    // Its first part was seen to be committed, its last may be.
    first().told(2100).handed_repeat(8, 2500, &[0, 1], &[&[]], End::Return, 2).is_right();
    first().told(2100).handed_repeat(8, 2500, &[0, 1, 2], &[&[]], End::Return, 2).is_right();
    first().told(2100).handed_repeat(8, 2500, &[0], &[&[]], End::Return, 2).is_wrong(NOT_LINEARIZABLE);
    first().handed_repeat(8, 2500, &[0], &[&[]], End::Return, 2).is_right();
    first().handed_repeat(8, 2500, &[0, 2], &[&[]], End::Return, 2).is_wrong(NOT_LINEARIZABLE);
    let trapped = opened().handed(5, 2000, &[0], &[&append(1)], End::Trap);
    trapped.handed_repeat(8, 2500, &[0, 1], &[&[]], End::Return, 2).is_wrong(NOT_LINEARIZABLE);
}

#[test]
fn what_a_run_did_before_it_returned_is_kept_and_what_was_cut_is_not() {
    let run = || opened().handed(5, 2000, &[0], &[&[Act::Append(r(1))]], End::Retry);
    let seen = |records: &[u32], how| run().found(2500, Phase::Stored, (6, 5), records).attempt(5, how);
    seen(&[0, 1], Attempt::Returned).is_right();
    seen(&[0], Attempt::Returned).is_wrong(NOT_LINEARIZABLE);
    seen(&[0], Attempt::Lost).is_right();
    seen(&[0, 1], Attempt::Lost).is_wrong(NOT_LINEARIZABLE);
}

#[test]
fn a_repeat_that_is_not_counted_is_found() {
    let first = || opened().handed(5, 2000, &[0], &[&[]], End::Retry);
    first().handed_repeat(8, 2500, &[0], &[&[]], End::Return, 1).is_wrong(NOT_LINEARIZABLE);
    let stored = opened().handed(5, 2000, &[0], &[&[Act::Store(Some(0))]], End::Return);
    stored.handed_repeat(8, 2500, &[0], &[&[]], End::Return, 1).is_right();
}

#[test]
fn a_parked_session_stays_where_it_is() {
    let parked = || opened().handed(5, 2000, &[0], &[&[]], End::Permanent).found(2100, Phase::Parked, (6, 5), &[0]);
    parked().found(2200, Phase::Parked, (6, 5), &[0]).is_right();
    parked().gone(2200).is_wrong(NOT_LINEARIZABLE);
    parked().handed_repeat(8, 2500, &[0], &[&[]], End::Return, 2).is_wrong(NOT_LINEARIZABLE);
    opened().found(30, Phase::Parked, (2, 1), &[0]).is_wrong(NOT_LINEARIZABLE);
}

#[test]
fn a_forged_key_is_never_taken() {
    let mut history = opened().call(1, What::Append(r(1)), (20, 30), done(2));
    history.calls[1].forged = true;
    history.is_wrong("a wrong key was taken");
}

#[test]
fn one_new_opens_one_session() {
    let mut twice = opened().handed(5, 2000, &[0], &[&[]], End::Retry);
    twice.handed[0].session = super::fixture::index(2);
    twice.is_wrong("opened twice");
}
