//! A client that numbers and retries by hand. It does what good clients do, and what bad ones and bad luck do: it loses
//! answers, retries what was answered long ago, goes on after its lease and after it was told to stop, and tries keys that are
//! not its own. What it does is drawn in [`steps`].

mod steps;

use std::time::Duration;

use mpy6a_proto::v1::Handle;
use rand::{RngExt as _, rngs::StdRng};
use tokio::time::sleep;

use super::{Field, Told, Transport};
use crate::history::{Answer, At, Call, History, NEVER, What};

/// The most calls of one session: the checker has room for its moves.
const CALLS_MAX: usize = 40;
/// The most operations that one session is meant to get.
const STEPS_MAX: u32 = 10;
/// More numbers than the end of a session takes.
const LAST_NUMBERS: u64 = 20;
/// How long to wait before another try, after a refusal or no answer.
const AGAIN: Duration = Duration::from_millis(15);

/// Work until told to stop.
pub async fn work(field: Field, mut chance: StdRng) -> Vec<History> {
    let transport = Transport::to(&field.urls[usize::from(chance.random_ratio(1, 2))], &field.admin);
    // Whether it stops by its own clock when its lease is over, as it should.
    let honest = chance.random();
    // Whether it never pauses.
    let hasty = chance.random_ratio(1, 3);
    let name: [u8; 16] = chance.random();
    let (mut histories, mut last) = (Vec::new(), 0);
    while !field.is_stopped() {
        let history = field.new_session(&mut chance);
        // What it asked of earlier sessions it will not ask again; of this one, however late.
        let transport = &transport.named(&name, last + 1);
        let mut client = Client { field: &field, transport, chance: &mut chance, history, honest, hasty };
        last = client.live(last + 1).await;
        histories.push(client.history);
    }
    histories
}

struct Client<'a> {
    field: &'a Field,
    transport: &'a Transport,
    chance: &'a mut StdRng,
    history: History,
    honest: bool,
    hasty: bool,
}

impl Client<'_> {
    /// A session, whose `New` has this number; the last number that it used.
    async fn live(&mut self, first: u64) -> u64 {
        let Some(handle) = self.open(first).await else { return first };
        let mut number = first;
        for _ in 0..self.chance.random_range(0..=STEPS_MAX) {
            if self.field.is_stopped() || self.history.calls.len() > CALLS_MAX || self.is_too_late() {
                break;
            }
            if !self.step(handle, &mut number).await {
                break;
            }
        }
        if !self.is_too_late() && self.history.calls.len() <= CALLS_MAX {
            self.end(handle, number + 1).await;
        }
        number + LAST_NUMBERS
    }

    /// Whether the lease is over by its own clock, and it cares.
    fn is_too_late(&self) -> bool {
        let done = self.history.calls.iter().rfind(|call| matches!(call.answer, Answer::Done { .. }));
        self.honest && done.is_none_or(|call| self.field.watch.now() > call.began + self.history.lease)
    }

    async fn open(&mut self, number: u64) -> Option<Handle> {
        let record = self.field.record(&self.history, self.chance);
        for _ in 0..CALLS_MAX / 2 {
            let began = self.field.watch.now();
            let patience = self.patience();
            let told = self.transport.open(patience, self.history.kind, record, number).await;
            let handle = if let Told::Done(handle) = told { Some(handle) } else { None };
            let answer = told.map(|it| Answer::Done { change: it.id.map(Into::into), due_ms: None }).into();
            self.keep(0, What::Open(record), false, began, answer);
            if handle.is_some() {
                return handle;
            }
            sleep(AGAIN).await;
            if self.chance.random_ratio(1, 10) {
                break;
            }
        }
        None
    }

    /// An operation with the next number, tried until it is answered or given up; whether to go on.
    async fn operate(&mut self, handle: Handle, number: &mut u64, what: What) -> bool {
        if self.chance.random_ratio(1, 20) {
            // Without a number it is not safe to retry.
            return self.ask(handle, 0, what).await != Answer::Refused("LEASE_LOST".to_owned());
        }
        *number += self.chance.random_range(1..=2);
        loop {
            match self.ask(handle, *number, what.clone()).await {
                Answer::Done { .. } => return true,
                Answer::Refused(reason) if is_host_busy(&reason) => {}
                // Now and then it tries another one with the key that was lost.
                Answer::Refused(_) => return self.chance.random_ratio(1, 5),
                Answer::Unknown if self.chance.random_ratio(1, 10) => return true,
                Answer::Unknown => {}
            }
            if self.history.calls.len() > CALLS_MAX || self.is_too_late() {
                return false;
            }
            sleep(AGAIN).await;
        }
    }

    async fn ask(&mut self, handle: Handle, number: u64, what: What) -> Answer {
        let began = self.field.watch.now();
        let answer = self.transport.ask(self.patience(), handle, number, &what).await;
        self.keep(number, what, false, began, answer.clone());
        answer
    }

    /// How long to wait for an answer. Sometimes so short that it is lost, though the request arrived.
    fn patience(&mut self) -> Duration {
        let ms = if self.chance.random_ratio(1, 20) { 2 } else { self.chance.random_range(300..1500) };
        Duration::from_millis(ms)
    }

    fn keep(&mut self, number: u64, what: What, forged: bool, began: At, answer: Answer) {
        let ended = self.field.watch.now();
        self.keep_until(number, what, forged, (began, ended), answer);
    }

    fn keep_until(&mut self, number: u64, what: What, forged: bool, (began, ended): (At, At), answer: Answer) {
        let ended = if answer == Answer::Unknown { NEVER } else { ended };
        if matches!(answer, Answer::Done { .. }) {
            self.field.acknowledge();
        }
        self.history.calls.push(Call { number, what, forged, began, ended, answer });
    }
}

/// Whether a refusal says nothing of the session: then the same may be asked again.
fn is_host_busy(reason: &str) -> bool {
    matches!(reason, "OVERLOADED" | "SHUTTING_DOWN")
}
