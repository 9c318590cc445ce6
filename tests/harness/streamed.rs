//! A raw `Operate` stream: operations by hand, answers by tag.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use mpy6a_proto::v1::{
    self, Answer, Applied, Handle, NewRequest, NewResponse, OperateRequest, OperateResponse, Operation, Refused,
    answer::Outcome,
    operation::{Session, What},
};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::{Caller, PATIENCE, Wire};

/// Messages under way to the transport.
const QUEUE: usize = 16;

/// A stream.
pub struct Streamed {
    requests: Option<mpsc::Sender<OperateRequest>>,
    answers: Streaming<OperateResponse>,
    /// Answers that came before they were asked for.
    early: BTreeMap<u64, Answer>,
    tag: u64,
    /// What each message says of its client.
    caller: Option<v1::Caller>,
}

impl Wire {
    /// Open a stream.
    pub async fn stream(&self) -> Streamed {
        let (requests, receiver) = mpsc::channel(QUEUE);
        let answers = self.truba.clone().operate(ReceiverStream::new(receiver)).await.unwrap().into_inner();
        Streamed { requests: Some(requests), answers, early: BTreeMap::new(), tag: 0, caller: None }
    }
}

impl Caller {
    /// Open a stream.
    pub async fn stream(&self) -> Result<Streamed, Status> {
        let (requests, receiver) = mpsc::channel(QUEUE);
        let answers = self.truba.clone().operate(ReceiverStream::new(receiver)).await?.into_inner();
        Ok(Streamed { requests: Some(requests), answers, early: BTreeMap::new(), tag: 0, caller: None })
    }
}

impl Streamed {
    /// Name the client in each message from now on, and what it has settled.
    pub fn name(&mut self, client: u8, settled_below: u64) {
        self.caller = Some(v1::Caller { client_id: vec![client; 16].into(), settled_below });
    }

    /// Send operations in one message, as they are.
    pub async fn send(&self, operations: Vec<Operation>) {
        let message = OperateRequest { operations, caller: self.caller.clone() };
        self.requests.as_ref().unwrap().send(message).await.unwrap();
    }

    /// Whether a message finds room within this time; it does not on a stream that has ended.
    pub async fn try_send(&self, operations: Vec<Operation>, patience: Duration) -> bool {
        let sent = timeout(
            patience,
            self.requests.as_ref().unwrap().send(OperateRequest { operations, ..Default::default() }),
        )
        .await;
        sent.is_ok_and(|sent| sent.is_ok())
    }

    /// Send operations in one message, each with a tag of its own; the tags.
    pub async fn ask(&mut self, operations: impl IntoIterator<Item = Operation>) -> Vec<u64> {
        let mut tagged = Vec::new();
        for operation in operations {
            self.tag += 1;
            tagged.push(Operation { tag: self.tag, ..operation });
        }
        let tags = tagged.iter().map(|operation| operation.tag).collect();
        self.send(tagged).await;
        tags
    }

    /// Send one operation and wait for its answer.
    pub async fn one(&mut self, operation: Operation) -> Outcome {
        let tag = self.ask([operation]).await[0];
        self.answer(tag).await
    }

    /// The same, for some in one message; the answers in the order of the operations.
    pub async fn all(&mut self, operations: impl IntoIterator<Item = Operation>) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for tag in self.ask(operations).await {
            outcomes.push(self.answer(tag).await);
        }
        outcomes
    }

    /// Open a session under a local number.
    pub async fn open(&mut self, local: u64, kind: u32, record: &str) -> NewResponse {
        opened(self.one(new(local, kind, record)).await)
    }

    /// The answer with this tag.
    pub async fn answer(&mut self, tag: u64) -> Outcome {
        loop {
            if let Some(answer) = self.early.remove(&tag) {
                return answer.outcome.unwrap();
            }
            let message = self.next().await.expect("an answer, and not the end of the stream").expect("no error");
            for answer in message.answers {
                assert!(self.early.insert(answer.tag, answer).is_none(), "two answers with one tag");
            }
        }
    }

    /// The next message of answers; none at the end.
    pub async fn next(&mut self) -> Option<Result<OperateResponse, Status>> {
        timeout(PATIENCE, self.answers.message()).await.expect("the stream goes on, or ends").transpose()
    }

    /// Say that there is no more to come.
    pub fn half_close(&mut self) {
        self.requests = None;
    }

    /// How it ends. There must be no more answers.
    pub async fn end(&mut self) -> Result<(), Status> {
        match self.next().await {
            None => Ok(()),
            Some(Err(status)) => Err(status),
            Some(Ok(message)) => panic!("{message:?}"),
        }
    }
}

/// Names a session opened on the stream.
pub fn local(local: u64) -> Session {
    Session::Local(local)
}

/// Names any session.
pub fn by(handle: Handle) -> Session {
    Session::Handle(handle)
}

/// An operation, without a tag.
pub fn operation(session: Session, number: u64, what: What) -> Operation {
    Operation { tag: 0, session: Some(session), number, what: Some(what) }
}

pub fn new(number: u64, kind: u32, record: &str) -> Operation {
    let record = Some(Bytes::copy_from_slice(record.as_bytes()));
    operation(local(number), 0, What::New(NewRequest { kind, record, ..NewRequest::default() }))
}

pub fn append(session: Session, number: u64, record: impl AsRef<[u8]>) -> Operation {
    let record = Bytes::copy_from_slice(record.as_ref());
    operation(session, number, What::Append(v1::AppendOperation { record }))
}

pub fn replace(session: Session, number: u64, record: &str) -> Operation {
    let record = Bytes::copy_from_slice(record.as_bytes());
    operation(session, number, What::Replace(v1::ReplaceOperation { record }))
}

pub fn delete(session: Session, number: u64) -> Operation {
    operation(session, number, What::Delete(v1::DeleteOperation {}))
}

pub fn store(session: Session, number: u64, timeout_s: Option<u32>) -> Operation {
    operation(session, number, What::Store(v1::StoreOperation { timeout_s }))
}

pub fn renew(session: Session) -> Operation {
    operation(session, 0, What::Renew(v1::RenewOperation {}))
}

#[track_caller]
pub fn opened(outcome: Outcome) -> NewResponse {
    match outcome {
        Outcome::Opened(opened) => opened,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub fn applied(outcome: Outcome) -> Applied {
    match outcome {
        Outcome::Applied(applied) => applied,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub fn refused(outcome: Outcome) -> Refused {
    match outcome {
        Outcome::Refused(refused) => refused,
        other => panic!("{other:?}"),
    }
}
