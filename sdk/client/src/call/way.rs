//! The two ways to ask something of the host: over the [line](crate::line), or by a call of its own.

use std::{sync::Arc, time::Duration};

use mpy6a_proto::{
    ERROR_DOMAIN,
    v1::{self, answer::Outcome},
};
use tokio::time::{Instant, timeout_at};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::{Call, Marks, Truba, Verdict, record_bytes};
use crate::{
    identity::Identity,
    limits::{BROKEN_TRIES, MESSAGE_RECORD_BYTES_MAX},
    line::{Line, Lost},
};

/// How to ask. One for each session, which makes one try at a time.
#[derive(Debug)]
pub(crate) struct Way {
    truba: Truba,
    line: Option<Arc<Line>>,
    identity: Arc<Identity>,
    marks: Marks,
}

/// A try that failed.
#[derive(Debug)]
pub(crate) struct Trouble {
    /// What that says about the operation.
    pub verdict: Verdict,
    /// The words.
    pub status: Status,
    /// Whether they say why: a wait that ended does not.
    pub tells_why: bool,
    /// Whether the operation was sent before, over a stream that was then said not to be served. The verdict does not speak of
    /// that: it may have been applied.
    pub sent_before: bool,
}

impl Way {
    /// Over the line, if there is one.
    pub fn new(truba: Truba, line: Option<Arc<Line>>, identity: Arc<Identity>) -> Self {
        Self { truba, line, identity, marks: Marks::default() }
    }

    /// Another one, for another session.
    pub fn another(&self) -> Self {
        Self::new(self.truba.clone(), self.line.clone(), self.identity.clone())
    }

    /// Ask once, and wait for the answer until then. **The one place where a try is made.**
    pub async fn ask<C: Call>(&mut self, call: &C, until: Instant) -> Result<C::Answer, Trouble> {
        let mut sent_before = false;
        if let Some(line) = &self.line {
            let operation = call.operation(line.local());
            if record_bytes(&operation) <= MESSAGE_RECORD_BYTES_MAX {
                match line.ask(operation, &self.marks.next(), until).await {
                    Ok(Outcome::Refused(refused)) if refused.reason == "STREAM_FULL" => {}
                    Ok(Outcome::Refused(refused)) => return Err(Trouble::from(in_full(refused))),
                    Ok(outcome) => return C::read(outcome).ok_or_else(Trouble::other_answer),
                    Err(Lost::NotServed { sent }) => sent_before = sent,
                    Err(lost) => return Err(lost.into()),
                }
            }
        }
        self.call(call, until).await.map_err(|trouble| Trouble { sent_before, ..trouble })
    }

    /// Ask by a call of its own.
    async fn call<C: Call>(&mut self, call: &C, until: Instant) -> Result<C::Answer, Trouble> {
        let sent = self.marks.next();
        match timeout_at(until, call.send(&mut self.truba, self.identity.caller(), sent.clone())).await {
            Ok(answered) => answered.map_err(|status| Trouble::of(status, !sent.withdraw())),
            Err(_) => Err(Trouble::late(!sent.withdraw())),
        }
    }

    /// Renew leases; what the host says of each.
    pub async fn renew(&mut self, handles: Vec<v1::Handle>) -> Result<Vec<v1::Renewed>, Trouble> {
        if let Some(line) = &self.line {
            match renew_over(line, &handles).await {
                Err(Lost::NotServed { .. }) => {}
                renewed => return Ok(renewed?),
            }
        }
        Ok(self
            .truba
            .renew(v1::RenewRequest { handles, caller: Some(self.identity.caller()) })
            .await?
            .into_inner()
            .results)
    }
}

