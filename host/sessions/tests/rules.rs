//! The rules' invariants (`host/sessions/src/rules/mod.rs`) over random histories of one session.
//!
//! A history is a list of operations by clients and runs with right and wrong keys, of any number, at any time. Beside the
//! rules a small model keeps what they must agree with: the records, and who may touch the session.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use bytes::Bytes;
use mpy6a_sessions::{
    AdminOp, AdminRequest, Backoff, Caller, Handle, Index, Key, KindPolicy, Limits, New, Outcome, Refusal, Report,
    Session, SessionOp, Standing, State,
    op::{Op, Stamp},
    rules::{Change, Decision, Ended, Reply, decide},
};
use proptest::prelude::*;

const CLIENT: Key = Key(1);
const STRANGER: Key = Key(2);

fn limits() -> Limits {
    Limits {
        record_bytes_max: 8,
        session_bytes_max: 20,
        session_records_max: 4,
        timeout_s_max: 100,
        ..Limits::default()
    }
}

fn policy() -> KindPolicy {
    KindPolicy {
        lease_ms: 1_000,
        delay_ms: 500,
        jitter_ms: 50,
        backoff: Backoff { initial_ms: 100, factor_hundredths: 200, max_ms: 350 },
        max_repeats: 3,
        ..KindPolicy::default()
    }
}

/// One step of a history; keys and handles are filled in from what the history has come to.
#[derive(Clone, Debug)]
enum Step {
    Client { stranger: bool, number: u64, op: SessionOp },
    Resume { stranger: bool },
    LeaseEnded,
    Claim,
    Barrier { stale: bool, ops: Vec<SessionOp> },
    Finish { stale: bool, ops: Vec<SessionOp>, outcome: Outcome },
    HostDied,
    Admin { op: AdminOp, seen: bool, force: bool },
    Wait(u64),
}

fn session_op() -> impl Strategy<Value = SessionOp> {
    let record = || prop::collection::vec(any::<u8>(), 0..10).prop_map(Bytes::from);
    prop_oneof![
        4 => record().prop_map(SessionOp::Append),
        2 => record().prop_map(SessionOp::Replace),
        1 => Just(SessionOp::Delete),
        1 => prop::option::of(0..120u32).prop_map(|timeout_s| SessionOp::Store { timeout_s }),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Returned),
        Just(Outcome::Retry("later".into())),
        Just(Outcome::Permanent("never".into())),
        Just(Outcome::Trapped("unreachable".into())),
        Just(Outcome::OutOfFuel),
    ]
}

fn admin_op() -> impl Strategy<Value = AdminOp> {
    prop_oneof![Just(AdminOp::Repeat), Just(AdminOp::Park), Just(AdminOp::Redrive), Just(AdminOp::Delete)]
}

fn step() -> impl Strategy<Value = Step> {
    let ops = || prop::collection::vec(session_op(), 0..4);
    prop_oneof![
        6 => (prop::bool::weighted(0.1), 0..6u64, session_op())
            .prop_map(|(stranger, number, op)| Step::Client { stranger, number, op }),
        1 => prop::bool::weighted(0.1).prop_map(|stranger| Step::Resume { stranger }),
        2 => Just(Step::LeaseEnded),
        4 => Just(Step::Claim),
        2 => (prop::bool::weighted(0.2), ops()).prop_map(|(stale, ops)| Step::Barrier { stale, ops }),
        3 => (prop::bool::weighted(0.2), ops(), outcome())
            .prop_map(|(stale, ops, outcome)| Step::Finish { stale, ops, outcome }),
        1 => Just(Step::HostDied),
        2 => (admin_op(), any::<bool>(), any::<bool>()).prop_map(|(op, seen, force)| Step::Admin { op, seen, force }),
        3 => (0..2_000u64).prop_map(Step::Wait),
    ]
}

/// The session, and what the rules must agree with.
struct History {
    session: Session,
    records: Vec<Bytes>,
    index: u64,
    now_ms: u64,
    /// The key of the last claim.
    run: Key,
    claims: u64,
}

