//! Pipelines: local numbers, order, and what is left behind.

use std::{
    sync::Arc,
    sync::atomic::Ordering::SeqCst,
    task::{Context, Poll, Waker},
};

use super::fixture::{Host, KIND, policy, request};
use crate::{
    Caller, Error, Handle, KindPolicy, New, Refusal, SessionOp, StateName,
    limits::{BATCH_OPS_MAX, PIPELINE_LOST_MAX, PIPELINE_SESSIONS_MAX, TURN_OPS_MAX},
    pipeline::{Answer, Answered, Ask, Named, Wish},
    writer::{Message, Outbox, Turn},
};

/// A pipeline, as the writer sees it.
struct Line(Arc<Outbox>);

impl Line {
    fn new(number: u64) -> Self {
        Self(Arc::new(Outbox::new(number)))
    }

    fn turn(&self, wishes: impl IntoIterator<Item = Wish>) -> Message {
        let asks = wishes.into_iter().zip(0..).map(|(what, tag)| Ask { tag, what }).collect();
        Message::Turn(Turn::new(&self.0, Caller::default(), asks))
    }

    fn answers(&self) -> Poll<Result<Vec<Answer>, Error>> {
        self.0.poll(&Context::from_waker(Waker::noop()))
    }

    fn ask(&self, host: &mut Host, wishes: impl IntoIterator<Item = Wish>) -> Vec<Result<Answered, Error>> {
        host.step(vec![self.turn(wishes)]).unwrap();
        match self.answers() {
            Poll::Ready(Ok(answers)) => answers.into_iter().map(|answer| answer.result).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn open(&self, host: &mut Host, local: u64) -> Handle {
        match self.ask(host, [new(local)]).pop() {
            Some(Ok(Answered::Opened(opened))) => opened.handle,
            other => panic!("{other:?}"),
        }
    }

    fn broke(&self, host: &mut Host) {
        host.step(vec![Message::Broke(self.0.number)]).unwrap();
    }
}

fn new(local: u64) -> Wish {
    Wish::new(local, New { kind: KIND, ..New::default() })
}

#[test]
fn a_session_that_outlives_its_pipeline_is_left_to_its_lease() {
    let mut host = Host::new();
    let line = Line::new(1);
    let Some(Ok(Answered::Opened(opened))) = line.ask(&mut host, [new(1).outliving()]).pop() else { panic!() };
    let other = line.open(&mut host, 2);
    line.broke(&mut host);
    host.step(vec![]).unwrap();
    assert_eq!(state(&mut host, opened.handle), StateName::Active);
    assert_eq!(state(&mut host, other), StateName::Stored);
    host.pass_ms(10_000);
    assert_eq!(state(&mut host, opened.handle), StateName::Stored, "when its lease ends");
}

fn append(session: Named, number: u64) -> Wish {
    Wish::operate(session, number, SessionOp::Append("r".into()))
}

fn delete(local: u64) -> Wish {
    Wish::operate(Named::Local(local), 9, SessionOp::Delete)
}

fn state(host: &mut Host, handle: Handle) -> StateName {
    host.inspect(handle.id).unwrap().session.state.name()
}

fn refusal(result: &Result<Answered, Error>) -> Refusal {
    match result {
        Err(Error::Refused(refusal)) => refusal.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_session_that_comes_and_goes_in_one_turn_is_answered_in_order_and_never_written() {
    let (mut host, line) = (Host::new(), Line::new(1));
    let before = host.levers.commits.load(SeqCst);
    let wishes = [new(5), append(Named::Local(5), 1), delete(5), new(5), delete(5)];
    let answers = line.ask(&mut host, wishes);
    let indexes: Vec<u64> = answers
        .iter()
        .map(|answer| match answer {
            Ok(Answered::Opened(opened)) => opened.fence.index,
            Ok(Answered::Applied(applied)) => applied.change_id.index,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(indexes, [1, 2, 3, 4, 5]);
    assert_eq!(host.levers.commits.load(SeqCst) - before, 1);
    assert!(host.counts().is_empty());
}

#[test]
fn nothing_is_answered_before_the_commit_and_a_failed_one_ends_the_pipeline() {
    let (mut host, line) = (Host::new(), Line::new(1));
    host.levers.broken.store(true, SeqCst);
    assert!(line.answers().is_pending());
    assert!(host.step(vec![line.turn([new(1)])]).is_err());
    assert_eq!(line.answers(), Poll::Ready(Err(Error::StoreFailed)));
}

#[test]
fn sessions_of_a_broken_pipeline_are_stored_at_once_and_repeated_after_the_delay() {
    let (mut host, line) = (Host::new(), Line::new(1));
    let left = line.open(&mut host, 1);
    line.ask(&mut host, [new(2), delete(2)]);
    let single = host.open(KIND);
    line.broke(&mut host);
    assert_eq!([left, single].map(|handle| state(&mut host, handle)), [StateName::Stored, StateName::Active]);
    host.pass_ms(4_999);
    assert!(host.claim().is_none());
    host.pass_ms(1);
    assert_eq!(host.claim().unwrap().session.id, left.id);
    assert_eq!(host.append(left, "late"), Err(Refusal::LeaseLost(left.id).into()));
}

#[test]
fn what_is_opened_in_the_batch_in_which_the_pipeline_breaks_is_stored_too() {
    let (mut host, line) = (Host::new(), Line::new(1));
    host.step(vec![line.turn([new(1), append(Named::Local(1), 1)]), Message::Broke(1)]).unwrap();
    let Poll::Ready(Ok(answers)) = line.answers() else { panic!("no answers") };
    let Ok(Answered::Opened(opened)) = answers[0].result else { panic!("{answers:?}") };
    assert_eq!(state(&mut host, opened.handle), StateName::Stored);
}

#[test]
fn its_client_still_holds_a_session_that_was_left_behind() {
    let (mut host, line, other) = (Host::new(), Line::new(1), Line::new(2));
    let [by_call, by_line] = [1, 2].map(|local| line.open(&mut host, local));
    line.broke(&mut host);
    host.append(by_call, "back").unwrap();
    assert!(other.ask(&mut host, [Wish::Renew(Named::Handle(by_line))])[0].is_ok());
    assert_eq!([by_call, by_line].map(|handle| state(&mut host, handle)), [StateName::Active; 2]);
    other.broke(&mut host);
    assert_eq!(state(&mut host, by_line), StateName::Active, "used on the other one, not opened there");
    host.pass_ms(9_999);
    assert!(host.claim().is_none(), "the lease began again");
}

#[test]
fn a_client_heard_of_since_by_another_way_is_not_gone() {
    let (mut host, line, other) = (Host::new(), Line::new(1), Line::new(2));
    let [call, renewal, elsewhere, back, refused] = [1, 2, 3, 4, 5].map(|local| line.open(&mut host, local));
    host.append(call, "r").unwrap();
    host.renew(&[renewal]);
    other.ask(&mut host, [append(Named::Handle(elsewhere), 1), append(Named::Handle(back), 1)]);
    line.ask(&mut host, [append(Named::Local(4), 2)]);
    let again = || New { kind: KIND, request: request("r"), ..New::default() };
    let Some(Ok(Answered::Opened(retried))) = line.ask(&mut host, [Wish::new(6, again())]).pop() else {
        panic!("not opened")
    };
    host.try_new(again()).unwrap();
    let guess = Handle { key: crate::Key(1), ..refused };
    host.append(guess, "r").unwrap_err();
    line.broke(&mut host);
    use StateName::{Active, Stored};
    let states = [call, renewal, elsewhere, retried.handle, back, refused].map(|handle| state(&mut host, handle));
    assert_eq!(states, [Active, Active, Active, Active, Stored, Stored]);
}

#[test]
fn a_client_that_comes_back_while_many_are_left_behind_keeps_what_it_uses() {
    let (mut host, line) = (Host::new(), Line::new(1));
    let count = BATCH_OPS_MAX as u64 + 10;
    let mut last = None;
    for local in 0..count {
        last = Some(line.open(&mut host, local));
    }
    // More than one batch: the last is not stored by this one.
    line.broke(&mut host);
    let last = last.unwrap();
    host.append(last, "back").unwrap();
    assert_eq!(state(&mut host, last), StateName::Active);
}

#[test]
fn more_than_a_batch_of_them_is_stored_in_several_without_a_pause() {
    let (mut host, line) = (Host::new(), Line::new(1));
    for some in (0..BATCH_OPS_MAX as u64 * 2).collect::<Vec<_>>().chunks(TURN_OPS_MAX) {
        line.ask(&mut host, some.iter().map(|local| new(*local)));
    }
    let sleep = host.step(vec![Message::Broke(1)]).unwrap();
    assert_eq!(sleep, Some(std::time::Duration::ZERO));
    host.step(vec![]).unwrap();
    assert_eq!(host.counts()[&KIND].stored, BATCH_OPS_MAX as u64 * 2);
}

#[test]
fn a_retried_new_moves_the_session_to_its_new_number() {
    let (mut host, line, other) = (Host::new(), Line::new(1), Line::new(2));
    let again = |local| Wish::new(local, New { kind: KIND, request: request("r"), ..New::default() });
    let first = line.ask(&mut host, [again(1)]);
    assert_eq!(other.ask(&mut host, [again(7)]), first);
    assert_eq!(refusal(&line.ask(&mut host, [append(Named::Local(1), 1)])[0]), Refusal::LocalNotOpen(1));
    let Ok(Answered::Opened(opened)) = first[0] else { panic!("{first:?}") };
    line.broke(&mut host);
    assert_eq!(state(&mut host, opened.handle), StateName::Active, "it is the other's now");
    other.broke(&mut host);
    assert_eq!(state(&mut host, opened.handle), StateName::Stored);
}

#[test]
fn local_numbers_are_refused_by_name() {
    let (mut host, line) = (Host::new(), Line::new(1));
    let unknown = Wish::new(2, New { kind: 404, ..New::default() });
    let answers = line.ask(&mut host, [new(1), new(1), append(Named::Local(2), 1), unknown, delete(2)]);
    assert_eq!(refusal(&answers[1]), Refusal::LocalInUse(1));
    assert_eq!(refusal(&answers[2]), Refusal::LocalNotOpen(2));
    assert_eq!(refusal(&answers[3]), Refusal::KindUnknown(404));
    assert_eq!(refusal(&answers[4]), Refusal::LocalNotOpen(2));
}

#[test]
fn a_number_is_free_again_however_its_session_was_finished() {
    let (mut host, line) = (Host::new(), Line::new(1));
    let handles = [1, 2, 3].map(|local| line.open(&mut host, local));
    line.ask(&mut host, [delete(1)]);
    host.operate(handles[1], 1, SessionOp::Delete).unwrap();
    host.operate(handles[2], 1, SessionOp::Store { timeout_s: Some(600) }).unwrap();
    assert!(line.ask(&mut host, [new(1), new(2), new(3)]).iter().all(Result::is_ok));
}

#[test]
fn who_lost_a_session_is_told_so_by_its_number_until_too_many_were_lost() {
    let one = KindPolicy { max_running: u32::MAX, delay_ms: 0, max_repeats: 99, ..policy() };
    let (mut host, line) = (Host::with_kinds([(KIND, one)]), Line::new(1));
    let count = PIPELINE_LOST_MAX as u64 + 1;
    let mut first = None;
    for local in 0..count {
        let handle = line.open(&mut host, local);
        first.get_or_insert(handle);
        if local == 0 {
            host.pass_ms(10_000);
        }
    }
    host.pass_ms(10_000);
    // Stored by that step, claimed by this one.
    host.pass_ms(0);
    let first = first.unwrap();
    let answers =
        line.ask(&mut host, [append(Named::Local(0), 1), append(Named::Local(1), 1), append(Named::Handle(first), 1)]);
    assert_eq!(refusal(&answers[0]), Refusal::LocalNotOpen(0), "the oldest is forgotten");
    assert!(matches!(refusal(&answers[1]), Refusal::LeaseLost(_)));
    assert_eq!(refusal(&answers[2]), Refusal::LeaseLost(first.id), "its handle says it for longer");
    assert_eq!(refusal(&line.ask(&mut host, [append(Named::Local(1), 1)])[0]), Refusal::LocalNotOpen(1), "said once");
}

#[test]
fn a_pipeline_holds_so_many_sessions_and_no_more() {
    let (mut host, line) = (Host::new(), Line::new(1));
    let locals: Vec<u64> = (0..PIPELINE_SESSIONS_MAX as u64).collect();
    for some in locals.chunks(4096) {
        assert!(line.ask(&mut host, some.iter().map(|local| new(*local))).iter().all(Result::is_ok));
    }
    let answers = line.ask(&mut host, [new(u64::MAX), delete(0), new(u64::MAX)]);
    assert_eq!(refusal(&answers[0]), Refusal::StreamFull { max: PIPELINE_SESSIONS_MAX });
    assert!(answers[2].is_ok());
}
