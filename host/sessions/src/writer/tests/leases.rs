//! Leases: what a silent client loses, and when.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use super::fixture::{Host, KIND, client_op, policy, question, request};
use crate::{Handle, Key, KindPolicy, Refusal, SessionOp, StateName};

fn state(host: &mut Host, handle: Handle) -> StateName {
    host.inspect(handle.id).unwrap().session.state.name()
}

#[test]
fn a_silent_clients_session_is_stored_when_its_lease_ends_and_claimed_after_the_delay() {
    let mut host = Host::new();
    let handle = host.open(KIND);
    host.pass_ms(9_999);
    assert_eq!(state(&mut host, handle), StateName::Active);
    host.pass_ms(1);
    assert_eq!(state(&mut host, handle), StateName::Stored);
    host.pass_ms(4_999);
    assert!(host.claim().is_none());
    host.pass_ms(1);
    assert_eq!(host.claim().unwrap().session.id, handle.id);
    assert_eq!(host.append(handle, "late"), Err(Refusal::LeaseLost(handle.id).into()));
}

#[test]
fn until_it_is_claimed_the_next_operation_makes_it_active_again() {
    let mut host = Host::new();
    let [by_append, by_renew] = [host.open(KIND), host.open(KIND)];
    host.pass_ms(10_000);
    host.append(by_append, "back").unwrap();
    assert_eq!(host.renew(&[by_renew]), [Ok(10_000)]);
    assert_eq!([by_append, by_renew].map(|handle| state(&mut host, handle)), [StateName::Active; 2]);
    host.pass_ms(9_999);
    assert!(host.claim().is_none(), "a blip costs nothing");
    host.pass_ms(1);
    assert_eq!(state(&mut host, by_append), StateName::Stored, "the lease began again and ended again");
}

#[test]
fn renewing_writes_nothing_and_keeps_the_lease() {
    let mut host = Host::new();
    let handles: Vec<_> = (0..100).map(|_| host.open(KIND)).collect();
    let before = host.levers.commits.load(SeqCst);
    for _ in 0..10 {
        host.clocks.pass_ms(9_999);
        assert!(host.renew(&handles).iter().all(|renewed| *renewed == Ok(10_000)));
    }
    assert_eq!(host.levers.commits.load(SeqCst), before);
    assert_eq!(host.counts()[&KIND].active, 100);
}

#[test]
fn every_successful_operation_renews() {
    let mut host = Host::new();
    let handle = host.open(KIND);
    for number in 1..5 {
        host.clocks.pass_ms(9_000);
        host.operate(handle, number, SessionOp::Append("r".into())).unwrap();
    }
    host.clocks.pass_ms(9_000);
    host.operate(handle, 4, SessionOp::Append("r".into())).expect("a retry is a sign of life");
    host.pass_ms(9_000);
    assert_eq!(state(&mut host, handle), StateName::Active);
}

#[test]
fn an_operation_in_the_same_batch_comes_before_the_end_of_its_lease() {
    let mut host = Host::new();
    let handle = host.open(KIND);
    host.clocks.pass_ms(20_000);
    let (message, mut answer) = question(client_op(handle, 1, SessionOp::Append("just so".into())));
    host.step(vec![message]).unwrap();
    assert!(answer.try_recv().unwrap().is_ok());
    assert_eq!(state(&mut host, handle), StateName::Active);
}

#[test]
fn renewal_is_refused_by_name() {
    let mut host = Host::new();
    let [lost, deleted, stored, wrong] = [(); 4].map(|()| host.open(KIND));
    host.operate(deleted, 0, SessionOp::Delete).unwrap();
    host.operate(stored, 0, SessionOp::Store { timeout_s: Some(600) }).unwrap();
    host.renew(&[wrong]);
    host.pass_ms(10_000);
    host.renew(&[wrong]);
    host.pass_ms(5_000);
    host.claim().unwrap();
    let unknown = Handle { id: crate::Index { term: 1, index: 999 }, key: Key(1) };
    let other_key = Handle { key: Key(0), ..wrong };
    assert_eq!(
        host.renew(&[lost, deleted, stored, other_key, unknown, wrong]),
        [
            Err(Refusal::LeaseLost(lost.id)),
            Err(Refusal::SessionFinished(deleted.id)),
            Err(Refusal::SessionFinished(stored.id)),
            Err(Refusal::KeyWrong(wrong.id)),
            Err(Refusal::SessionNotFound(unknown.id)),
            Ok(10_000),
        ]
    );
}

#[test]
fn after_an_explicit_store_the_key_is_refused_at_once() {
    let mut host = Host::new();
    let handle = host.open(KIND);
    host.operate(handle, 1, SessionOp::Store { timeout_s: None }).unwrap();
    assert_eq!(host.append(handle, "late"), Err(Refusal::SessionFinished(handle.id).into()));
    assert_eq!(state(&mut host, handle), StateName::Stored);
}

#[test]
fn the_writer_sleeps_until_the_next_lease_ends() {
    let mut host = Host::with_kinds([(1, policy()), (2, KindPolicy { lease_ms: 3_000, ..policy() })]);
    assert_eq!(host.step(vec![]).unwrap(), None, "for ever, while there is nothing to wait for");
    host.open(1);
    assert_eq!(host.step(vec![]).unwrap(), Some(Duration::from_secs(10)));
    host.clocks.pass_ms(1_000);
    host.open(2);
    assert_eq!(host.step(vec![]).unwrap(), Some(Duration::from_secs(3)));
}

#[test]
fn a_session_keeps_the_lease_that_it_was_opened_with() {
    let mut host = Host::new();
    let handle = host.open(KIND);
    host.set_kinds([(KIND, KindPolicy { lease_ms: 1_000, ..policy() })]);
    host.pass_ms(5_000);
    host.append(handle, "r").unwrap();
    host.pass_ms(9_999);
    assert_eq!(host.renew(&[handle]), [Ok(10_000)]);
    host.restart();
    host.pass_ms(9_999);
    assert_eq!(state(&mut host, handle), StateName::Active, "its client counts on it");
    host.pass_ms(1);
    assert_eq!(state(&mut host, handle), StateName::Stored);
}

#[test]
fn a_repeated_new_is_a_sign_of_life() {
    let mut host = Host::new();
    let new = || crate::New { kind: KIND, request: request("r"), ..crate::New::default() };
    let handle = host.try_new(new()).unwrap().handle;
    host.clocks.pass_ms(9_000);
    host.try_new(new()).unwrap();
    host.pass_ms(9_000);
    assert_eq!(state(&mut host, handle), StateName::Active);
}
