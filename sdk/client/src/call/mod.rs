//! Calls to the host: one question, tried until it has an answer.
//!
//! * [`operation`]: what is asked, as values, and how each is put on the wire.
//! * [`way`]: the two ways to ask it: over the stream, or by a call of its own.
//! * [`verdict`]: what a failed try says about the operation.
//! * [`tries`]: what to do after it, decided without clock or wire.
//! * this file: the shell around them, which sends and waits.
//!
//! A call is safe to try again since the host knows it when it sees it: operations carry a number, a `New` a request
//! id.

mod operation;
mod tries;
mod verdict;
mod way;

use mpy6a_proto::v1::truba_client::TrubaClient;
use tokio::time::{Instant, sleep_until, timeout_at};
use tonic::{service::interceptor::InterceptedService, transport::Channel};
use tracing::debug;

use self::tries::Next;
pub use self::verdict::{Refusal, Verdict};
pub(crate) use self::{
    operation::{Applied, Call, Numbered, Operation, record_bytes},
    tries::{Backoff, Tries},
    way::{Trouble, Way},
};
use crate::{error::Cause, secure::Bearer};

/// The generated client over one shared connection, with the token that it shows. Cloned once for a session, not for an
/// operation.
pub(crate) type Truba = TrubaClient<InterceptedService<Channel, Bearer>>;

/// An answer from the host.
#[derive(Debug)]
pub(crate) struct Answered<T> {
    /// The answer.
    pub answer: T,
    /// From when the lease is to be counted: before the first request that may have brought it about was sent.
    pub counted_from: Instant,
}

/// No answer, and no more tries.
#[derive(Debug)]
pub(crate) struct Failed {
    /// How it came to that.
    pub why: Why,
    /// How often the call was tried.
    pub tries: u32,
    /// Whether a try before the last word may have been applied.
    pub maybe_applied: bool,
}

/// Why there are no more tries.
#[derive(Debug)]
pub(crate) enum Why {
    /// The host refused it, for good.
    Refused(Refusal),
    /// The time was up, and the host had no room to the last.
    Overloaded,
    /// The time was up.
    Unavailable(Cause),
}

/// Try a call until it is answered, refused for good, or out of time.
///
/// May be dropped at any await: then its outcome is unknown.
pub(crate) async fn settle<C: Call>(way: &mut Way, call: &C, mut tries: Tries) -> Result<Answered<C::Answer>, Failed> {
    loop {
        let sent = Instant::now();
        let Trouble { verdict, status } = match timeout_at(tries.begin(sent), way.ask(call)).await {
            Ok(Ok(answer)) => return Ok(Answered { answer, counted_from: tries.counted_from(sent) }),
            Ok(Err(trouble)) => trouble,
            Err(_) => Trouble::timeout(),
        };
        match tries.failed(verdict, sent, Instant::now(), rand::random()) {
            Next::Refused(refusal) => return Err(tries.give_up(Why::Refused(refusal))),
            Next::Overloaded => return Err(tries.give_up(Why::Overloaded)),
            Next::Unavailable => return Err(tries.give_up(Why::Unavailable(status.into()))),
            Next::Again(at) => {
                debug!(call = C::NAME, tries = tries.count(), cause = %status, "will try again");
                sleep_until(at).await;
            }
        }
    }
}
