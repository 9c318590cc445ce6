//! Recording a run that is under way.
//!
//! Everything is kept in memory until the run has ended: bytes are shared, not copied, and a lock is held for the push of one
//! entry. Whether any of it is written anywhere is for others to say.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use mpy6a_sessions::{Handle, Index, Key, Origin, SessionOp, State};
use rand::RngExt as _;

use super::{Answered, Asked, Did, Exchanged, Given, Got, Recording, network::Taped};
use crate::{
    barrier::{Barrier, Committing},
    plugin::Plugin,
    run::{Job, RunEnd},
    surroundings::{Clock, Surroundings},
};

/// What an entry takes of the bound beside its bytes: its place in a list.
const ENTRY_BYTES: u64 = 32;

/// Records one run.
pub struct Recorder {
    plugin: Arc<Plugin>,
    given: Given,
    tape: Arc<Tape>,
    settings_read: Arc<AtomicBool>,
}

/// What a run got and did so far.
pub(super) struct Tape {
    began: Instant,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// How many bytes more may be kept.
    left: u64,
    got: Got,
    ops: Vec<SessionOp>,
    lacks: Option<&'static str>,
}

impl Plugin {
    /// Record the run of this job: at most so many bytes of what it gets from outside.
    #[must_use]
    pub fn recorder(self: &Arc<Self>, job: &Job, bytes_max: u64) -> Recorder {
        let Job { claimed, kind_name, max_repeats } = job;
        let mut session = claimed.session.clone();
        // Whoever reads a recording must not be able to touch the session.
        session.client.key = Key(0);
        session.origin = Origin::default();
        if let State::Repeating { key, .. } = &mut session.state {
            *key = Key(0);
        }
        let given = Given {
            session,
            records: claimed.records.clone(),
            due: claimed.due,
            claimed_ms: claimed.claimed_ms,
            kind_name: kind_name.clone(),
            max_repeats: *max_repeats,
            limits: self.spec.limits,
            host_limits: self.sandbox.limits,
            // Written out at the end, if anybody wants to know.
            targets: Vec::new(),
            // A generator for secrets that the system's own chance feeds, and not a call of the system for each run.
            seed: rand::rng().random(),
        };
        let inner = Inner { left: bytes_max, ..Inner::default() };
        Recorder {
            plugin: Arc::clone(self),
            given,
            tape: Arc::new(Tape { began: Instant::now(), inner: Mutex::new(inner) }),
            settings_read: Arc::default(),
        }
    }
}

impl Recorder {
    /// Which session the run has, since which index, and of which kind it is.
    #[must_use]
    pub fn of(&self) -> (Index, Index, u32) {
        let session = &self.given.session;
        (session.id, session.fence, session.kind)
    }

    /// What the run is to find outside.
    #[must_use]
    pub fn surroundings(&self) -> Surroundings {
        let transport = self
            .plugin
            .egress
            .as_ref()
            .map(|egress| Arc::new(Taped { inner: egress.transport(), tape: Arc::clone(&self.tape) }) as _);
        Surroundings {
            clock: Some(Arc::clone(&self.tape) as _),
            seed: Some(self.given.seed),
            transport,
            witness: None,
            settings_read: Some(Arc::clone(&self.settings_read)),
            trail: None,
        }
    }

    /// Where the run is to commit.
    #[must_use]
    pub fn around(&self, barrier: Arc<dyn Barrier>) -> Arc<dyn Barrier> {
        Arc::new(Watched { inner: barrier, tape: Arc::clone(&self.tape) })
    }

    /// The run has ended like this.
    #[must_use]
    pub fn recording(self, end: &RunEnd) -> Recording {
        let Inner { got, mut ops, lacks, .. } = std::mem::take(&mut *self.tape.lock());
        ops.extend(end.ops.iter().cloned());
        let settings = self.settings_read.load(Ordering::Relaxed).then(|| self.plugin.spec.settings.clone());
        Recording {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            given: Given { targets: self.plugin.spec.grants.targets(), ..self.given },
            got: Got { settings, ..got },
            did: Did { ops, report: end.report.clone() },
            lacks: lacks.map(str::to_owned),
        }
    }
}

impl Tape {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request is about to leave; answers its number.
    pub(super) fn asked(&self, request: Asked) -> usize {
        let mut inner = self.lock();
        let bytes = (request.url.len() + request.method.len()) as u64;
        inner.keep(bytes, |got| {
            got.exchanges.push(Exchanged { request, wait_us: 0, answer: Answered::Nothing });
        });
        inner.got.exchanges.len().saturating_sub(1)
    }

    /// Something of this exchange is known now, and takes so many bytes.
    pub(super) fn known(&self, number: usize, bytes: u64, change: impl FnOnce(&mut Exchanged)) {
        self.lock().keep(bytes, |got| {
            // Not there any more where there was no room.
            if let Some(exchanged) = got.exchanges.get_mut(number) {
                change(exchanged);
            }
        });
    }

    /// It cannot be run again, for this reason.
    pub(super) fn lacks(&self, why: &'static str) {
        self.lock().lacks.get_or_insert(why);
    }
}

impl Inner {
    /// Keep something, if there is room. Where there is none, what was kept so far is of no use either.
    fn keep(&mut self, bytes: u64, keep: impl FnOnce(&mut Got)) {
        match self.left.checked_sub(bytes + ENTRY_BYTES) {
            Some(left) => {
                self.left = left;
                keep(&mut self.got);
            }
            None => {
                self.left = 0;
                self.got = Got::default();
                self.lacks = Some("what it read and was answered is more than the kind's `keep.bytes`: raise that");
            }
        }
    }
}

/// The machine's clocks, read aloud.
impl Clock for Tape {
    fn now(&self) -> Duration {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.lock().keep(0, |got| got.wall_ns.push(nanos(now)));
        now
    }

    fn monotonic(&self) -> Duration {
        let now = self.began.elapsed();
        self.lock().keep(0, |got| got.monotonic_ns.push(nanos(now)));
        now
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// A barrier whose commits are kept.
struct Watched {
    inner: Arc<dyn Barrier>,
    tape: Arc<Tape>,
}

impl Barrier for Watched {
    fn commit(&self, handle: Handle, ops: Vec<SessionOp>) -> Committing<'_> {
        let kept = ops.clone();
        let committing = self.inner.commit(handle, ops);
        Box::pin(async move {
            let committed = committing.await;
            match &committed {
                Ok(()) => self.tape.lock().ops.extend(kept),
                Err(_) => {
                    self.tape.lacks("its session could not be written when a request was to leave: try another attempt")
                }
            }
            committed
        })
    }
}
