//! What a person does to a session.

use super::fixture::{Host, KIND, policy};
use crate::{
    AdminOp, AdminRequest, Applied, Error, Handle, Index, KindPolicy, Line, Listed, Outcome, Part, Refusal, SessionOp,
    StateName, limits::LIST_MAX, op::Op, rules::Reply, store::Pause, writer::Message,
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

#[test]
fn a_kind_that_a_person_paused_waits_over_restarts_and_whatever_the_config_says() {
    let mut host = Host::with_kinds([(1, policy()), (2, policy())]);
    let pause = |host: &mut Host, paused| host.ask(|reply_to| Message::SetPaused(1, paused, reply_to)).unwrap();
    pause(&mut host, true);
    let waiting = host.open(1);
    host.operate(waiting, 0, SessionOp::Store { timeout_s: Some(0) }).unwrap();
    for restarted in [false, true] {
        if restarted {
            host.restart();
        }
        host.set_kinds([(1, policy()), (2, policy())]);
        let other = host.open(2);
        host.operate(other, 0, SessionOp::Store { timeout_s: Some(0) }).unwrap();
        host.pass_ms(60_000);
        let claimed = host.claim().expect("the other kind goes on");
        assert_eq!(claimed.session.id, other.id);
        host.finish(&claimed, vec![SessionOp::Delete], Outcome::Returned).unwrap();
        assert!(host.claim().is_none());
    }
    pause(&mut host, true);
    let pauses = host.ask(Message::Pauses).unwrap();
    assert_eq!(pauses, [(1, Pause { since_ms: 1_000_000 })].into(), "since it was paused first");
    pause(&mut host, false);
    host.pass_ms(0);
    assert_eq!(host.claim().unwrap().session.id, waiting.id);
    host.restart();
    assert_eq!(host.ask(Message::Pauses).unwrap(), [].into());
}

#[test]
fn all_sessions_are_listed_part_by_part() {
    let mut host = once();
    let count = LIST_MAX + 3;
    let active: Vec<_> = (0..count).map(|_| host.open(KIND).id).collect();
    let stored: Vec<_> = (0..count).map(|_| store(&mut host, 3_600).id).collect();
    for id in &stored[..2] {
        ask(&mut host, *id, AdminOp::Repeat).unwrap();
    }
    host.pass_ms(0);
    let [parked, repeating] = [host.claim().unwrap(), host.claim().unwrap()];
    host.finish(&parked, vec![], Outcome::Permanent("never".into())).unwrap();

    let mut all = |first| {
        let (mut listed, mut next) = (Vec::new(), Some(first));
        while let Some(part) = next {
            let page = host.ask(|reply_to| Message::List(part, reply_to)).unwrap();
            assert!(page.sessions.len() <= LIST_MAX);
            listed.extend(page.sessions);
            next = page.next;
        }
        listed
    };
    let ids = |listed: &[Listed]| listed.iter().map(|listed| listed.session.id).collect::<Vec<_>>();
    let held = all(Part::Held(None));
    assert_eq!(ids(&held), [&active[..], &[repeating.session.id]].concat());
    assert_eq!(ids(&all(Part::Waiting(KIND, Line::Stored, None))), stored[2..]);
    let listed = all(Part::Waiting(KIND, Line::Parked, None));
    assert_eq!(ids(&listed), [parked.session.id]);
    assert_eq!(listed[0].last.as_ref().unwrap().report.outcome, Outcome::Permanent("never".into()));
    assert_eq!(all(Part::Waiting(KIND + 1, Line::Parked, None)), []);
}

#[test]
fn the_heads_are_the_first_due_times_of_kinds_that_have_stored_sessions() {
    let mut host = Host::with_kinds([(1, policy()), (2, policy())]);
    host.open(2);
    for timeout_s in [9, 5, 7] {
        store(&mut host, timeout_s);
    }
    let heads = host.ask(Message::Heads).unwrap();
    assert_eq!(heads.into_iter().map(|(kind, due)| (kind, due.at_ms)).collect::<Vec<_>>(), [(1, 1_005_000)]);
}
