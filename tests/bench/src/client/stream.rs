//! The `Operate` stream: workflows whose three operations leave together, without waiting for one another's answers.
//!
//! ```text
//! slot 0:  New #17, Append #17, Delete #17 -->      <-- answers, by tag; after the last one the slot begins again
//! slot 1:  New #18, …
//! ```
//!
//! What begins after one message of answers leaves in one message. "In flight" counts workflows. A tag is `local number * STEPS + step`, so an answer finds its workflow by division.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use bytes::Bytes;
use mpy6a_proto::v1::{
    AppendOperation, DeleteOperation, NewRequest, OperateRequest, OperateResponse, Operation,
    answer::Outcome as Answer,
    operation::{Session, What},
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};

use super::unary::record;
use crate::{
    Outcome,
    host::{PLAIN, connect},
    load::{Laps, Measured, STEPS},
};

/// An open stream with its workflows.
pub struct Pipeline {
    requests: mpsc::Sender<OperateRequest>,
    answers: Streaming<OperateResponse>,
    record: Bytes,
    next_local: u64,
    /// When each workflow in flight left, by its local number.
    left: HashMap<u64, Instant>,
}

impl Pipeline {
    /// Open a stream; none where the server does not serve it. The server shows that with its first answer, so a workflow is
    /// already under way.
    pub async fn open(url: &str, in_flight: usize) -> Outcome<Option<Self>> {
        let mut client = connect(url).await?;
        // Room for a message for each workflow in flight: sending never waits.
        let (requests, queue) = mpsc::channel(in_flight);
        let call = client.operate(ReceiverStream::new(queue)).await;
        let answers = match call {
            Err(status) if status.code() == Code::Unimplemented => return Ok(None),
            call => call?.into_inner(),
        };
        Ok(Some(Self { requests, answers, record: record(), next_local: 1, left: HashMap::new() }))
    }

    /// Keep so many workflows in flight for a slice, after a warm-up of a quarter of it.
    pub async fn drive(&mut self, in_flight: usize, slice: Duration) -> Outcome<Measured> {
        self.begin(in_flight).await?;
        self.until(Instant::now() + slice / 4).await?;
        let start = Instant::now();
        let laps = self.until(start + slice).await?;
        let measured = Measured::from_laps(laps, start.elapsed());
        self.drain().await?;
        Ok(measured)
    }

    /// Begin a workflow for each that ends, until the deadline.
    async fn until(&mut self, deadline: Instant) -> Outcome<Laps> {
        let mut laps = Laps::new();
        loop {
            let before = self.left.len();
            if self.answers(&mut laps).await? > deadline {
                // What ended with this message begins again with the next slice.
                self.begin(before - self.left.len()).await?;
                return Ok(laps);
            }
            self.begin(before - self.left.len()).await?;
        }
    }

    /// Take one message of answers. Answers when that was.
    async fn answers(&mut self, laps: &mut Laps) -> Outcome<Instant> {
        let message = self.answers.message().await?.ok_or("the stream ended")?;
        let now = Instant::now();
        for answer in message.answers {
            if let Some(Answer::Refused(refused)) = answer.outcome {
                return Err(format!("refused: {}: {}", refused.reason, refused.message).into());
            }
            let (local, step) = (answer.tag / STEPS as u64, (answer.tag % STEPS as u64) as usize);
            let left = *self.left.get(&local).ok_or("an answer to what was not asked")?;
            laps.record_step(step, now - left);
            if step == STEPS - 1 {
                self.left.remove(&local);
                laps.record_turn(now - left);
            }
        }
        Ok(now)
    }

    /// Begin so many workflows.
    async fn begin(&mut self, count: usize) -> Outcome<()> {
        if count == 0 {
            return Ok(());
        }
        let mut operations = Vec::with_capacity(count * STEPS);
        for _ in 0..count {
            let local = self.next_local;
            self.next_local += 1;
            self.left.insert(local, Instant::now());
            let record = self.record.clone();
            let new = NewRequest { kind: PLAIN, record: Some(record.clone()), ..NewRequest::default() };
            let steps: [What; STEPS] =
                [What::New(new), What::Append(AppendOperation { record }), What::Delete(DeleteOperation {})];
            operations.extend(steps.into_iter().enumerate().map(|(step, what)| Operation {
                tag: local * STEPS as u64 + step as u64,
                session: Some(Session::Local(local)),
                number: step as u64,
                what: Some(what),
            }));
        }
        self.requests
            .send(OperateRequest { operations, ..Default::default() })
            .await
            .map_err(|_| "the stream ended")?;
        Ok(())
    }

    /// Take the answers still under way: the next slice begins with an idle server.
    async fn drain(&mut self) -> Outcome<()> {
        let mut laps = Laps::new();
        while !self.left.is_empty() {
            self.answers(&mut laps).await?;
        }
        Ok(())
    }
}
