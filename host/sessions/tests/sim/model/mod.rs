//! What must be true: a second state machine, written from the design and not from the rules, which knows every session that
//! was acknowledged and judges all that the writer does.
//!
//! | part | job |
//! |---|---|
//! | `client` | what a client's operation must come to |
//! | `admin` | what a person's wish must come to |
//! | `run` | what a run's operations, and the host's death during one, must come to |
//! | `pipelines` | what a turn of a pipeline must come to, and what its end does |
//! | `retries` | what is remembered of sessions that are gone, and when it may be forgotten |
//! | `judge` | one step of the writer: its messages and its commit |
//! | `answers`, `timers` | its answers; what happened by itself: leases that ended, and claims |
//! | `compare` | everything a store holds, against everything that must be there |
//!
//! The model does not draw: where the writer does (jitter, keys of runs), the model knows the range that is allowed, and
//! takes over what it sees in there. What it takes over is checked for ever after.
//!
//! A step that fails leaves two models: the one before it, and the one after it. The next host that takes over the store must
//! find one of them, whole: a batch is all or nothing. If the commit said that it was done, only the second will do.

mod admin;
mod answers;
mod client;
mod compare;
mod judge;
mod pipelines;
mod retries;
mod run;
mod timers;

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use mpy6a_sessions::{
    Attempt, ClientId, Counts, Due, Handle, Index, KindPolicy, Kinds, Limits, Line, Refusal, Session, State, StateName,
    rules::Reply, store::Tombstone,
};

pub use judge::{Answer, Seen, Sent};

/// Something that must not be: in words, for a person.
pub type Violation = String;

/// Everything that must be there.
#[derive(Clone)]
pub struct Model {
    pub limits: Limits,
    pub kinds: Kinds,
    pub stopped: bool,
    pub sessions: BTreeMap<Index, Kept>,
    /// What is remembered of sessions that are gone.
    pub gone: BTreeMap<Index, Tombstone>,
    /// What was remembered of sessions that are gone, and is forgotten. In the store it may be still.
    pub forgotten: BTreeMap<Index, Tombstone>,
    /// Named clients that were heard of in this life of the host.
    pub named: BTreeMap<ClientId, retries::Named>,
    /// Sessions whose client was told a due time that is not seen yet, and that are no more due then: a person changed them in the
    /// very batch that stored them. By how much later than the model has it that time may be, in milliseconds.
    unseen: BTreeMap<Index, u64>,
    /// The kinds that a person paused, and since when, Unix milliseconds.
    pub pauses: BTreeMap<u32, u64>,
    /// The index of the last operation, and the present term.
    pub last: Index,
    /// The time of the last commit, Unix milliseconds: a new host's time goes on from it.
    pub written_ms: u64,
    /// The runs in flight in this life of the host, by fence.
    pub running: BTreeMap<Index, (Handle, u32)>,
    /// What the local numbers of each pipeline stand for, in this life of the host.
    pipelines: pipelines::Pipelines,
}

/// One session.
#[derive(Clone, Debug)]
pub struct Kept {
    pub session: Session,
    pub records: Vec<Bytes>,
    pub attempts: Vec<Attempt>,
    /// When the lease ends, if it is active, on the monotonic clock.
    pub lease_end: Duration,
    /// Its due time is not seen yet: it lies up to this much after the one that stands here, in milliseconds.
    pub slack_ms: u64,
}

/// When a step is made.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    pub now_ms: u64,
    pub monotonic: Duration,
}

/// What an operation must come to.
pub struct Expected {
    pub result: Result<Reply, Refusal>,
    /// A due time in it may be up to this much later, in milliseconds.
    pub slack_ms: u64,
}

impl Model {
    /// An empty store.
    pub fn new(limits: Limits, kinds: Kinds) -> Self {
        Self {
            limits,
            kinds,
            stopped: false,
            sessions: BTreeMap::new(),
            gone: BTreeMap::new(),
            forgotten: BTreeMap::new(),
            named: BTreeMap::new(),
            unseen: BTreeMap::new(),
            pauses: BTreeMap::new(),
            last: Index::default(),
            written_ms: 0,
            running: BTreeMap::new(),
            pipelines: pipelines::Pipelines::default(),
        }
    }

