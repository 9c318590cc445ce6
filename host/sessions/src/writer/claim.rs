//! What a run is given when it claims a session.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::{
    ids::Handle,
    session::{Due, Session},
};

/// A session, taken for one run of its kind's handler. The taker must end it with [`Sessions::finish`], whatever happens:
/// until then the run holds one of the kind's workers.
///
/// [`Sessions::finish`]: crate::Sessions::finish
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The session, as claimed.
    pub session: Session,
    /// Its records, oldest first.
    pub records: Vec<Bytes>,
    /// What the run works on it with.
    pub handle: Handle,
    /// What it was claimed for.
    pub due: Due,
    /// When it was claimed, Unix milliseconds.
    pub claimed_ms: u64,
    /// How long after its due time the writer set out to claim it.
    pub late: Duration,
    /// When the writer set out to claim it, by [`Clock::monotonic`](crate::clock::Clock::monotonic).
    pub claimed_at: Duration,
}

/// Where claimed sessions come out. Not bounded by itself: there are never more of them than the kinds have workers.
pub type Claims = mpsc::UnboundedReceiver<Claimed>;
