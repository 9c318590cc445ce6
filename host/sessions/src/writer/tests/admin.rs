//! What a person does to a session.

use super::fixture::{Host, KIND, policy};
use crate::{
    AdminOp, AdminRequest, Applied, Error, Handle, Index, KindPolicy, Outcome, Refusal, SessionOp, StateName, op::Op,
    rules::Reply,
};

fn ask(host: &mut Host, id: Index, op: AdminOp) -> Result<Applied, Error> {
    request(host, AdminRequest { id, op, unchanged_since: None, force: false })
}

fn force(host: &mut Host, id: Index, op: AdminOp) -> Result<Applied, Error> {
    request(host, AdminRequest { id, op, unchanged_since: None, force: true })
}

fn request(host: &mut Host, request: AdminRequest) -> Result<Applied, Error> {
    match host.apply(Op::Admin(request))? {
        Reply::Applied(applied) => Ok(applied),
        other => panic!("{other:?}"),
    }
}

fn store(host: &mut Host, timeout_s: u32) -> Handle {
    let handle = host.open(KIND);
    host.append(handle, "intent").unwrap();
    host.operate(handle, 0, SessionOp::Store { timeout_s: Some(timeout_s) }).unwrap();
    handle
}

fn state(host: &mut Host, id: Index) -> StateName {
    host.inspect(id).unwrap().session.state.name()
}

/// A kind whose sessions are parked after one repeat.
fn once() -> Host {
    Host::with_kinds([(KIND, KindPolicy { max_repeats: 1, ..policy() })])
}

#[test]
fn a_stored_session_is_repeated_now_and_before_what_was_due_later() {
    let mut host = Host::with_kinds([(KIND, KindPolicy { max_running: 1, ..policy() })]);
    let [early, late] = [60, 3_600].map(|timeout_s| store(&mut host, timeout_s));
    let due_ms = ask(&mut host, late.id, AdminOp::Repeat).unwrap().due_ms;
    assert_eq!(due_ms, Some(1_000_000), "now");
    host.pass_ms(0);
    let claimed = host.claim().expect("a claim");
    assert_eq!((claimed.session.id, claimed.session.repeats), (late.id, 1));
    host.finish(&claimed, vec![SessionOp::Delete], Outcome::Returned).unwrap();
    host.pass_ms(60_000);
    assert_eq!(host.claim().unwrap().session.id, early.id);
}

#[test]
fn a_parked_session_is_redriven_whole_with_its_repeats_counted_anew() {
    let mut host = once();
    let id = store(&mut host, 0).id;
    for round in 1..=3 {
        host.pass_ms(1);
        let claimed = host.claim().expect("a claim");
        assert_eq!((claimed.session.repeats, claimed.records.len()), (1, 1), "round {round}");
        host.finish(&claimed, vec![], Outcome::Retry("B is down".into())).unwrap();
        assert_eq!(state(&mut host, id), StateName::Parked);
        host.pass_ms(1_000_000);
        assert!(host.claim().is_none(), "parked for ever");
        ask(&mut host, id, AdminOp::Redrive).unwrap();
        assert_eq!(host.inspect(id).unwrap().attempts.len(), round, "its history stays");
    }
}

#[test]
fn a_session_that_a_person_parked_waits_for_a_person_also_over_a_restart() {
    let mut host = Host::new();
    let id = store(&mut host, 1).id;
    ask(&mut host, id, AdminOp::Park).unwrap();
    host.pass_ms(60_000);
    host.restart();
    host.pass_ms(60_000);
    assert!(host.claim().is_none());
    assert_eq!((state(&mut host, id), host.counts()[&KIND].parked), (StateName::Parked, 1));
    ask(&mut host, id, AdminOp::Redrive).unwrap();
    host.pass_ms(0);
    assert_eq!(host.claim().unwrap().session.id, id);
}

#[test]
fn a_deleted_session_is_gone_with_its_records() {
    let mut host = Host::new();
    let id = store(&mut host, 1).id;
    ask(&mut host, id, AdminOp::Delete).unwrap();
    host.pass_ms(60_000);
    assert!(host.claim().is_none());
    assert_eq!((host.inspect(id), host.counts()[&KIND].stored), (None, 0));
    assert_eq!(ask(&mut host, id, AdminOp::Delete), Err(Refusal::SessionNotFound(id).into()));
}

#[test]
fn a_client_keeps_its_session_unless_it_is_taken_by_force_and_is_told_so() {
    for op in [AdminOp::Park, AdminOp::Delete] {
        let mut host = Host::new();
        let handle = host.open(KIND);
        let refused = ask(&mut host, handle.id, op).unwrap_err();
        assert!(refused.to_string().contains("ask by force"), "{refused}");
        host.append(handle, "still mine").unwrap();
        force(&mut host, handle.id, op).unwrap();
        let lost = Err(Refusal::LeaseLost(handle.id).into());
        assert_eq!(host.append(handle, "mine?"), lost);
        host.restart();
        assert_eq!(host.append(handle, "mine?"), lost, "over a restart too");
        host.pass_ms(60_000);
        assert!(host.claim().is_none(), "no lease is left to end");
    }
}

#[test]
fn a_client_that_might_come_back_is_cut_off_by_park() {
    let mut host = Host::with_kinds([(KIND, KindPolicy { delay_ms: 600_000, ..policy() })]);
    let handle = host.open(KIND);
    host.pass_ms(10_000);
    assert_eq!(state(&mut host, handle.id), StateName::Stored, "its lease ended");
    ask(&mut host, handle.id, AdminOp::Park).unwrap();
    assert_eq!(host.append(handle, "late"), Err(Refusal::LeaseLost(handle.id).into()));
}

#[test]
fn a_run_is_never_cut_off() {
    let mut host = Host::new();
    let id = store(&mut host, 0).id;
    host.pass_ms(0);
    let claimed = host.claim().expect("a claim");
    for op in [AdminOp::Repeat, AdminOp::Park, AdminOp::Redrive, AdminOp::Delete] {
        let refused = force(&mut host, id, op).unwrap_err();
        assert!(matches!(refused, Error::Refused(Refusal::WrongState { state: StateName::Repeating, .. })), "{op:?}");
    }
    host.finish(&claimed, vec![SessionOp::Delete], Outcome::Returned).unwrap();
}

#[test]
fn what_changed_since_it_was_looked_at_is_left_alone() {
    let mut host = Host::new();
    let handle = host.open(KIND);
    let seen = host.inspect(handle.id).unwrap().session.change_id;
    host.operate(handle, 0, SessionOp::Store { timeout_s: Some(60) }).unwrap();
    let mut asked = AdminRequest { id: handle.id, op: AdminOp::Delete, unchanged_since: Some(seen), force: false };
    assert_eq!(request(&mut host, asked), Err(Refusal::SessionChanged(handle.id).into()));
    asked.unchanged_since = Some(host.inspect(handle.id).unwrap().session.change_id);
    request(&mut host, asked).unwrap();
}
