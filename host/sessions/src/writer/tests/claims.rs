//! Claims: order, workers, repeats, parking.

use super::fixture::{Host, KIND, policy};
use crate::{Claimed, Ended, Error, Handle, KindPolicy, Outcome, Refusal, SessionOp, State, StateName, op::Op};

fn store(host: &mut Host, kind: u32, timeout_s: u32) -> Handle {
    let handle = host.open(kind);
    host.operate(handle, 0, SessionOp::Store { timeout_s: Some(timeout_s) }).unwrap();
    handle
}

fn claim_after(host: &mut Host, ms: u64) -> Claimed {
    host.pass_ms(ms);
    host.claim().expect("a claim")
}

fn retry() -> Outcome {
    Outcome::Retry("B is down".into())
}

#[test]
fn earlier_due_times_come_first_and_for_equal_ones_the_one_stored_first() {
    let mut host = Host::with_kinds([(1, policy()), (2, policy())]);
    let ids = [(1, 9), (2, 5), (1, 5), (2, 7)].map(|(kind, timeout_s)| store(&mut host, kind, timeout_s).id);
    host.pass_ms(9_000);
    let order: Vec<_> = std::iter::from_fn(|| host.claim()).map(|claimed| claimed.session.id).collect();
    assert_eq!(order, [ids[1], ids[2], ids[3], ids[0]]);
}

#[test]
fn a_saturated_kind_holds_nobody_back() {
    let mut host = Host::with_kinds([(1, KindPolicy { max_running: 1, ..policy() }), (2, policy())]);
    let [first, second] = [(); 2].map(|()| store(&mut host, 1, 1));
    let other = store(&mut host, 2, 2);
    let running = claim_after(&mut host, 2_000);
    assert_eq!(running.session.id, first.id);
    assert_eq!(host.claim().unwrap().session.id, other.id);
    assert!(host.claim().is_none(), "kind 1 has one worker");
    host.finish(&running, vec![SessionOp::Delete], Outcome::Returned).unwrap();
    assert_eq!(host.claim().unwrap().session.id, second.id, "in the very commit that frees the worker");
}

#[test]
fn a_paused_kind_waits_and_holds_nobody_back() {
    let paused = KindPolicy { claimable: false, ..policy() };
    let mut host = Host::with_kinds([(1, paused), (2, policy())]);
    let waiting = store(&mut host, 1, 1);
    let other = store(&mut host, 2, 2);
    assert_eq!(claim_after(&mut host, 60_000).session.id, other.id);
    assert!(host.claim().is_none());
    host.set_kinds([(1, policy()), (2, policy())]);
    assert_eq!(host.claim().unwrap().session.id, waiting.id);
}

#[test]
fn a_kind_that_left_the_config_keeps_its_sessions() {
    let mut host = Host::new();
    let handle = store(&mut host, KIND, 1);
    let active = host.open(KIND);
    host.set_kinds([]);
    host.pass_ms(5_000);
    assert!(host.claim().is_none());
    host.append(active, "still mine").unwrap();
    host.set_kinds([(KIND, policy())]);
    assert_eq!(host.claim().unwrap().session.id, handle.id);
}

#[test]
fn a_claim_changes_hands_and_counts_before_the_handler_starts() {
    let mut host = Host::new();
    let handle = host.open(KIND);
    host.append(handle, "intent").unwrap();
    host.operate(handle, 0, SessionOp::Store { timeout_s: Some(0) }).unwrap();
    let claimed = claim_after(&mut host, 0);
    assert_eq!((claimed.records.as_slice(), claimed.session.repeats), (&["intent".into()][..], 1));
    assert!(claimed.session.fence > handle.id && claimed.handle.key != handle.key);
    let inspected = host.inspect(handle.id).unwrap();
    assert_eq!((inspected.session.repeats, inspected.session.state.name()), (1, StateName::Repeating));
    assert_eq!(host.append(handle, "mine?"), Err(Refusal::SessionFinished(handle.id).into()));
}

