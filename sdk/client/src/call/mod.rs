//! Calls to the host: one question, tried until it has an answer.
//!
//! * [`operation`]: what is asked, as values, and how each is put on the wire.
//! * [`way`]: the two ways to ask it: over the stream, or by a call of its own. The one place where a try is made.
//! * [`verdict`]: what a failed try says about the operation; [`cause`]: its root cause.
//! * [`tries`]: what to do after it, decided without clock or wire.
//! * [`http`], [`sniff`]: the look below gRPC: was the request sent, and is the other side a host at all? [`sent`]: the mark.
//! * this file: the shell around them, which sends and waits. [`settle`] is the one place where a call's end is known.
//!
//! A call is safe to try again since the host knows it when it sees it: operations carry a number, a `New` a request
//! id.

mod cause;
mod http;
mod operation;
mod sent;
mod sniff;
mod tries;
mod verdict;
mod way;

use mpy6a_proto::v1::truba_client::TrubaClient;
use tokio::time::{Instant, sleep_until};
use tonic::{Status, service::interceptor::InterceptedService, transport::Channel};
use tracing::debug;

pub use self::verdict::{Proves, Refusal, Verdict};
pub(crate) use self::{
    cause::{RootCause, words},
    operation::{Applied, Call, Numbered, Operation, record_bytes},
    sent::{Marks, Sent},
    sniff::Sniffed,
    tries::{Backoff, Tries, later},
    way::{Trouble, Way},
};
use self::{http::Http, tries::Next};
use crate::{client::Shared, room::Place, secure::Bearer};

/// The generated client over one shared connection, with the token that it shows. Cloned once for a session, not for an
/// operation.
pub(crate) type Truba = TrubaClient<Http<InterceptedService<Channel, Bearer>>>;

/// It, over this channel.
pub(crate) fn truba(channel: Channel, bearer: Bearer) -> Truba {
    TrubaClient::new(Http(InterceptedService::new(channel, bearer)))
}

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
    /// Whether one of the tries may have been applied. If not, none was, and none will be.
    pub maybe_applied: bool,
}

/// Why there are no more tries.
#[derive(Debug)]
pub(crate) enum Why {
    /// It was refused.
    Refused(Refusal),
    /// The time was up, and the host had no room to the last.
    Overloaded,
    /// The time was up, or the caller does not want to wait for a host that is away.
    Unavailable(Status),
    /// No connection can ever be made.
    Unreachable(Status),
    /// Too many calls wait in this client already.
    Full,
    /// The runtime of the client has ended.
    RuntimeEnded,
}

/// Try a call until it is answered, refused, or out of time.
///
/// **The one place where the end of a call is known**: `Ok` and an error without `maybe_applied` are final. After any other
/// error, or dropped at an await, the call has no outcome, and may be settled again with the same number or request id.
pub(crate) async fn settle<C: Call>(
    shared: &Shared,
    way: &mut Way,
    call: &C,
    tries: Tries,
) -> Result<Answered<C::Answer>, Failed> {
    let room = shared.room.enter(call.record_bytes(), &shared.outage, tries.deadline());
    let Some(place) = room.await else { return Err(tries.give_up(Why::Full)) };
    settle_in(place, shared, way, call, tries).await
}

/// The same, for a call that has its place already.
pub(crate) async fn settle_in<C: Call>(
    _place: Place<'_>,
    shared: &Shared,
    way: &mut Way,
    call: &C,
    mut tries: Tries,
) -> Result<Answered<C::Answer>, Failed> {
    let mut why = None;
    loop {
        if shared.runtime_ended() {
            return Err(tries.give_up(Why::RuntimeEnded));
        }
        let sent = Instant::now();
        let trouble = match way.ask(call, tries.begin(sent)).await {
            Ok(answer) => {
                shared.outage.heard(sent);
                return Ok(Answered { answer, counted_from: tries.counted_from(sent) });
            }
            Err(trouble) => trouble,
        };
        shared.outage.failed(&trouble, tries.count(), sent);
        let Trouble { verdict, status, tells_why, sent_before } = trouble;
        if sent_before {
            tries.maybe_applied(sent);
        }
        // That nothing came in time says less than what went wrong before.
        if tells_why || why.is_none() {
            why = Some(status.clone());
        }
        let verdict = if C::IS_NUMBERED { verdict } else { verdict.of_new() };
        match tries.failed(verdict, sent, Instant::now(), rand::random()) {
            Next::Refused(refusal) => return Err(tries.give_up(Why::Refused(shared.outage.naming_host(refusal)))),
            Next::Overloaded => return Err(tries.give_up(Why::Overloaded)),
            Next::Unavailable => return Err(tries.give_up(Why::Unavailable(why.unwrap_or(status)))),
            Next::Unreachable => return Err(tries.give_up(Why::Unreachable(status))),
            Next::Again(_) if shared.runtime_ended() => return Err(tries.give_up(Why::RuntimeEnded)),
            Next::Again(at) => {
                debug!(call = C::NAME, tries = tries.count(), cause = %words(&status), "will try again");
                sleep_until(at).await;
            }
        }
    }
}