impl History {
    fn new() -> Self {
        let op = Op::New { new: New { kind: 1, ..New::default() }, key: CLIENT, caller: Caller::default() };
        let Ok(Decision::Change(change)) = decide(&limits(), None, &op, &stamp(1, 0, 0)) else { panic!() };
        let session = change.session;
        Self { session, records: Vec::new(), index: 1, now_ms: 0, run: Key(0), claims: 0 }
    }

    fn op(&mut self, step: Step) -> Op {
        let id = self.session.id;
        let client = |stranger| Handle { id, key: if stranger { STRANGER } else { CLIENT } };
        let run = |stale| Handle { id, key: if stale { Key(self.run.0 ^ 1) } else { self.run } };
        match step {
            Step::Client { stranger, number, op } => Op::Client {
                handle: client(stranger),
                number,
                fingerprint: op.fingerprint(),
                op,
                caller: Caller::default(),
            },
            Step::Resume { stranger } => Op::Resume(client(stranger)),
            Step::LeaseEnded => Op::LeaseEnded(id),
            Step::Claim => Op::Claim { id, key: Key(1_000 + 2 * self.claims) },
            Step::Barrier { stale, ops } => Op::Barrier { handle: run(stale), ops },
            Step::Finish { stale, ops, outcome } => {
                Op::Finish { handle: run(stale), ops, report: Report::bare(outcome) }
            }
            Step::HostDied => Op::HostDied(id),
            Step::Admin { op, seen, force } => {
                let unchanged_since = seen.then_some(self.session.change_id);
                Op::Admin(AdminRequest { id, op, unchanged_since, force })
            }
            Step::Wait(_) => unreachable!("handled by the caller"),
        }
    }

    /// Take a change over, after looking whether it keeps the invariants.
    fn follow(&mut self, op: &Op, change: Change, stamp: &Stamp) -> Result<(), TestCaseError> {
        let before = &self.session;
        let after = &change.session;
        if change.records.clear {
            self.records.clear();
        }
        self.records.extend(change.records.append.iter().cloned());

        prop_assert_eq!(after.change_id, stamp.index);
        prop_assert_eq!((after.id, after.kind, after.client.key), (before.id, before.kind, CLIENT));
        let is_claim = matches!(op, Op::Claim { .. });
        let parks = matches!(op, Op::Admin(AdminRequest { op: AdminOp::Park, .. }));
        prop_assert_eq!(after.fence, if is_claim || parks { stamp.index } else { before.fence });
        prop_assert_eq!(after.records as usize, self.records.len());
        prop_assert_eq!(after.bytes, self.records.iter().map(|record| record.len() as u64).sum::<u64>());
        let limits = limits();
        prop_assert!(after.records <= limits.session_records_max && after.bytes <= limits.session_bytes_max);
        prop_assert!(before.client.standing != Standing::Lost || after.client.standing != Standing::Holds);
        if let Some(due) = after.state.due().filter(|_| after.state != before.state) {
            prop_assert!(due.at_ms >= stamp.now_ms && due.stored == stamp.index);
        }
        if let State::Repeating { key, .. } = after.state {
            prop_assert!(after.client.standing != Standing::Holds, "one operator at a time");
            prop_assert!(is_claim || key == self.run);
            if is_claim {
                self.run = key;
                self.claims += 1;
                prop_assert_eq!(after.repeats, before.repeats + 1);
            }
        }
        prop_assert!(after.repeats <= policy().max_repeats || !is_claim, "parked in time");
        self.session = change.session;
        Ok(())
    }
}

fn stamp(index: u64, now_ms: u64, entropy: u64) -> Stamp {
    Stamp { index: Index { term: 1, index }, now_ms, entropy, policy: policy() }
}