#[test]
fn what_finishes_nothing_backs_off_and_is_parked_when_out_of_repeats() {
    let mut host = Host::new();
    let handle = store(&mut host, KIND, 1);
    let mut claimed = claim_after(&mut host, 1_000);
    for (repeat, wait_ms) in [(1, 1_000), (2, 2_000)] {
        let due_ms = claimed.claimed_ms + wait_ms;
        assert_eq!(host.finish(&claimed, vec![], retry()), Ok(Ended::Backoff { due_ms }));
        assert_eq!(claimed.session.repeats, repeat);
        host.pass_ms(wait_ms - 1);
        assert!(host.claim().is_none());
        claimed = claim_after(&mut host, 1);
    }
    assert_eq!(host.finish(&claimed, vec![], retry()), Ok(Ended::Parked));
    host.pass_ms(1_000_000);
    assert!(host.claim().is_none(), "parked until a person decides");
    let inspected = host.inspect(handle.id).unwrap();
    assert_eq!(inspected.session.state.name(), StateName::Parked);
    let causes: Vec<_> = inspected.attempts.iter().map(|attempt| attempt.report.outcome.to_string()).collect();
    assert_eq!(causes, ["retry: B is down"; 3]);
    assert_eq!(inspected.attempts.iter().map(|attempt| attempt.repeat).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn a_run_that_returns_is_committed_and_one_that_is_ended_is_thrown_away() {
    let ops = || vec![SessionOp::Append("progress".into())];
    let returned = [Outcome::Returned, retry(), Outcome::Permanent("no".into())];
    let ended = [
        Outcome::Trapped("unreachable".into()),
        Outcome::OutOfFuel,
        Outcome::OutOfMemory,
        Outcome::TimedOut,
        Outcome::ContractBroken("?".into()),
        Outcome::NotStarted("no plugin".into()),
    ];
    for outcome in returned.into_iter().chain(ended) {
        let mut host = Host::new();
        let handle = store(&mut host, KIND, 0);
        let claimed = claim_after(&mut host, 0);
        host.finish(&claimed, ops(), outcome.clone()).unwrap();
        let inspected = host.inspect(handle.id).unwrap();
        assert_eq!(inspected.records.len(), usize::from(outcome.is_returned()), "{outcome}");
        let expected = if matches!(outcome, Outcome::Permanent(_)) { StateName::Parked } else { StateName::Stored };
        assert_eq!(inspected.session.state.name(), expected, "{outcome}");
        assert_eq!(inspected.attempts[0].report.outcome, outcome);
    }
}

#[test]
fn a_handler_that_stores_has_made_progress() {
    let mut host = Host::new();
    let handle = store(&mut host, KIND, 0);
    for _ in 0..10 {
        let claimed = claim_after(&mut host, 60_000);
        assert_eq!(claimed.session.repeats, 1, "counted anew");
        let ops = vec![SessionOp::Append("seen".into()), SessionOp::Store { timeout_s: Some(60) }];
        let due_ms = claimed.claimed_ms + 60_000;
        assert_eq!(host.finish(&claimed, ops, Outcome::Returned), Ok(Ended::Stored { due_ms }));
    }
    let inspected = host.inspect(handle.id).unwrap();
    assert_eq!((inspected.records.len(), inspected.attempts.len()), (10, crate::limits::ATTEMPTS_MAX as usize));
}

#[test]
fn a_barrier_is_durable_whatever_becomes_of_the_run() {
    let mut host = Host::new();
    let handle = store(&mut host, KIND, 0);
    let claimed = claim_after(&mut host, 0);
    let barrier = |ops| Op::Barrier { handle: claimed.handle, ops };
    host.apply(barrier(vec![SessionOp::Append("about to call B".into())])).unwrap();
    let finished = host.apply(barrier(vec![SessionOp::Delete]));
    assert_eq!(finished, Err(Refusal::SessionFinished(handle.id).into()), "a finished session has no run any more");
    let ops = vec![SessionOp::Append("lost".into()), SessionOp::Delete];
    host.finish(&claimed, ops, Outcome::Trapped("unreachable".into())).unwrap();
    assert_eq!(host.inspect(handle.id).unwrap().records, ["about to call B"]);
}

#[test]
fn a_run_that_no_longer_holds_the_session_changes_nothing_but_frees_its_worker() {
    let mut host = Host::with_kinds([(KIND, KindPolicy { max_running: 1, ..policy() })]);
    let handle = store(&mut host, KIND, 0);
    let stale = claim_after(&mut host, 0);
    host.restart();
    let next = claim_after(&mut host, 0);
    assert_eq!(next.session.id, handle.id);
    let result = host.finish(&stale, vec![SessionOp::Delete], Outcome::Returned);
    assert_eq!(result, Err(Error::Refused(Refusal::LeaseLost(handle.id))));
    assert!(
        matches!(host.inspect(handle.id).unwrap().session.state, State::Repeating { key, .. } if key == next.handle.key)
    );
}

#[test]
fn jitter_spreads_a_wave_within_its_bound() {
    let mut host = Host::with_kinds([(KIND, KindPolicy { jitter_ms: 2_000, max_running: 64, ..policy() })]);
    let handles: Vec<_> = (0..200).map(|_| host.open(KIND)).collect();
    host.pass_ms(10_000);
    let due: Vec<_> = handles
        .iter()
        .map(|handle| host.inspect(handle.id).unwrap().session.state.due().unwrap().at_ms - 1_010_000)
        .collect();
    assert!(due.iter().all(|ms| (5_000..=7_000).contains(ms)), "{due:?}");
    let distinct: std::collections::BTreeSet<_> = due.into_iter().collect();
    assert!(distinct.len() > 100, "{} due times for 200 sessions", distinct.len());
}

#[test]
fn a_clock_set_back_holds_up_no_repeat_for_as_long_as_the_jump() {
    let mut host = Host::new();
    host.step(vec![]).unwrap();
    host.clocks.set_wall_ms(0);
    let handle = store(&mut host, KIND, 10);
    host.clocks.pass_ms(19_999);
    host.step(vec![]).unwrap();
    assert!(host.claim().is_none(), "time goes on at half its pace");
    assert_eq!(claim_after(&mut host, 1).session.id, handle.id);
}

#[test]
fn a_clock_set_forward_makes_due_what_it_passes() {
    let mut host = Host::new();
    let handle = store(&mut host, KIND, 3_600);
    host.clocks.set_wall_ms(1_000_000 + 3_600_000);
    assert_eq!(claim_after(&mut host, 0).session.id, handle.id);
}
