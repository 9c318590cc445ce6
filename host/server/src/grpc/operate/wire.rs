//! Between the stream's messages and what a pipeline asks and answers.

use mpy6a_proto::v1::{self, answer::Outcome, operation};
use mpy6a_sessions::{
    SessionOp,
    pipeline::{Answer, Answered, Ask, Named, Wish},
};
use tonic::Status;

use crate::{
    error::refused,
    grpc::{
        caller::{Unfit, Who},
        convert,
    },
};

/// What was read of a stream in one go.
#[derive(Default)]
pub struct Asks {
    /// To be asked, in order.
    pub valid: Vec<Ask>,
    /// The answers to what cannot be.
    pub invalid: Vec<v1::Answer>,
    bytes: usize,
}

impl Asks {
    /// Add the operations of a message from this client.
    pub fn take(&mut self, request: v1::OperateRequest, who: &mut Who) {
        self.valid.reserve(request.operations.len());
        let alone = request.operations.len() == 1;
        // Who asks is wrong for all of them or for none.
        let heard = who.hear(request.caller).map_err(Unfit::refused);
        for operation in request.operations {
            let tag = operation.tag;
            let wish = match &heard {
                Ok(()) => wish(operation, who, alone).map_err(Unfit::refused),
                Err(refused) => Err(refused.clone()),
            };
            match wish {
                Ok(what) => {
                    self.bytes += what.record_bytes();
                    self.valid.push(Ask { tag, what });
                }
                Err(refused) => self.invalid.push(v1::Answer { tag, outcome: Some(Outcome::Refused(refused)) }),
            }
        }
    }

    /// How many operations there are.
    #[must_use]
    pub fn ops(&self) -> usize {
        self.valid.len() + self.invalid.len()
    }

    /// How many bytes of records.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// What an operation asks; or what it lacks. `alone`: it is the only one in its message.
fn wish(operation: v1::Operation, who: &Who, alone: bool) -> Result<Wish, Unfit> {
    let v1::Operation { session, number, what, .. } = operation;
    let missing = || Unfit::Invalid("`what` is missing: say new, append, replace, delete, store or renew");
    let op = match what.ok_or_else(missing)? {
        operation::What::New(new) => {
            return match session {
                Some(operation::Session::Local(local)) => {
                    let outlives = new.outlives_stream;
                    let wish = Wish::new(local, convert::new(new, who, alone)?);
                    Ok(if outlives { wish.outliving() } else { wish })
                }
                _ => Err(Unfit::Invalid(
                    "`new` needs `local`: give a number by which this stream is to know the session",
                )),
            };
        }
        operation::What::Renew(_) => return Ok(Wish::Renew(named(session)?)),
        operation::What::Append(append) => SessionOp::Append(convert::record(append.record, alone)),
        operation::What::Replace(replace) => SessionOp::Replace(convert::record(replace.record, alone)),
        operation::What::Delete(_) => SessionOp::Delete,
        operation::What::Store(store) => convert::store(store.timeout_s),
    };
    Ok(Wish::operate(named(session)?, number, op))
}

fn named(session: Option<operation::Session>) -> Result<Named, Unfit> {
    match session {
        Some(operation::Session::Local(local)) => Ok(Named::Local(local)),
        Some(operation::Session::Handle(handle)) => convert::given_handle(Some(handle))
            .map(Named::Handle)
            .map_err(|_: Status| Unfit::Invalid("`handle` has no `id`: send the handle that New answered")),
        None => Err(Unfit::Invalid(
            "the session is missing: name it by `local` if it was opened on this stream, else by `handle`",
        )),
    }
}

/// Answers for the wire.
#[must_use]
pub fn response(answers: Vec<Answer>) -> v1::OperateResponse {
    v1::OperateResponse { answers: answers.into_iter().map(answer).collect() }
}

fn answer(Answer { tag, result, .. }: Answer) -> v1::Answer {
    let outcome = match result {
        Ok(Answered::Opened(opened)) => Outcome::Opened(convert::opened(opened)),
        Ok(Answered::Applied(applied)) => {
            let change_id = Some(convert::index(applied.change_id));
            Outcome::Applied(v1::Applied { change_id, due_ms: applied.due_ms.unwrap_or(0) })
        }
        Ok(Answered::Renewed(lease_ms)) => Outcome::LeaseMs(lease_ms),
        Err(error) => Outcome::Refused(refused(&error)),
    };
    v1::Answer { tag, outcome: Some(outcome) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use bytes::Bytes;

    use super::*;

    fn operation(session: Option<operation::Session>, what: Option<operation::What>) -> v1::Operation {
        v1::Operation { tag: 7, session, number: 3, what }
    }

    fn append(record: Bytes) -> operation::What {
        operation::What::Append(v1::AppendOperation { record })
    }

    #[test]
    fn what_is_missing_is_named() {
        let local = Some(operation::Session::Local(1));
        let headless = Some(operation::Session::Handle(v1::Handle { id: None, key: 1 }));
        let new = || Some(operation::What::New(v1::NewRequest::default()));
        let handle = v1::Handle { id: Some(v1::Index::default()), key: 1 };
        for (operation, missing) in [
            (operation(local, None), "`what`"),
            (operation(None, Some(append(Bytes::new()))), "session is missing"),
            (operation(headless, Some(append(Bytes::new()))), "`handle` has no `id`"),
            (operation(None, new()), "`new` needs `local`"),
            (operation(Some(operation::Session::Handle(handle)), new()), "`new` needs `local`"),
        ] {
            let mut asks = Asks::default();
            asks.take(v1::OperateRequest { operations: vec![operation], ..Default::default() }, &mut Who::default());
            assert!(asks.valid.is_empty());
            let answer = asks.invalid.pop().unwrap();
            let Some(Outcome::Refused(refused)) = answer.outcome else { panic!("not refused") };
            assert_eq!((answer.tag, refused.reason.as_str()), (7, "REQUEST_INVALID"));
            assert!(refused.message.contains(missing), "{}", refused.message);
        }
    }

    #[test]
    fn records_are_counted_and_a_long_one_is_copied_unless_it_is_alone() {
        for (operations, kept) in [(1, true), (2, false)] {
            let record = Bytes::from(vec![7; 100_000]);
            let session = || Some(operation::Session::Local(1));
            let operations = vec![operation(session(), Some(append(record.clone()))); operations];
            let mut asks = Asks::default();
            asks.take(v1::OperateRequest { operations: operations.clone(), ..Default::default() }, &mut Who::default());
            assert_eq!((asks.ops(), asks.bytes()), (operations.len(), operations.len() * 100_000));
            let Wish::Operate { session, number, op: SessionOp::Append(own), .. } = asks.valid.pop().unwrap().what
            else {
                panic!("not an append")
            };
            assert_eq!((session, number, &own), (Named::Local(1), 3, &record));
            assert_eq!(own.as_ptr() == record.as_ptr(), kept);
        }
    }
}
