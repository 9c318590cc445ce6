//! One message of the stream `Operate`: each operation becomes something to ask, or an answer that says what it lacks.

use mpy6a::grpc::{caller::Who, convert, operate::wire::Asks};
use mpy6a_proto::v1::{self, answer::Outcome, operation};
use mpy6a_sessions::{
    Handle,
    pipeline::{Ask, Named, Wish},
};

use super::session::{HANDLE, Host};
use crate::words;

/// Take the message apart, and ask what it asks. Whatever local number is named, it is the session's.
pub fn operate(request: v1::OperateRequest, host: &mut Host) {
    let operations = request.operations.len();
    let mut asks = Asks::default();
    asks.take(request, &mut Who::default());
    assert_eq!((asks.ops(), asks.valid.len() + asks.invalid.len()), (operations, operations));
    assert_eq!(asks.bytes(), asks.valid.iter().map(|ask| ask.what.record_bytes()).sum::<usize>());
    for answer in asks.invalid {
        let Some(Outcome::Refused(refused)) = answer.outcome else { panic!("{answer:?} is no refusal") };
        assert_eq!(refused.reason, "REQUEST_INVALID");
        words::check(&refused.message);
    }
    asks.valid.into_iter().for_each(|Ask { what, .. }| ask(what, host));
}

fn ask(what: Wish, host: &mut Host) {
    match what {
        Wish::New { new, .. } => host.open(new),
        Wish::Operate { session, number, fingerprint, op } => {
            assert_eq!(fingerprint, op.fingerprint());
            host.operate(Some(convert::handle(handle(session))), number, op);
        }
        Wish::Renew(session) => host.renew(convert::handle(handle(session))),
    }
}

fn handle(session: Named) -> Handle {
    match session {
        Named::Local(_) => HANDLE,
        Named::Handle(handle) => handle,
    }
}

/// A workflow, and an operation that lacks all.
pub fn seed() -> v1::OperateRequest {
    let local = || Some(operation::Session::Local(1));
    let new = v1::NewRequest { kind: 1, record: Some("r".into()), ..v1::NewRequest::default() };
    let append = v1::AppendOperation { record: "more".into() };
    let steps = [
        (local(), Some(operation::What::New(new))),
        (local(), Some(operation::What::Append(append))),
        (
            Some(operation::Session::Handle(convert::handle(HANDLE))),
            Some(operation::What::Delete(v1::DeleteOperation {})),
        ),
        (None, None),
    ];
    let operation = |(number, (session, what))| v1::Operation { tag: number, session, number, what };
    v1::OperateRequest { operations: (0..).zip(steps).map(operation).collect(), ..Default::default() }
}
