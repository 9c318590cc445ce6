//! A run as it was: everything that it got from outside its sandbox, and what it did. From that it can be run again, offline,
//! to the same fuel.
//!
//! | file | job |
//! |---|---|
//! | [`recorder`] | a run under way: its clock, its barrier, what is kept so far, within a bound |
//! | `network`, `played` | its requests and their answers, frame by frame; the answers once more |
//! | [`replay`] | the same surroundings again, out of a [`Recording`] |
//! | [`code`] | a recording as bytes |
//!
//! What a handler gets from outside: its session, the kind's settings, readings of two clocks, random numbers, answers over HTTP,
//! and its limits. Chance is one seed of 32 bytes; everything else is written down as it came.
//!
//! Invariants:
//!
//! * Recording changes nothing that a run sees, and makes it wait for nothing.
//! * A recording holds no key of a session: whoever reads one can touch nothing.
//! * Settings may be secrets. They are kept only where the handler read any, since then nothing can be run again without them.
//! * What outgrows its bound is left out, and [`Recording::lacks`] says so: nobody takes half of a run for the whole.

pub mod code;
mod network;
mod played;
pub mod recorder;
pub mod replay;

use std::collections::BTreeMap;

use bytes::Bytes;
use mpy6a_sessions::{Due, Limits, Report, Session, SessionOp};
use serde::{Deserialize, Serialize};

pub use self::{recorder::Recorder, replay::Replayer};
use crate::{egress::SendError, limits::RunLimits};

/// A run as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// The version of the program that ran it: another may count fuel otherwise.
    pub program: String,
    /// What the run was given.
    pub given: Given,
    /// What it asked for on its way, and got.
    pub got: Got,
    /// What it did.
    pub did: Did,
    /// Why it cannot be run again; none where it can.
    pub lacks: Option<String>,
}

impl Recording {
    /// About how many bytes of memory it takes.
    #[must_use]
    pub fn weight(&self) -> u64 {
        let record = |op: &SessionOp| match op {
            SessionOp::Append(record) | SessionOp::Replace(record) => record.len(),
            SessionOp::Delete | SessionOp::Store { .. } => 0,
        };
        let answer = |exchanged: &Exchanged| match &exchanged.answer {
            Answered::Response { frames, .. } => frames.iter().map(|frame| frame.bytes.len()).sum(),
            Answered::Nothing | Answered::Failed(_) => 0,
        };
        let given: usize = self.given.records.iter().map(Bytes::len).sum();
        let got: usize = self.got.exchanges.iter().map(answer).sum();
        let readings = 8 * (self.got.wall_ns.len() + self.got.monotonic_ns.len());
        let did: usize = self.did.ops.iter().map(record).sum();
        (size_of::<Self>() + given + got + readings + did) as u64
    }
}

/// What a run is given when it begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Given {
    /// The session as claimed, without its keys.
    pub session: Session,
    /// Its records, oldest first.
    pub records: Vec<Bytes>,
    /// What it was claimed for.
    pub due: Due,
    /// When it was claimed, Unix milliseconds.
    pub claimed_ms: u64,
    /// The name of its kind.
    pub kind_name: String,
    /// After this many repeats that finish nothing it is parked.
    pub max_repeats: u32,
    /// What the run might use.
    pub limits: RunLimits,
    /// What a session may hold on its host.
    pub host_limits: Limits,
    /// Where its requests might go: scheme, host and port.
    pub targets: Vec<String>,
    /// Where chance began.
    pub seed: [u8; 32],
}

/// What a run asked for on its way, and got.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Got {
    /// The kind's settings; none where the handler read none.
    pub settings: Option<BTreeMap<String, String>>,
    /// Readings of the wall clock, nanoseconds since the Unix epoch. The first is the host's own, for the deadline.
    pub wall_ns: Vec<u64>,
    /// Readings of the monotonic clock, nanoseconds.
    pub monotonic_ns: Vec<u64>,
    /// Requests that left, in order, and what became of them.
    pub exchanges: Vec<Exchanged>,
}

/// A request that left, and its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exchanged {
    /// What was asked.
    pub request: Asked,
    /// From its leaving to the head of the answer, or the error, in microseconds.
    pub wait_us: u64,
    /// What came of it.
    pub answer: Answered,
}

/// A request, as far as it decides which answer is its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// Where to.
    pub url: String,
    /// SHA-256 of the body.
    pub body: [u8; 32],
    /// How long the body is, in bytes.
    pub body_bytes: u64,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answered {
    /// Nothing, for as long as anybody waited.
    Nothing,
    /// An error: there was no response.
    Failed(Failed),
    /// A response.
    Response {
        /// The status.
        status: u16,
        /// Names and values, in order.
        headers: Vec<(String, Bytes)>,
        /// How long it announced itself to be at least, in bytes.
        announced: u64,
        /// Its body as it was read.
        frames: Vec<Frame>,
        /// How that ended.
        end: BodyEnd,
    },
}

/// A part of a body, as it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// After the one before, in microseconds.
    pub wait_us: u64,
    /// What it holds.
    pub bytes: Bytes,
}

/// How a body ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BodyEnd {
    /// Nobody read on, or nothing came any more.
    Unread,
    /// It was whole.
    Whole,
    /// It broke off.
    Broken(String),
}

/// Why there was no response; the words are [`SendError`](crate::egress::SendError)'s.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failed {
    /// The address is one that was not meant.
    Denied(String),
    /// No connection could be made.
    Unreachable(String),
    /// The time was up.
    Timeout,
    /// The connection broke.
    Broken(String),
    /// The response is longer than this many bytes.
    TooLarge(u64),
}

impl From<SendError> for Failed {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Denied(why) => Self::Denied(why),
            SendError::Unreachable(why) => Self::Unreachable(why),
            SendError::Timeout => Self::Timeout,
            SendError::Broken(why) => Self::Broken(why),
            SendError::TooLarge(max) => Self::TooLarge(max),
        }
    }
}

impl From<Failed> for SendError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Denied(why) => Self::Denied(why),
            Failed::Unreachable(why) => Self::Unreachable(why),
            Failed::Timeout => Self::Timeout,
            Failed::Broken(why) => Self::Broken(why),
            Failed::TooLarge(max) => Self::TooLarge(max),
        }
    }
}

/// What a run did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Did {
    /// What it asked of its session and what was committed, in order, at barriers and at its end.
    pub ops: Vec<SessionOp>,
    /// How it ended, what it used, the tail of its log.
    pub report: Report,
}
