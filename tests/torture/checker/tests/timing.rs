//! Leases, due times, and a wall clock that jumps.

use super::fixture::{NOW_MS, done, index, ms, opened, r, refused};
use crate::{
    checker::{Clock, Complaint, Step, check, check_late},
    history::{Answer, End, History, What},
};

fn stored(change: u64, due_ms: u64) -> Answer {
    Answer::Done { change: Some(index(change)), due_ms: Some(due_ms) }
}

#[test]
fn a_lease_that_ended_early_is_found_by_a_run_and_by_a_refusal() {
    let renewed = || opened().call(0, What::Renew, (500, 510), Answer::Done { change: None, due_ms: None });
    renewed().handed(5, 1499, &[0], &[&[]], End::Return).is_wrong("a lease ended early");
    renewed().handed(5, 1500, &[0], &[&[]], End::Return).is_right();
    renewed().call(1, What::Append(r(1)), (1400, 1499), refused("LEASE_LOST")).is_wrong("a lease ended early");
    // A session that its client stored itself needs no lease.
    renewed()
        .call(1, What::Store(Some(0)), (600, 610), stored(4, NOW_MS))
        .handed(5, 700, &[0], &[&[]], End::Return)
        .is_right();
}

#[test]
fn nothing_is_repeated_before_it_is_due_nor_for_another_time() {
    let due_ms = NOW_MS + 3000;
    let store = || opened().call(1, What::Store(Some(3)), (20, 30), stored(2, due_ms));
    let handed = |seen, due_ms| {
        let mut history = store().handed(5, seen, &[0], &[&[]], End::Return);
        history.handed[0].due_ms = due_ms;
        history
    };
    handed(3000, due_ms).is_right();
    handed(2999, due_ms).is_wrong("repeated before it was due");
    handed(3500, due_ms + 1).is_wrong("another due time");
}

/// A clock that is set ahead at 1 s and back at 2 s, seen by the rule of half the pace.
#[test]
fn a_clock_that_jumps_is_followed_forward_and_at_half_its_pace_after_it_was_set_back() {
    let step = |at, ahead_ms| Step { began: ms(at), ended: ms(at), real_ms: NOW_MS + at, ahead_ms };
    let clock = Clock { steps: vec![step(1000, 60_000), step(2000, 0)] };
    let latest = |at| clock.latest_ms(ms(at), NOW_MS + at) - NOW_MS;
    assert_eq!([latest(999), latest(1000), latest(1999)], [999, 61_000, 61_999]);
    assert_eq!([latest(2000), latest(4000), latest(200_000)], [62_000, 63_000, 200_000]);
    let back = Clock { steps: vec![step(1000, -60_000)] };
    assert_eq!(back.latest_ms(ms(3000), NOW_MS + 3000) - NOW_MS, 2000);
}

#[test]
fn a_repeat_that_only_a_jump_made_due_is_right_and_without_the_jump_wrong() {
    let mut history = opened().call(1, What::Store(Some(50)), (20, 30), stored(2, NOW_MS + 50_000));
    history = history.handed(5, 2000, &[0], &[&[]], End::Return);
    history.handed[0].due_ms = NOW_MS + 50_000;
    let jump = Step { began: ms(1000), ended: ms(1001), real_ms: NOW_MS + 1001, ahead_ms: 60_000 };
    assert_eq!(check(std::slice::from_ref(&history), &Clock { steps: vec![jump] }), []);
    history.is_wrong("repeated before it was due");
}

fn waiting(tag: u32, change: u64, due_ms: u64, fence: u64) -> History {
    let mut history = opened().call(1, What::Store(None), (20, 30), stored(change, due_ms));
    history = history.handed(fence, 900, &[0], &[&[]], End::Return);
    (history.tag, history.handed[0].due_ms) = (tag, due_ms);
    history
}

fn rules(complaints: &[Complaint]) -> Vec<(&str, u32)> {
    complaints.iter().map(|it| (it.rule, it.session)).collect()
}

#[test]
fn of_two_that_wait_the_one_due_first_is_repeated_first() {
    use crate::checker::queue::check;
    // Something that was asked for after both had been stored: from index 20 on the scheduler knew of them.
    let witness = opened().call(1, What::Append(r(1)), (100, 110), done(20));
    let (first, second) = (|fence| waiting(2, 11, 500, fence), |fence| waiting(3, 10, 501, fence));
    assert_eq!(check(&[first(30), second(31), witness.clone()]), []);
    assert_eq!(rules(&check(&[first(31), second(30), witness.clone()])), [("repeated out of order", 2)]);
    // Claimed before it was surely known of.
    assert_eq!(check(&[first(31), second(19), witness.clone()]), []);
    // Equal due times: the one stored first.
    let equal = waiting(4, 12, 500, 30);
    assert_eq!(rules(&check(&[first(31), equal, witness])), [("repeated out of order", 2)]);
}

#[test]
fn what_is_left_alone_is_repeated_in_time() {
    let left = |seen| opened().handed(5, seen, &[0], &[&[]], End::Return);
    assert_eq!(check_late(&[left(31_900)]), []);
    assert_eq!(rules(&check_late(&[left(32_100)])), [("repeated late", 1)]);
}