/// Over the line, so that the host knows by it that the client is there.
async fn renew_over(line: &Arc<Line>, handles: &[v1::Handle]) -> Result<Vec<v1::Renewed>, Lost> {
    let mut answers = Vec::with_capacity(handles.len());
    for handle in handles {
        let session = Some(v1::operation::Session::Handle(*handle));
        let what = Some(v1::operation::What::Renew(v1::RenewOperation {}));
        answers.push(line.send(v1::Operation { tag: 0, session, number: 0, what }).await?);
    }
    let mut renewed = Vec::with_capacity(handles.len());
    for answer in answers {
        let outcome = match answer.await.unwrap_or(Err(Lost::Unsent(None)))? {
            Outcome::LeaseMs(lease_ms) => Some(v1::renewed::Outcome::LeaseMs(lease_ms)),
            Outcome::Refused(refused) => Some(v1::renewed::Outcome::Refused(refused)),
            Outcome::Opened(_) | Outcome::Applied(_) => None,
        };
        renewed.push(v1::Renewed { outcome });
    }
    Ok(renewed)
}

/// A refusal as the status that a call would have ended with.
fn in_full(refused: v1::Refused) -> Status {
    let mut details = ErrorDetails::with_error_info(refused.reason, ERROR_DOMAIN, refused.metadata);
    details.set_retry_info(refused.retry_ms.map(Duration::from_millis));
    Status::with_error_details(Code::from(refused.code), refused.message, details)
}

impl Trouble {
    fn new(verdict: Verdict, status: Status, tells_why: bool) -> Self {
        Self { verdict, status, tells_why, sent_before: false }
    }

    /// No answer came in time. `sent`: whether the request went out.
    pub fn late(sent: bool) -> Self {
        let (verdict, words) = if sent {
            (Verdict::Unknown, "the host did not answer in time")
        } else {
            (Verdict::Unreachable { lasting: false }, "no connection took the request in time")
        };
        Self::new(verdict, Status::deadline_exceeded(words), false)
    }

    /// The call ended so. `sent`: whether the request may have gone out.
    fn of(status: Status, sent: bool) -> Self {
        let verdict = if sent { Verdict::of(&status) } else { Verdict::of_unsent(&status) };
        Self::new(verdict, status, true)
    }

    fn other_answer() -> Self {
        Self::from(Status::internal("the host's answer is that to another operation"))
    }

    fn not_applied(status: Status, tells_why: bool) -> Self {
        Self::new(Verdict::NotApplied { overloaded: false, after: None }, status, tells_why)
    }

    /// Whether the host was not heard at all, neither an answer nor a refusal, at the try with this number.
    pub fn is_silence(&self, tries: u32) -> bool {
        match &self.verdict {
            Verdict::Unreachable { .. } => true,
            Verdict::Refused(refusal) => !refusal.by_host,
            Verdict::NotApplied { .. } => false,
            // A connection that broke is made anew at once: only if that does not help either it tells something.
            Verdict::Unknown => !self.tells_why || tries >= BROKEN_TRIES,
        }
    }

    /// Whether the host itself refused it.
    pub fn is_of_host(&self) -> bool {
        matches!(&self.verdict, Verdict::Refused(refusal) if refusal.by_host)
            || matches!(self.verdict, Verdict::NotApplied { overloaded: true, .. })
    }
}

impl From<Status> for Trouble {
    fn from(status: Status) -> Self {
        Self::of(status, true)
    }
}

impl From<Lost> for Trouble {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Unsent(why) => {
                let tells_why = why.is_some();
                let unsent = || Status::unavailable("the stream broke before this was sent");
                Self::not_applied(why.unwrap_or_else(unsent), tells_why)
            }
            Lost::NotServed { sent } => Self {
                sent_before: sent,
                ..Self::not_applied(Status::unimplemented("the host serves no stream"), true)
            },
            Lost::Unopened { status, sent } => Self::of(status, sent),
            Lost::Late { sent } => Self::late(sent),
            // Whatever the status says, it is not said of this operation; but for a host that shut down in order: it answered
            // all that it applied.
            Lost::Broken(status) => match Verdict::of(&status) {
                verdict @ Verdict::NotApplied { overloaded: false, .. } => Self::new(verdict, status, true),
                _ => Self::new(Verdict::Unknown, status, true),
            },
        }
    }
}