    /// Every id that ever was.
    pub fn known(&self) -> Vec<Index> {
        self.sessions.keys().chain(self.gone.keys()).chain(self.forgotten.keys()).copied().collect()
    }

    /// How many sessions of each kind there are, by state.
    pub fn counts(&self) -> BTreeMap<u32, Counts> {
        let mut counts: BTreeMap<u32, Counts> = BTreeMap::new();
        for kept in self.sessions.values() {
            let of_kind = counts.entry(kept.session.kind).or_default();
            *match kept.session.state.name() {
                StateName::Active => &mut of_kind.active,
                StateName::Stored => &mut of_kind.stored,
                StateName::Repeating => &mut of_kind.repeating,
                StateName::Parked => &mut of_kind.parked,
            } += 1;
        }
        counts
    }

    /// The stored sessions of a kind in the order of their repeats.
    pub fn due(&self, kind: u32) -> Vec<(Due, Index)> {
        self.line(kind, Line::Stored)
    }

    /// A new host has taken over: nothing runs, and every active session has a fresh lease.
    pub fn restart(&mut self, term: u64, kinds: Kinds, moment: Moment) {
        self.kinds = kinds;
        self.stopped = false;
        self.running.clear();
        self.pipelines = pipelines::Pipelines::default();
        self.last.term = term;
        self.hear_all(moment);
        for kept in self.sessions.values_mut() {
            kept.grant(moment);
        }
    }

    /// How many more runs of a kind may begin.
    fn free_workers(&self, kind: u32) -> usize {
        let running = self.running.values().filter(|(_, of)| *of == kind).count();
        match self.kinds.get(kind) {
            Some(policy) if policy.claimable && !self.stopped && !self.pauses.contains_key(&kind) => {
                usize::try_from(policy.max_running).unwrap().saturating_sub(running)
            }
            _ => 0,
        }
    }

    fn policy(&self, kind: u32) -> KindPolicy {
        self.kinds.get(kind).copied().unwrap_or_default()
    }

    /// The index of the next operation that is applied.
    fn next_index(&mut self) -> Index {
        self.last.index += 1;
        self.last
    }
}

impl Kept {
    pub fn is_active(&self) -> bool {
        self.session.state == State::Active
    }

    /// How long its client may still stay silent.
    fn lease_left(&self, moment: Moment) -> Option<Duration> {
        self.is_active().then(|| self.lease_end.saturating_sub(moment.monotonic))
    }

    /// A sign of life from its client.
    fn grant(&mut self, moment: Moment) {
        if self.is_active() {
            self.lease_end = moment.monotonic + Duration::from_millis(self.session.client.lease_ms);
        }
    }

    /// Put it into the schedule: due after `wait_ms` and up to `jitter_ms` more.
    fn store(&mut self, index: Index, moment: Moment, wait_ms: u64, jitter_ms: u64) -> u64 {
        let at_ms = moment.now_ms + wait_ms;
        self.session.state = State::Stored(Due { at_ms, stored: index });
        self.session.stored_ms = moment.now_ms;
        self.slack_ms = jitter_ms;
        at_ms
    }

    /// Append, within the limits; or why not.
    fn append(&mut self, record: &Bytes, limits: &Limits) -> Result<(), Refusal> {
        let bytes = record.len() as u64;
        if bytes > limits.record_bytes_max {
            return Err(Refusal::RecordTooLarge { bytes, max: limits.record_bytes_max });
        }
        if self.records.len() as u64 >= u64::from(limits.session_records_max) {
            return Err(Refusal::TooManyRecords { max: limits.session_records_max });
        }
        let bytes = bytes + self.records.iter().map(|record| record.len() as u64).sum::<u64>();
        if bytes > limits.session_bytes_max {
            return Err(Refusal::SessionTooLarge { bytes, max: limits.session_bytes_max });
        }
        self.records.push(record.clone());
        self.session.records = u32::try_from(self.records.len()).unwrap();
        self.session.bytes = bytes;
        Ok(())
    }
}
