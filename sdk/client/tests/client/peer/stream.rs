//! The peer's side of the stream: each operation meets the next fault of the script, as a call of its own would.

use mpy6a_proto::v1::{
    self,
    answer::Outcome,
    operation::{Session, What},
};
use tokio::sync::mpsc::UnboundedSender;
use tonic::{Status, Streaming};
use tonic_types::StatusExt as _;

use super::{Done, Peer, Service};

/// When a stored session falls due, Unix milliseconds.
const DUE_MS: u64 = 1_700_000_000_123;

/// Answer a stream, until it ends or breaks.
pub async fn converse(
    peer: Peer,
    mut requests: Streaming<v1::OperateRequest>,
    answers: UnboundedSender<Result<v1::OperateResponse, Status>>,
) {
    let mut client_id = None;
    while let Ok(message) = requests.message().await {
        let Some(message) = message else {
            peer.book().closed += 1;
            return;
        };
        peer.book().messages.push(message.operations.len());
        // Said once: the later messages only settle.
        let said = message.caller.expect("a client that names itself");
        let client_id = client_id.get_or_insert(said.client_id).clone();
        assert!(!client_id.is_empty(), "the first message names the client");
        let caller = v1::Caller { client_id, settled_below: said.settled_below };
        for operation in message.operations {
            let (service, answers, caller) = (Service(peer.clone()), answers.clone(), caller.clone());
            // A task each: one that hangs keeps no other.
            tokio::spawn(async move {
                let tag = operation.tag;
                let outcome =
                    service.answer(operation, caller).await.unwrap_or_else(|status| Outcome::Refused(refused(&status)));
                let answer = v1::Answer { tag, outcome: Some(outcome) };
                // The stream may have broken meanwhile.
                let _ = answers.send(Ok(v1::OperateResponse { answers: vec![answer] }));
            });
        }
    }
}

impl Service {
    /// Apply the first message of a stream, whatever the script says, and keep the answers.
    pub async fn pass_on(&self, mut requests: Streaming<v1::OperateRequest>) {
        let v1::OperateRequest { operations, caller } = requests.message().await.unwrap().expect("a message");
        let caller = caller.expect("a client that names itself");
        for operation in operations {
            let script = std::mem::take(&mut self.0.book().script);
            self.answer(operation, caller.clone()).await.unwrap();
            self.0.book().script = script;
        }
    }

    async fn answer(&self, operation: v1::Operation, caller: v1::Caller) -> Result<Outcome, Status> {
        let v1::Operation { session, number, what, .. } = operation;
        let handle = match session {
            Some(Session::Handle(handle)) => Some(handle),
            _ => None,
        };
        let (done, due_ms) = match what.expect("something asked") {
            What::New(request) => {
                let caller = Some(caller);
                return self.open(v1::NewRequest { caller, ..request }).await.map(Outcome::Opened);
            }
            What::Renew(_) => return self.renewal(handle.expect("a handle")).await,
            What::Append(append) => (Done::Append(append.record), 0),
            What::Replace(replace) => (Done::Replace(replace.record), 0),
            What::Delete(_) => (Done::Delete, 0),
            What::Store(store) => (Done::Store(store.timeout_s), DUE_MS),
        };
        let change_id = self.operation(handle, number, done).await?;
        Ok(Outcome::Applied(v1::Applied { change_id, due_ms }))
    }

    async fn renewal(&self, handle: v1::Handle) -> Result<Outcome, Status> {
        let fault = self.0.book().next_renewal();
        let renewed = self.meet(fault, move |book| Ok(book.renew(&handle))).await?;
        Ok(match renewed.outcome.expect("an outcome") {
            v1::renewed::Outcome::LeaseMs(lease_ms) => Outcome::LeaseMs(lease_ms),
            v1::renewed::Outcome::Refused(refused) => Outcome::Refused(refused),
        })
    }
}

/// A status, as it is said inside an answer.
fn refused(status: &Status) -> v1::Refused {
    let info = status.get_details_error_info().expect("a host's refusals have one");
    let retry = status.get_details_retry_info().and_then(|info| info.retry_delay);
    v1::Refused {
        reason: info.reason,
        message: status.message().to_owned(),
        code: status.code().into(),
        metadata: info.metadata,
        retry_ms: retry.map(|after| u64::try_from(after.as_millis()).unwrap()),
    }
}
