//! A client that uses the crate `mpy6a-client`: it numbers, retries and renews by itself.
//!
//! Its tries do not show, so each of its operations is one call, from the first try to the last, without a number.

use std::time::{Duration, UNIX_EPOCH};

use mpy6a_client::{Client, Error, Session};
use rand::{RngExt as _, rngs::StdRng};
use tokio::time::sleep;

use super::Field;
use crate::history::{Answer, At, Call, History, Index, NEVER, What};

/// How long it tries one operation: over a short outage, not over a long one.
const OPERATION_TIME: Duration = Duration::from_secs(3);
/// How long one try may take.
const TRY_TIME: Duration = Duration::from_millis(700);
/// The most appends to one session.
const STEPS_MAX: u32 = 10;

/// Work until told to stop.
pub async fn work(field: Field, mut chance: StdRng) -> Vec<History> {
    let url = &field.urls[usize::from(chance.random_ratio(1, 2))];
    let client = Client::builder(url).operation_timeout(OPERATION_TIME).try_timeout(TRY_TIME).connect().unwrap();
    let mut histories = Vec::new();
    while !field.is_stopped() {
        let mut history = field.new_session(&mut chance);
        live(&field, &client, &mut chance, &mut history).await;
        histories.push(history);
    }
    histories
}

async fn live(field: &Field, client: &Client, chance: &mut StdRng, history: &mut History) {
    let record = field.record(history, chance);
    let began = field.watch.now();
    let opened = client.session(history.kind).record(record.text()).open().await;
    let answer = answer(opened.as_ref().map(|session| (Some(session.id()), None)));
    keep(field, history, What::Open(record), began, answer);
    let Ok(mut session) = opened else { return sleep(TRY_TIME / 10).await };
    for _ in 0..chance.random_range(0..=STEPS_MAX) {
        let record = field.record(history, chance);
        let began = field.watch.now();
        let (what, done) = match chance.random_range(0..10) {
            0 => (What::Replace(record), session.replace(record.text()).await),
            1 => {
                sleep(Duration::from_millis(chance.random_range(0..200))).await;
                continue;
            }
            _ => (What::Append(record), session.append(record.text()).await),
        };
        let over = done.is_err();
        keep(field, history, what, began, self::answer(done.as_ref().map(|change| (Some(*change), None))));
        if over || field.is_stopped() {
            break;
        }
    }
    end(field, chance, history, session).await;
}

async fn end(field: &Field, chance: &mut StdRng, history: &mut History, session: Session) {
    let began = field.watch.now();
    match chance.random_range(0..10) {
        0..6 => {
            let done = session.delete().await.map_err(Error::from);
            keep(field, history, What::Delete, began, answer(done.as_ref().map(|()| (None, None))));
        }
        6..8 => {
            let timeout_s = chance.random_range(0..2);
            let done = session.store(Duration::from_secs(timeout_s.into())).await.map_err(Error::from);
            let due_ms = |due: &std::time::SystemTime| {
                u64::try_from(due.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).ok()
            };
            let answer = answer(done.as_ref().map(|due| (None, due_ms(due))));
            keep(field, history, What::Store(Some(timeout_s)), began, answer);
        }
        // Dropped: left to its handler.
        _ => {}
    }
}

/// What the library says, in the words of the wire.
fn answer(done: Result<(Option<Index>, Option<u64>), &Error>) -> Answer {
    let reason = match done {
        Ok((change, due_ms)) => return Answer::Done { change, due_ms },
        Err(error) if error.maybe_applied() => return Answer::Unknown,
        Err(Error::LeaseLost { .. }) => "LEASE_LOST",
        Err(Error::Finished { .. }) => "SESSION_FINISHED",
        Err(Error::NotFound { .. }) => "SESSION_NOT_FOUND",
        Err(Error::Overloaded { .. }) => "OVERLOADED",
        Err(Error::Unavailable { .. } | Error::LeaseExpired { .. }) => return Answer::Unknown,
        Err(Error::Rejected { reason, .. }) => reason,
        Err(other) => panic!("the library says {other}"),
    };
    Answer::Refused(reason.to_owned())
}

fn keep(field: &Field, history: &mut History, what: What, began: At, answer: Answer) {
    let ended = if answer == Answer::Unknown { NEVER } else { field.watch.now() };
    if matches!(answer, Answer::Done { .. }) {
        field.acknowledge();
    }
    history.calls.push(Call { number: 0, what, forged: false, began, ended, answer });
}
