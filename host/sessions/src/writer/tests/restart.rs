//! What a new host does with what the last one left.

use super::fixture::{Host, KIND, policy};
use crate::{Ended, KindPolicy, Outcome, SessionOp, StateName};

#[test]
fn an_active_session_gets_a_fresh_lease_and_its_client_just_goes_on() {
    let mut host = Host::new();
    let handle = host.open(KIND);
    host.clocks.pass_ms(9_999);
    host.restart();
    host.pass_ms(9_999);
    assert_eq!(host.inspect(handle.id).unwrap().session.state.name(), StateName::Active);
    assert_eq!(host.renew(&[handle]), [Ok(10_000)]);
    host.append(handle, "on").unwrap();
}

#[test]
fn a_session_whose_lease_had_ended_is_its_clients_until_it_is_claimed() {
    let mut host = Host::new();
    let handle = host.open(KIND);
    host.pass_ms(10_000);
    host.restart();
    host.append(handle, "back").unwrap();
    host.pass_ms(9_999);
    assert!(host.claim().is_none());
}

#[test]
fn a_clock_set_back_while_no_host_was_there_makes_nothing_wait_for_it() {
    let mut host = Host::new();
    let handle = host.open(KIND);
    host.operate(handle, 0, SessionOp::Store { timeout_s: Some(10) }).unwrap();
    host.clocks.set_wall_ms(1);
    host.restart();
    host.pass_ms(19_999);
    assert!(host.claim().is_none(), "time went on at half its pace");
    host.pass_ms(1);
    assert_eq!(host.claim().unwrap().session.id, handle.id);
}

#[test]
fn a_session_being_repeated_is_due_at_once_and_the_repeat_counts() {
    let mut host = Host::new();
    let handle = host.open(KIND);
    host.operate(handle, 0, SessionOp::Store { timeout_s: Some(0) }).unwrap();
    host.pass_ms(0);
    assert_eq!(host.claim().unwrap().session.repeats, 1);
    host.restart();
    host.pass_ms(0);
    let claimed = host.claim().unwrap();
    assert_eq!((claimed.session.id, claimed.session.repeats), (handle.id, 2));
    let attempts = host.inspect(handle.id).unwrap().attempts;
    assert_eq!(attempts[0].report.outcome, Outcome::HostDied);
    host.finish(&claimed, vec![SessionOp::Delete], Outcome::Returned).unwrap();
    assert_eq!(host.inspect(handle.id), None);
}

#[test]
fn a_handler_that_kills_its_host_is_parked_at_last() {
    let mut host = Host::new();
    let handle = host.open(KIND);
    host.operate(handle, 0, SessionOp::Store { timeout_s: Some(0) }).unwrap();
    for _ in 0..policy().max_repeats {
        host.pass_ms(0);
        host.claim().expect("one more repeat");
        host.restart();
    }
    host.pass_ms(1_000_000);
    assert!(host.claim().is_none());
    let inspected = host.inspect(handle.id).unwrap();
    assert_eq!(inspected.session.state.name(), StateName::Parked);
    assert!(inspected.attempts.iter().all(|attempt| attempt.report.outcome == Outcome::HostDied));
}

#[test]
fn stored_sessions_keep_their_due_time() {
    let mut host = Host::new();
    let handle = host.open(KIND);
    host.operate(handle, 0, SessionOp::Store { timeout_s: Some(30) }).unwrap();
    host.clocks.pass_ms(10_000);
    host.restart();
    host.pass_ms(19_999);
    assert!(host.claim().is_none());
    host.pass_ms(1);
    assert!(host.claim().is_some());
}

#[test]
fn thousands_of_dead_runs_are_taken_over() {
    let many = KindPolicy { max_running: 3_000, ..policy() };
    let mut host = Host::with_kinds([(KIND, many)]);
    for _ in 0..3_000 {
        let handle = host.open(KIND);
        host.operate(handle, 0, SessionOp::Store { timeout_s: Some(0) }).unwrap();
    }
    host.pass_ms(0);
    assert_eq!(host.counts()[&KIND].repeating, 3_000);
    host.restart();
    assert_eq!((host.counts()[&KIND].repeating, host.counts()[&KIND].stored), (3_000, 0), "claimed again at once");
    let claimed = host.claim().unwrap();
    assert_eq!(host.finish(&claimed, vec![SessionOp::Delete], Outcome::Returned), Ok(Ended::Deleted));
}
