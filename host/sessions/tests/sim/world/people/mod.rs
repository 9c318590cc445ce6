//! The workload: clients that open sessions, work on them, lose answers and try again; runs of handlers; somebody who changes
//! the config. Most of what they ask is right, some of it is wrong on purpose.

mod admins;
mod clients;
mod named;
mod pipelines;
mod runs;

use std::collections::BTreeSet;

use mpy6a_sessions::{
    Backoff, Claimed, Handle, KindPolicy, Kinds, New, Report, SessionOp, op::Op, pipeline::Answered, rules::Reply,
};

use crate::{
    chance::Chance,
    model::{Answer, Model, Sent},
};

/// Everybody who speaks to the host.
pub struct People {
    chance: Chance,
    clients: Vec<Client>,
    /// `New`s to be repeated: with an answer that was lost, or for no reason.
    wishes: Vec<New>,
    /// Clients that named themselves.
    named: Vec<named::Named>,
    /// Streams that are open.
    pipelines: Vec<pipelines::Stream>,
    /// How many there ever were.
    pipelines_ever: u64,
    runs: Vec<Claimed>,
    /// Handles of runs that are over.
    stale: Vec<Handle>,
    kinds: Kinds,
    kinds_ever: BTreeSet<u32>,
    requests: u64,
    /// How this history leans: weights of what clients do.
    lean: Lean,
}

struct Client {
    handle: Handle,
    number: u64,
    last: Option<SessionOp>,
    /// The named client that opened the session, and numbers what it asks.
    named: Option<usize>,
}

/// Weights, drawn once for each history: a history that does everything evenly never does one thing much.
struct Lean {
    new: u64,
    append: u64,
    replace: u64,
    store: u64,
    delete: u64,
    renew: u64,
    wrong: u64,
    turn: u64,
    admin: u64,
    run: u64,
    batch_max: u64,
    record_max: u64,
}

impl People {
    pub fn new(mut chance: Chance) -> Self {
        let lean = Lean {
            new: chance.between(3, 30),
            append: chance.between(5, 40),
            replace: chance.between(0, 10),
            store: chance.between(0, 25),
            delete: chance.between(0, 20),
            renew: chance.between(0, 10),
            wrong: chance.between(0, 15),
            turn: *chance.pick(&[0, 10, 60]),
            admin: *chance.pick(&[0, 3, 15]),
            run: chance.between(10, 90),
            batch_max: *chance.pick(&[1, 4, 8, 40]),
            record_max: *chance.pick(&[8, 40, 40, 3_200]),
        };
        Self {
            chance,
            clients: Vec::new(),
            wishes: Vec::new(),
            named: Vec::new(),
            pipelines: Vec::new(),
            pipelines_ever: 0,
            runs: Vec::new(),
            stale: Vec::new(),
            kinds: Kinds::default(),
            kinds_ever: BTreeSet::new(),
            requests: 0,
            lean,
        }
    }

    /// The config as it stands.
    pub fn kinds(&self) -> Kinds {
        self.kinds.clone()
    }

    /// Every kind that ever was in it.
    pub fn kinds_ever(&self) -> Vec<u32> {
        self.kinds_ever.iter().copied().collect()
    }

    /// A config, new.
    pub fn config(&mut self) -> Kinds {
        let mut kinds = Kinds::default();
        for kind in 1..=self.chance.between(1, 4) {
            if self.chance.percent(85) {
                let policy = self.policy();
                kinds.0.insert(u32::try_from(kind).unwrap(), policy);
            }
        }
        self.take_config(kinds)
    }

    /// A config in which everything can be repeated.
    pub fn open_config(&mut self) -> Kinds {
        let all: Vec<_> = self.kinds_ever.iter().copied().chain([1]).collect();
        let kinds = all.into_iter().map(|kind| (kind, KindPolicy { claimable: true, max_running: 2, ..self.policy() }));
        let kinds = Kinds(kinds.collect());
        self.take_config(kinds)
    }

    fn take_config(&mut self, kinds: Kinds) -> Kinds {
        self.kinds_ever.extend(kinds.0.keys());
        self.kinds = kinds.clone();
        kinds
    }

    fn policy(&mut self) -> KindPolicy {
        let chance = &mut self.chance;
        KindPolicy {
            lease_ms: *chance.pick(&[50, 1_000, 5_000]),
            delay_ms: *chance.pick(&[0, 10, 2_000]),
            jitter_ms: *chance.pick(&[0, 0, 100]),
            backoff: Backoff { initial_ms: *chance.pick(&[0, 20, 500]), factor_hundredths: 200, max_ms: 4_000 },
            max_repeats: u32::try_from(chance.between(1, 4)).unwrap(),
            max_running: u32::try_from(chance.between(1, 3)).unwrap(),
            claimable: chance.percent(75),
        }
    }

    /// What reaches the writer while it was busy.
    pub fn batch(&mut self, model: &Model) -> Vec<Sent> {
        let mut sent = Vec::new();
        if self.chance.percent(3) {
            sent.push(Sent::SetKinds(self.config()));
        }
        for _ in 0..self.chance.below(self.lean.batch_max + 1) {
            sent.push(self.client_message(model));
        }
        for at in 0..self.runs.len() {
            if self.chance.percent(self.lean.run) {
                self.run_messages(at, &mut sent);
            }
        }
        if self.chance.percent(5) && !self.stale.is_empty() {
            let handle = *self.chance.pick(&self.stale);
            let report = Report::bare(self.outcome());
            sent.push(Sent::Apply(Op::Finish { handle, ops: Vec::new(), report }));
        }
        if self.chance.percent(10) {
            sent.push(Sent::Overview);
        }
        // Nobody's messages have an order among them, but for those of one run and of one stream.
        let from = self.chance.index(sent.len().max(1));
        let in_order =
            |sent: &Sent| matches!(sent, Sent::Apply(Op::Barrier { .. } | Op::Finish { .. }) | Sent::Broke(_));
        if !sent.iter().any(in_order) {
            sent.rotate_left(from);
        }
        sent
    }

    /// What the answers of a step told.
    pub fn learn(&mut self, sent: &[Sent], answers: &[Option<Answer>], claims: Vec<Claimed>) {
        for (sent, answer) in sent.iter().zip(answers) {
            self.settle(sent, answer.as_ref());
            match (sent, answer) {
                (Sent::Apply(Op::New { caller, .. }), Some(Answer::Reply(Ok(Reply::Opened(opened))))) => {
                    self.meet(opened.handle, caller);
                }
                (Sent::Turn(_, caller, _), Some(Answer::Turn(answers))) => {
                    for answer in answers {
                        if let Ok(Answered::Opened(opened)) = answer.result {
                            self.meet(opened.handle, caller);
                        }
                    }
                }
                (Sent::Apply(Op::Finish { handle, .. }), _) => {
                    self.runs.retain(|run| run.handle != *handle);
                    self.stale.push(*handle);
                }
                _ => {}
            }
        }
        self.runs.extend(claims);
    }
}
