//! How a request reaches the host, and its answer a client: unary gRPC.
//!
//! An answer that does not come in time is given up: the request may have been applied or not. Refusals that leave that
//! open ([`STORE_FAILED`](is_open)) count as no answer, too.

use std::time::Duration;

use mpy6a_proto::v1::{self, Handle, admin_client::AdminClient, truba_client::TrubaClient};
use tokio::time::timeout;
use tonic::{
    Response, Status,
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt as _;

use crate::history::{Answer, Attempt, Found, Index, Phase, Record, What};

/// The largest answer to take, in bytes: a whole session.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// How long a connection may take to be made.
const CONNECT_TIME_MAX: Duration = Duration::from_millis(500);

/// A connection, made at need and made again when it broke.
#[derive(Clone)]
pub struct Transport {
    truba: TrubaClient<Channel>,
    admin: AdminClient<Channel>,
    /// What each message says of the client.
    caller: Option<v1::Caller>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told<T> {
    Done(T),
    Refused(String),
    /// Nothing, or nothing that says whether it was done.
    Unknown,
}

impl<T> Told<T> {
    pub fn map<U>(self, map: impl FnOnce(T) -> U) -> Told<U> {
        match self {
            Self::Done(done) => Told::Done(map(done)),
            Self::Refused(reason) => Told::Refused(reason),
            Self::Unknown => Told::Unknown,
        }
    }
}

impl From<Told<Answer>> for Answer {
    fn from(told: Told<Answer>) -> Self {
        match told {
            Told::Done(answer) => answer,
            Told::Refused(reason) => Self::Refused(reason),
            Told::Unknown => Self::Unknown,
        }
    }
}

/// The way of operators to a host: one connection for all, since one address has places for few.
pub fn operators(url: &str) -> AdminClient<Channel> {
    AdminClient::new(channel(url)).max_decoding_message_size(ANSWER_BYTES_MAX)
}

fn channel(url: &str) -> Channel {
    Endpoint::from_shared(url.to_owned()).unwrap().connect_timeout(CONNECT_TIME_MAX).connect_lazy()
}

impl Transport {
    /// To a host, as a client; and as an operator by what all share.
    pub fn to(url: &str, admin: &AdminClient<Channel>) -> Self {
        Self { truba: TrubaClient::new(channel(url)), admin: admin.clone(), caller: None }
    }

    /// The same, for a client that says this of itself with each message.
    pub fn named(&self, client_id: &[u8], settled_below: u64) -> Self {
        let client_id = client_id.to_vec().into();
        Self { caller: Some(v1::Caller { client_id, settled_below }), ..self.clone() }
    }

    /// Open a session: its handle, and the answer.
    pub async fn open(&self, patience: Duration, kind: u32, record: Record, number: u64) -> Told<Handle> {
        let (record, caller) = (Some(record.text().into()), self.caller.clone());
        let request = v1::NewRequest { kind, record, number, caller, ..v1::NewRequest::default() };
        told(patience, self.truba.clone().new_session(request)).await.map(|answer| answer.handle.unwrap())
    }

    /// Anything else that a client may ask.
    pub async fn ask(&self, patience: Duration, handle: Handle, number: u64, what: &What) -> Answer {
        let mut truba = self.truba.clone();
        let (handle, caller) = (Some(handle), self.caller.clone());
        match what {
            What::Append(record) => {
                let request = v1::AppendRequest { handle, number, record: record.text().into(), caller };
                told(patience, truba.append(request)).await.map(|answer| changed(answer.change_id)).into()
            }
            What::Replace(record) => {
                let request = v1::ReplaceRequest { handle, number, record: record.text().into(), caller };
                told(patience, truba.replace(request)).await.map(|answer| changed(answer.change_id)).into()
            }
            What::Delete => {
                let request = v1::DeleteRequest { handle, number, caller };
                told(patience, truba.delete(request)).await.map(|answer| changed(answer.change_id)).into()
            }
            What::Store(timeout_s) => {
                let request = v1::StoreRequest { handle, number, timeout_s: *timeout_s, caller };
                let stored = |it: v1::StoreResponse| Answer::Done {
                    change: it.change_id.map(Index::from),
                    due_ms: Some(it.due_ms),
                };
                told(patience, truba.store(request)).await.map(stored).into()
            }
            What::Renew => {
                let request = v1::RenewRequest { handles: handle.into_iter().collect(), caller };
                told(patience, truba.renew(request)).await.map(|answer| renewed(&answer)).into()
            }
            What::Open(_) => Answer::Unknown,
        }
    }

    /// What the host says of a session; none if it gave no answer.
    pub async fn look(&self, patience: Duration, id: Index) -> Option<Option<Found>> {
        let request = v1::GetSessionRequest { id: Some(id.into()) };
        match told(patience, self.admin.clone().get_session(request)).await {
            Told::Done(session) => Some(Some(found(&session))),
            Told::Refused(reason) if reason == "SESSION_NOT_FOUND" => Some(None),
            Told::Refused(_) | Told::Unknown => None,
        }
    }
}

fn changed(change: Option<v1::Index>) -> Answer {
    Answer::Done { change: change.map(Index::from), due_ms: None }
}

fn renewed(answer: &v1::RenewResponse) -> Answer {
    match answer.results.first().and_then(|result| result.outcome.as_ref()) {
        Some(v1::renewed::Outcome::LeaseMs(_)) => Answer::Done { change: None, due_ms: None },
        Some(v1::renewed::Outcome::Refused(refused)) => Answer::Refused(refused.reason.clone()),
        None => Answer::Refused("an answer without an outcome".to_owned()),
    }
}

fn found(session: &v1::GetSessionResponse) -> Found {
    let state = match session.state() {
        v1::SessionState::Active | v1::SessionState::Unspecified => Phase::Active,
        v1::SessionState::Stored => Phase::Stored,
        v1::SessionState::Repeating => Phase::Repeating,
        v1::SessionState::Parked => Phase::Parked,
    };
    Found {
        state,
        change: session.change_id.unwrap().into(),
        fence: session.fence.unwrap().into(),
        records: session.records.iter().map(|record| Record::of(record)).collect(),
        attempts: session.attempts.iter().map(|it| (it.fence.unwrap().into(), attempt(it))).collect(),
    }
}

fn attempt(attempt: &v1::Attempt) -> Attempt {
    let returned = matches!(attempt.outcome.as_str(), "returned" | "retry" | "permanent");
    // So begins the reason of a puppet that got no script, or no answer on the way: it did no more then.
    let heard = !attempt.cause.starts_with("unheard");
    if returned && heard { Attempt::Returned } else { Attempt::Lost }
}

async fn told<T>(patience: Duration, call: impl Future<Output = Result<Response<T>, Status>>) -> Told<T> {
    match timeout(patience, call).await {
        Ok(Ok(answer)) => Told::Done(answer.into_inner()),
        Ok(Err(status)) => match status.get_details_error_info() {
            Some(info) if !is_open(&info.reason) => Told::Refused(info.reason),
            // The transport's own words, or a host that does not know itself.
            _ => Told::Unknown,
        },
        Err(_) => Told::Unknown,
    }
}

/// Whether a refusal leaves open whether the operation was applied.
fn is_open(reason: &str) -> bool {
    reason == "STORE_FAILED"
}
