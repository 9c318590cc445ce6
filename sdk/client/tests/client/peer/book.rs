//! What the peer knows: sessions, their last numbers, and everything it was asked.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use mpy6a_proto::{ERROR_DOMAIN, v1};
use tokio::{sync::Notify, task::JoinHandle, time::Instant};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::{Before, Fault, KIND, LEASE};

/// What an operator does to a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    Append(Bytes),
    Replace(Bytes),
    Delete,
    Store(Option<u32>),
}

/// The peer's memory.
#[derive(Default)]
pub struct Book {
    /// Faults to come.
    pub script: VecDeque<Fault>,
    pub renewal_script: VecDeque<Fault>,
    /// Every operation that arrived, applied or not: its number and what it asked.
    pub seen: Vec<(u64, Done)>,
    /// Every `New` that arrived.
    pub news: Vec<v1::NewRequest>,
    /// How many sessions each `Renew` named; on a stream, each moment's renewals.
    pub renewals: Vec<usize>,
    /// How many operations each message of a stream had.
    pub messages: Vec<usize>,
    /// Whether the stream is not served.
    pub no_stream: bool,
    /// Whether a proxy passes the first message of a stream on, and then says that the stream is not served.
    pub passes_on: bool,
    /// What answers in the peer's place.
    pub before: Option<Before>,
    /// How many streams were asked for.
    pub streams: usize,
    /// How many of them the client has closed in order.
    pub closed: usize,
    /// When the last renewal came over a stream, and what it met.
    pub last_renewal: Option<(Instant, Option<Fault>)>,
    /// The words for a session that the host took from its client or forgot.
    pub taken: HashMap<u64, &'static str>,
    /// Operations that wait for [`Peer::flush`](super::Peer::flush), and what lets them go.
    pub queued: Vec<JoinHandle<()>>,
    pub release: Arc<Notify>,
    sessions: HashMap<u64, Kept>,
    answered: HashMap<String, v1::NewResponse>,
    index: u64,
}

/// One session.
#[derive(Default)]
struct Kept {
    last: Option<(u64, Done, v1::Index)>,
    records: Vec<Bytes>,
    finished: bool,
}

/// A refusal as a host words it.
pub fn refusal(code: Code, reason: &str) -> Status {
    let details = ErrorDetails::with_error_info(reason, ERROR_DOMAIN, HashMap::new());
    Status::with_error_details(code, format!("the peer says {reason}"), details)
}

/// The refusal of a host that has no room, and asks to be tried again after that long.
pub fn overloaded(retry: Duration) -> Status {
    let mut details = ErrorDetails::with_error_info("OVERLOADED", ERROR_DOMAIN, []);
    details.set_retry_info(Some(retry));
    Status::with_error_details(Code::ResourceExhausted, "full", details)
}

impl Book {
    /// The records of a session, oldest first.
    pub fn records(&self, session: mpy6a_client::Index) -> &[Bytes] {
        &self.sessions[&session.index].records
    }

    /// Whether the session was deleted or stored.
    pub fn finished(&self, session: mpy6a_client::Index) -> bool {
        self.sessions[&session.index].finished
    }

    /// The index of the session that was opened last.
    pub fn opened_last(&self) -> u64 {
        self.sessions.keys().copied().max().expect("a session that was opened")
    }

    /// How many sessions were opened.
    pub fn opened(&self) -> usize {
        self.sessions.len()
    }

    fn next_index(&mut self) -> v1::Index {
        self.index += 1;
        v1::Index { term: 1, index: self.index }
    }

    pub fn open(&mut self, request: v1::NewRequest) -> Result<v1::NewResponse, Status> {
        if request.kind != KIND {
            return Err(refusal(Code::NotFound, "KIND_UNKNOWN"));
        }
        let client_id = request.caller.map(|caller| caller.client_id).unwrap_or_default();
        let name = if request.number == 0 { request.request_id } else { format!("{client_id:?} {}", request.number) };
        if let Some(answer) = self.answered.get(&name) {
            return Ok(*answer);
        }
        let id = self.next_index();
        let kept = Kept { records: request.record.into_iter().collect(), ..Kept::default() };
        self.sessions.insert(id.index, kept);
        let handle = Some(v1::Handle { id: Some(id), key: key(id.index) });
        let answer = v1::NewResponse { handle, fence: Some(id), lease_ms: LEASE.as_millis() as u64 };
        self.answered.insert(name, answer);
        Ok(answer)
    }

    /// Apply an operation, once.
    pub fn apply(&mut self, handle: Option<v1::Handle>, number: u64, done: Done) -> Result<v1::Index, Status> {
        let id = handle.and_then(|handle| handle.id).expect("a session").index;
        assert_eq!(handle.expect("a handle").key, key(id), "the key given by New");
        if let Some(reason) = self.taken.get(&id) {
            let code = if *reason == "SESSION_NOT_FOUND" { Code::NotFound } else { Code::FailedPrecondition };
            return Err(refusal(code, reason));
        }
        let change_id = self.next_index();
        let kept = self.sessions.get_mut(&id).expect("a session that was opened");
        match &kept.last {
            Some((last, first, answer)) if *last == number => {
                return if *first == done {
                    Ok(*answer)
                } else {
                    Err(refusal(Code::FailedPrecondition, "OPERATION_NUMBER_REUSED"))
                };
            }
            Some((last, ..)) if *last > number => {
                return Err(refusal(Code::FailedPrecondition, "OPERATION_NUMBER_STALE"));
            }
            _ if kept.finished => return Err(refusal(Code::FailedPrecondition, "SESSION_FINISHED")),
            _ => {}
        }
        match &done {
            Done::Append(record) => kept.records.push(record.clone()),
            Done::Replace(record) => kept.records = vec![record.clone()],
            Done::Delete | Done::Store(_) => kept.finished = true,
        }
        kept.last = Some((number, done, change_id));
        Ok(change_id)
    }

    /// What the next renewal over a stream meets: all of one moment the same.
    pub fn next_renewal(&mut self) -> Option<Fault> {
        match &self.last_renewal {
            Some((at, fault)) if *at == Instant::now() => {
                *self.renewals.last_mut().expect("one before") += 1;
                fault.clone()
            }
            _ => {
                let fault = self.renewal_script.pop_front();
                self.renewals.push(1);
                self.last_renewal = Some((Instant::now(), fault.clone()));
                fault
            }
        }
    }

    /// Renew one lease.
    pub fn renew(&self, handle: &v1::Handle) -> v1::Renewed {
        let id = handle.id.expect("a session").index;
        let outcome = match self.taken.get(&id) {
            Some(reason) => {
                let message = "the peer took it".to_owned();
                v1::renewed::Outcome::Refused(v1::Refused {
                    reason: (*reason).to_owned(),
                    message,
                    ..v1::Refused::default()
                })
            }
            None => v1::renewed::Outcome::LeaseMs(LEASE.as_millis() as u64),
        };
        v1::Renewed { outcome: Some(outcome) }
    }
}

fn key(index: u64) -> u64 {
    index.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
