//! The one task of a client that renews its leases, many with each request.
//!
//! A request that fails is tried again with backoff for as long as there are sessions: their clocks run meanwhile, and
//! whoever waits on one of them is told in time. A session is given up only on the host's word.

use std::{sync::Arc, time::Duration};

use mpy6a_proto::v1;
use tokio::{
    task::AbortHandle,
    time::{Instant, sleep, timeout},
};
use tonic::Status;
use tracing::{debug, warn};

use super::{
    clock::{State, Word},
    registry::{Due, Registry},
    watch::Watch,
};
use crate::{
    call::{Backoff, Trouble, Verdict, Way, words},
    limits::{RENEW_MAX, RENEW_PAUSE_MIN, RENEW_TRY_MIN},
    outage::Outage,
};

/// The renewals of a client; dropped, they stop.
#[derive(Debug)]
pub(crate) struct Renewals(AbortHandle);

impl Drop for Renewals {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Renewals {
    /// Begin, on the present runtime.
    pub fn begin(registry: Arc<Registry>, outage: Arc<Outage>, way: Way, try_timeout: Duration) -> Self {
        let task = Task { way, outage, try_timeout, backoff: Backoff::default(), warned: false };
        Self(tokio::spawn(task.run(registry)).abort_handle())
    }

    /// Whether the runtime has ended on which they began.
    pub fn have_ended(&self) -> bool {
        self.0.is_finished()
    }
}

struct Task {
    way: Way,
    outage: Arc<Outage>,
    /// How long one request may take, if the leases in it allow.
    try_timeout: Duration,
    backoff: Backoff,
    /// Whether the sessions that expire while the host is away were told of in the log: once is enough.
    warned: bool,
}

impl Task {
    async fn run(mut self, registry: Arc<Registry>) {
        loop {
            let Due { watches: due, hurried } = registry.due().await;
            let pause = match self.renew_all(&due).await {
                Ok(()) => {
                    self.backoff = Backoff::default();
                    self.warned = false;
                    RENEW_PAUSE_MIN
                }
                Err(failed) => {
                    if hurried {
                        registry.hurry();
                    }
                    self.after_failure(&due, &failed)
                }
            };
            sleep(pause).await;
        }
    }

    /// Renew these, a request's worth at a time. Stops at the first request that fails: the host that did not answer it
    /// will not answer the next.
    async fn renew_all(&mut self, due: &[Arc<Watch>]) -> Result<(), Status> {
        let mut left_out = None;
        for some in due.chunks(RENEW_MAX) {
            let sent = Instant::now();
            let handles = some.iter().map(|watch| watch.handle).collect();
            let answer = timeout(self.patience(some), self.way.renew(handles)).await;
            let results = match answer.unwrap_or_else(|_| Err(Trouble::late(true))) {
                Ok(results) => results,
                Err(trouble) => {
                    self.outage.failed(&trouble, 1, sent);
                    return Err(trouble.status);
                }
            };
            self.outage.heard(sent);
            if results.len() != some.len() {
                return Err(Status::internal("the answer to Renew has another length than the request"));
            }
            for (watch, result) in some.iter().zip(results) {
                left_out = apply(watch, result, sent).or(left_out);
            }
        }
        left_out.map_or(Ok(()), |refused| Err(Status::unavailable(format!("{}: {}", refused.reason, refused.message))))
    }

    /// How long to wait for an answer: no longer than a third of the shortest lease, to have two tries more.
    fn patience(&self, some: &[Arc<Watch>]) -> Duration {
        let shortest_ms = some.iter().map(|watch| watch.latest().length_ms).min().unwrap_or_default();
        self.try_timeout.min(Duration::from_millis(shortest_ms / 3)).max(RENEW_TRY_MIN)
    }

    /// Say what happened. Returns how long to wait.
    fn after_failure(&mut self, due: &[Arc<Watch>], failed: &Status) -> Duration {
        debug!(sessions = due.len(), cause = %words(failed), "leases not renewed, will try again");
        let expired = due.iter().filter(|watch| watch.state() == State::Expired).count();
        if expired > 0 && !self.warned {
            self.warned = true;
            warn!(sessions = expired, cause = %words(failed), "leases expired: the host is away and may repeat these sessions");
        }
        let asked = match Verdict::of(failed) {
            Verdict::NotApplied { after, .. } => after,
            Verdict::Refused(_) | Verdict::Unreachable { .. } | Verdict::Unknown => None,
        };
        self.backoff.pause(asked, rand::random())
    }
}

/// Note what the host said of one session. Returns a refusal that is not about the session itself: it will be tried
/// again.
fn apply(watch: &Watch, result: v1::Renewed, sent: Instant) -> Option<v1::Refused> {
    match result.outcome {
        Some(v1::renewed::Outcome::LeaseMs(lease_ms)) => {
            watch.renewed(sent, lease_ms);
            None
        }
        Some(v1::renewed::Outcome::Refused(refused)) => match Word::of_reason(&refused.reason) {
            Some(word) => {
                watch.refused(word);
                None
            }
            None => Some(refused),
        },
        None => {
            let (reason, message) = ("ANSWER_EMPTY".to_owned(), "neither lease nor refusal".to_owned());
            Some(v1::Refused { reason, message, ..v1::Refused::default() })
        }
    }
}