/// Who may have an operation applied to a session in this state.
fn is_allowed(op: &Op, session: &Session) -> bool {
    match (op, session.state) {
        (Op::Client { handle, .. } | Op::Resume(handle), State::Active | State::Stored(_)) => {
            handle.key == CLIENT && session.client.standing == Standing::Holds
        }
        (Op::Barrier { handle, .. } | Op::Finish { handle, .. }, State::Repeating { key, .. }) => handle.key == key,
        (Op::LeaseEnded(_), State::Active) | (Op::HostDied(_), State::Repeating { .. }) => true,
        (Op::Claim { .. }, State::Stored(_)) => true,
        (Op::Admin(request), state) => match request.op {
            AdminOp::Repeat => matches!(state, State::Stored(_)),
            AdminOp::Redrive => matches!(state, State::Parked { .. }),
            AdminOp::Park => matches!(state, State::Stored(_)) || request.force && state == State::Active,
            AdminOp::Delete => !matches!(state, State::Repeating { .. }) && (request.force || state != State::Active),
        },
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_history_keeps_the_invariants(steps in prop::collection::vec((step(), any::<u64>()), 1..60)) {
        let mut history = History::new();
        for (step, entropy) in steps {
            if let Step::Wait(ms) = step {
                history.now_ms += ms;
                continue;
            }
            let op = history.op(step);
            let stamp = stamp(history.index + 1, history.now_ms, entropy);
            let decision = decide(&limits(), Some(&history.session), &op, &stamp);
            prop_assert_eq!(&decision, &decide(&limits(), Some(&history.session), &op, &stamp), "the same again");
            if let Ok(Decision::Change(change)) = decision {
                prop_assert!(is_allowed(&op, &history.session), "{:?} on {:?}", op, history.session);
                history.index += 1;
                let gone = change.gone;
                history.follow(&op, *change, &stamp)?;
                if gone {
                    return Ok(());
                }
            }
        }
    }

    #[test]
    fn a_retry_gets_the_first_answer_whatever_happened_since(
        op in session_op(),
        number in 1..u64::MAX,
        since in prop::collection::vec(step(), 0..20),
    ) {
        let mut history = History::new();
        let retried = Op::Client { handle: history.session.client_handle(), number, fingerprint: op.fingerprint(), op, caller: Caller::default() };
        let first = decide(&limits(), Some(&history.session), &retried, &stamp(2, 0, 0));
        let Ok(Decision::Change(change)) = first else { return Ok(()) };
        let (first, gone) = (change.reply, change.gone);
        history.index = 2;
        history.session = change.session;
        for step in since {
            if gone {
                break;
            }
            if let Step::Wait(ms) = step {
                history.now_ms += ms;
                continue;
            }
            // A client that retries has done nothing else since.
            let op = history.op(step);
            if matches!(op, Op::Client { .. }) {
                continue;
            }
            let stamp = stamp(history.index + 1, history.now_ms, 0);
            if let Ok(Decision::Change(change)) = decide(&limits(), Some(&history.session), &op, &stamp) {
                history.index += 1;
                if let Op::Claim { key, .. } = op {
                    history.run = key;
                }
                history.session = change.session;
            }
        }
        let again = decide(&limits(), Some(&history.session), &retried, &stamp(history.index + 1, history.now_ms, 9));
        prop_assert_eq!(again, Ok(Decision::Answer(first)));
    }

    #[test]
    fn jitter_and_backoff_stay_within_their_bounds(entropy: u64, repeats in 1..10u32, now_ms in 0..u64::MAX / 2) {
        let stamp = stamp(1, now_ms, entropy);
        let wait_ms = stamp.policy.backoff.wait_ms(repeats);
        prop_assert!((100..=350).contains(&wait_ms));
        let due_ms = stamp.due_ms(wait_ms);
        prop_assert!(due_ms >= now_ms + wait_ms && due_ms <= now_ms + wait_ms + stamp.policy.jitter_ms);
    }
}

#[test]
fn times_at_the_end_of_time_do_not_overflow() {
    let far = Stamp { now_ms: u64::MAX - 1, ..stamp(2, 0, u64::MAX) };
    let all_jitter = Stamp { policy: KindPolicy { jitter_ms: u64::MAX, ..policy() }, ..far };
    assert_eq!((far.due_ms(u64::MAX), all_jitter.due_ms(5)), (u64::MAX, u64::MAX));
}

#[test]
fn the_table_of_how_a_run_ends() {
    let store = || vec![SessionOp::Store { timeout_s: Some(60) }];
    let delete = || vec![SessionOp::Delete];
    let retry = || Outcome::Retry(String::new());
    let permanent = || Outcome::Permanent(String::new());
    let stored = Ended::Stored { due_ms: 60_000 };
    let backoff = Ended::Backoff { due_ms: 100 };
    let table = [
        (delete(), Outcome::Returned, Ended::Deleted),
        (delete(), retry(), Ended::Deleted),
        (delete(), permanent(), Ended::Deleted),
        (store(), Outcome::Returned, stored),
        (store(), retry(), Ended::Backoff { due_ms: 60_000 }),
        (store(), permanent(), Ended::Parked),
        (vec![], Outcome::Returned, backoff),
        (vec![], retry(), backoff),
        (vec![], permanent(), Ended::Parked),
        (delete(), Outcome::OutOfFuel, backoff),
        (store(), Outcome::TimedOut, backoff),
    ];
    for (ops, outcome, expected) in table {
        let mut history = History::new();
        let key = Key(77);
        let due = mpy6a_sessions::Due { at_ms: 0, stored: Index::default() };
        history.session.state = State::Repeating { key, due, since_ms: 0 };
        history.session.repeats = 1;
        let handle = Handle { id: history.session.id, key };
        let op = Op::Finish { handle, ops, report: Report::bare(outcome.clone()) };
        let decision = decide(&limits(), Some(&history.session), &op, &stamp(2, 0, 0));
        let Ok(Decision::Change(change)) = decision else { panic!("{decision:?}") };
        assert_eq!(change.reply, Reply::Ended(expected), "{outcome}");
        let parked_or_gone = matches!(expected, Ended::Parked | Ended::Deleted);
        assert_eq!(change.session.state.due().is_none(), parked_or_gone || change.gone);
    }
}

#[test]
fn a_stranger_learns_nothing_but_that_the_key_is_wrong() {
    let history = History::new();
    let op = SessionOp::Delete;
    let handle = Handle { id: history.session.id, key: STRANGER };
    let op = Op::Client { handle, number: 1, fingerprint: op.fingerprint(), op, caller: Caller::default() };
    let decision = decide(&limits(), Some(&history.session), &op, &stamp(2, 0, 0));
    assert_eq!(decision, Err(Refusal::KeyWrong(history.session.id)));
}

#[test]
fn a_new_takes_a_traceparent_of_the_w3c_form_and_no_other_text() {
    const RIGHT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let judged = |text: &str| {
        let new = New { kind: 1, traceparent: Some(text.to_owned()), ..New::default() };
        mpy6a_sessions::rules::check_new(&limits(), &new).map(|_| ())
    };
    for right in [RIGHT, &RIGHT.replacen("00", "cc", 1), &(RIGHT.replacen("00", "01", 1) + "-what.comes/later")] {
        assert_eq!(judged(right), Ok(()), "{right}");
    }
    let zero = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
    let none = [
        "x",
        zero,
        &RIGHT.to_uppercase(),
        &RIGHT[1..],
        &(RIGHT.to_owned() + "-more"),
        &(RIGHT.to_owned() + "\n"),
        &RIGHT.replacen("00", "ff", 1),
        &(RIGHT.replacen("00", "01", 1) + "-\u{202e}"),
        "00-é-é-01",
        &RIGHT.replace("b7ad6b7169203331", "0000000000000000"),
    ];
    for none in none {
        assert_eq!(judged(none), Err(Refusal::TraceparentInvalid), "{none}");
    }
}
