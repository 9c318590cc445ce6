//! `Operate`: a client's operations, many under way at once.
//!
//! ```text
//! requests --read--> convert --Pipeline::send--> writer ... Pipeline::poll_answers --convert--> answers
//! ```
//!
//! [`Operate`] is the stream of answers, and polling it does all there is to do: it reads what has arrived, hands it to the
//! state machine at once, and gives out the answers that have come. There is no task and no channel in between. It is polled
//! only while the transport has room for an answer, so a client that does not read its answers is not read either: HTTP/2
//! holds it back, and what the host keeps for it is bounded by its [`Pipeline`].
//!
//! How it ends, in each case after the answers to all that was accepted:
//!
//! | what happens | status | its open sessions |
//! |---|---|---|
//! | the client has no more to say | OK | are stored |
//! | the client sends what cannot be read | as gRPC has it | are stored |
//! | the connection breaks, or the client cancels | none | are stored |
//! | the host shuts down | `SHUTTING_DOWN`: what has no answer was not applied | stay with their client |
//! | the store fails | `STORE_FAILED` | stay with their client |

pub mod wire;

use std::{
    future::Future as _,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use mpy6a_proto::v1;
use mpy6a_sessions::{Error, Operation, Pipeline, Sessions, limits::TURN_OPS_MAX, pipeline::Answer};
use tokio_stream::Stream;
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::{Code, Status, Streaming};

use super::{caller::Who, gate::Gate, oversize};
use crate::{auth::Opener, error::status, metrics::Metrics, traces::Calls};

/// The answers of one stream.
pub struct Operate {
    requests: Streaming<v1::OperateRequest>,
    opener: Opener,
    who: Who,
    pipeline: Pipeline,
    /// Answers to what could not even be asked.
    invalid: Vec<v1::Answer>,
    phase: Phase,
    shuts: Pin<Box<WaitForCancellationFutureOwned>>,
    record_bytes_max: u64,
    metrics: Arc<Metrics>,
    traces: Option<Calls>,
}

enum Phase {
    /// Requests are read.
    Reading,
    /// No more requests; the last answers are awaited, and then it ends with this.
    Finishing(Result<(), Status>),
    Ended,
}

impl Operate {
    /// Serve these requests of this opener.
    #[must_use]
    pub fn new(
        requests: Streaming<v1::OperateRequest>,
        sessions: &Sessions,
        gate: &Gate,
        (opener, who): (Opener, Who),
        metrics: Arc<Metrics>,
        traces: Option<Calls>,
    ) -> Self {
        Self {
            requests,
            opener,
            pipeline: sessions.of_caller(who.caller()).pipeline(),
            who,
            invalid: Vec::new(),
            phase: Phase::Reading,
            shuts: Box::pin(gate.shuts()),
            record_bytes_max: sessions.limits().record_bytes_max,
            metrics,
            traces,
        }
    }

    /// Read what has arrived, as far as there is room, and hand it to the state machine, a turn at a time: it works on the
    /// first while the next is read.
    fn read(&mut self, context: &mut Context<'_>) {
        if self.shuts.as_mut().poll(context).is_ready() {
            self.refuse(&Error::ShuttingDown);
            return;
        }
        while self.read_turn(context).is_ready() {}
    }

    /// Read enough for a turn. Pending: there is no more to read now, or no room for it.
    fn read_turn(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut asks = wire::Asks::default();
        let mut more = Poll::Ready(());
        while more.is_ready() && asks.ops() < TURN_OPS_MAX {
            more = self.read_message(context, &mut asks);
        }
        self.invalid.append(&mut asks.invalid);
        if let Some(traces) = &mut self.traces {
            traces.asked(&mut asks.valid);
        }
        if let Some(client) = self.who.caller().client {
            self.pipeline.set_client(client);
        }
        if let Err(error) = self.pipeline.send(asks.valid) {
            self.refuse(&error);
            return Poll::Pending;
        }
        // What could not be asked is answered before more is read, or the answers would pile up.
        if self.invalid.is_empty() { more } else { Poll::Pending }
    }

    fn read_message(&mut self, context: &mut Context<'_>, asks: &mut wire::Asks) -> Poll<()> {
        if !matches!(self.phase, Phase::Reading) || !self.pipeline.has_room_for(asks.ops(), asks.bytes()) {
            return Poll::Pending;
        }
        match ready!(Pin::new(&mut self.requests).poll_next(context)) {
            Some(Ok(mut request)) => {
                self.opener.sift(&mut request, &mut asks.invalid);
                asks.take(request, &mut self.who);
            }
            Some(Err(status)) => self.finish(Err(self.renamed(status))),
            None => self.finish(Ok(())),
        }
        Poll::Ready(())
    }

    /// Take no more, because of the host: what was sent is answered, the rest was not applied.
    fn refuse(&mut self, error: &Error) {
        self.pipeline.dismiss();
        self.finish(Err(status(error)));
    }

    fn finish(&mut self, how: Result<(), Status>) {
        self.phase = Phase::Finishing(how);
    }

    /// Answers as the client is told them.
    fn tell(&self, answers: &mut [Answer]) {
        for error in answers.iter_mut().filter_map(|answer| answer.result.as_mut().err()) {
            *error = self.opener.told(error.clone());
        }
    }

    /// Count answers: those that say that something was applied with one addition for each sort of operation.
    fn count(&mut self, answers: &[Answer]) {
        let mut applied = [0; Operation::ALL.len()];
        for Answer { operation, result, .. } in answers {
            match result {
                Ok(_) => applied[*operation as usize] += 1,
                Err(_) => self.metrics.operations.answered(*operation, result),
            }
        }
        for (operation, count) in Operation::ALL.into_iter().zip(applied).filter(|(_, count)| *count > 0) {
            self.metrics.operations.applied(operation, count);
        }
        if let Some(traces) = &mut self.traces {
            traces.answered(answers);
        }
    }

    /// The same name as in a unary call for a message that is too long.
    fn renamed(&self, status: Status) -> Status {
        if status.code() == Code::OutOfRange { oversize::refusal(self.record_bytes_max) } else { status }
    }

    /// Whether the last answer is out; then how the stream ends.
    fn end(&mut self) -> Poll<Option<Result<v1::OperateResponse, Status>>> {
        match std::mem::replace(&mut self.phase, Phase::Ended) {
            Phase::Finishing(how) if self.pipeline.unanswered() == 0 => Poll::Ready(how.err().map(Err)),
            Phase::Ended => Poll::Ready(None),
            unfinished => {
                self.phase = unfinished;
                Poll::Pending
            }
        }
    }
}

impl Stream for Operate {
    type Item = Result<v1::OperateResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if matches!(this.phase, Phase::Reading) {
            this.read(context);
        }
        if !this.invalid.is_empty() {
            let answers = std::mem::take(&mut this.invalid);
            return Poll::Ready(Some(Ok(v1::OperateResponse { answers })));
        }
        if this.pipeline.unanswered() == 0 {
            return this.end();
        }
        match ready!(this.pipeline.poll_answers(context)) {
            Ok(mut answers) => {
                this.tell(&mut answers);
                this.count(&answers);
                Poll::Ready(Some(Ok(wire::response(answers))))
            }
            Err(error) => {
                this.pipeline.dismiss();
                this.phase = Phase::Ended;
                Poll::Ready(Some(Err(status(&error))))
            }
        }
    }
}
