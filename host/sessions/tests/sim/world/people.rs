//! The workload: clients that open sessions, work on them, lose answers and try again; runs of handlers; somebody who changes
//! the config. Most of what they ask is right, some of it is wrong on purpose.

use std::collections::BTreeSet;

use bytes::Bytes;
use mpy6a_sessions::{
    Backoff, Claimed, Handle, Index, Key, KindPolicy, Kinds, New, Outcome, Report, SessionOp, op::Op, rules::Reply,
};

use crate::{
    chance::Chance,
    model::{Answer, Model, Sent},
};

/// Most clients that are remembered: enough that their sessions meet in a batch, few enough that each is met again.
const CLIENTS_MAX: usize = 24;

/// Everybody who speaks to the host.
pub struct People {
    chance: Chance,
    clients: Vec<Client>,
    /// `New`s to be repeated: with an answer that was lost, or for no reason.
    wishes: Vec<New>,
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
            run: chance.between(10, 90),
            batch_max: *chance.pick(&[1, 4, 8, 40]),
            record_max: *chance.pick(&[8, 40, 40, 3_200]),
        };
        Self {
            chance,
            clients: Vec::new(),
            wishes: Vec::new(),
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
            sent.push(Sent::Count);
        }
        // Nobody's messages have an order among them.
        let from = self.chance.index(sent.len().max(1));
        if sent.iter().all(|sent| !matches!(sent, Sent::Apply(Op::Barrier { .. } | Op::Finish { .. }))) {
            sent.rotate_left(from);
        }
        sent
    }

    fn client_message(&mut self, model: &Model) -> Sent {
        let lean = &self.lean;
        let weights = [lean.new, lean.append, lean.replace, lean.store, lean.delete, lean.renew, lean.wrong, 3, 2];
        let mut draw = self.chance.below(weights.iter().sum());
        let choice = weights.iter().position(|weight| {
            let here = draw < *weight;
            draw = draw.saturating_sub(*weight);
            here
        });
        if self.clients.is_empty() || choice == Some(0) {
            return Sent::Apply(self.wish());
        }
        let at = self.chance.index(self.clients.len());
        match choice {
            Some(1) => {
                let record = self.record();
                self.ask(at, SessionOp::Append(record))
            }
            Some(2) => {
                let record = self.record();
                self.ask(at, SessionOp::Replace(record))
            }
            Some(3) => {
                let timeout_s = self.chance.percent(60).then(|| u32::try_from(self.chance.below(22)).unwrap() / 2);
                self.ask(at, SessionOp::Store { timeout_s })
            }
            Some(4) => self.ask(at, SessionOp::Delete),
            Some(5) => {
                let count = self.chance.between(1, 4);
                Sent::Renew((0..count).map(|_| self.chance.pick(&self.clients).handle).collect())
            }
            Some(6) => self.wrong(at),
            Some(7) => self.again(at),
            _ => {
                let known = model.known();
                let id = if known.is_empty() { Index::default() } else { *self.chance.pick(&known) };
                Sent::Inspect(id)
            }
        }
    }

    fn record(&mut self) -> Bytes {
        let len = self.chance.below(self.lean.record_max + 1);
        self.chance.bytes(usize::try_from(len).unwrap()).into()
    }

    /// `New`: fresh, or one that was sent before.
    fn wish(&mut self) -> Op {
        let key = Key(self.chance.bits());
        if !self.wishes.is_empty() && self.chance.percent(20) {
            let mut new = self.chance.pick(&self.wishes).clone();
            if self.chance.percent(10) {
                new.record = Some("something else".into());
            }
            return Op::New { new, key };
        }
        self.requests += 1;
        let mut kind = u32::try_from(self.chance.between(1, 4)).unwrap();
        if self.chance.percent(80) {
            let named: Vec<_> = self.kinds.0.keys().copied().collect();
            kind = if named.is_empty() { kind } else { *self.chance.pick(&named) };
        }
        let record = self.chance.percent(60).then(|| self.record());
        let request_id = self.chance.percent(60).then(|| format!("wish {}", self.requests));
        let traceparent = self.chance.percent(20).then(|| format!("00-{}", self.requests));
        let new = New { kind, record, request_id, traceparent };
        if new.request_id.is_some() {
            self.wishes.push(new.clone());
        }
        Op::New { new, key }
    }

    /// The client's next operation; one in eight has no number.
    fn ask(&mut self, at: usize, op: SessionOp) -> Sent {
        let unnumbered = self.chance.percent(12);
        let step = self.chance.between(1, 3);
        let client = &mut self.clients[at];
        if unnumbered {
            return Sent::Apply(client_op(client.handle, 0, op));
        }
        client.number += step;
        client.last = Some(op.clone());
        Sent::Apply(client_op(client.handle, client.number, op))
    }

    /// The last operation once more: its answer may have been lost.
    fn again(&mut self, at: usize) -> Sent {
        let Client { handle, number, last } = &self.clients[at];
        let op = last.clone().unwrap_or(SessionOp::Delete);
        Sent::Apply(client_op(*handle, *number, op))
    }

    /// Something that must be refused, or nearly.
    fn wrong(&mut self, at: usize) -> Sent {
        let record = self.record();
        let Client { handle, number, .. } = self.clients[at];
        let op = SessionOp::Append(record);
        match self.chance.below(5) {
            // A stranger's key.
            0 => Sent::Apply(client_op(Handle { key: Key(handle.key.0 ^ 1), ..handle }, number + 1, op)),
            // A number used for something else.
            1 => Sent::Apply(client_op(handle, number, op)),
            // A number that was passed by.
            2 => Sent::Apply(client_op(handle, number.saturating_sub(1), op)),
            // A session that never was.
            3 => {
                let id = Index { index: handle.id.index + 1_000_000, ..handle.id };
                Sent::Apply(client_op(Handle { id, ..handle }, 1, op))
            }
            _ => Sent::Renew(vec![Handle { key: Key(handle.key.0 ^ 1), ..handle }]),
        }
    }

    fn run_messages(&mut self, at: usize, sent: &mut Vec<Sent>) {
        let handle = self.runs[at].handle;
        if self.chance.percent(30) {
            let mut ops = self.run_ops();
            if self.chance.percent(3) {
                ops.push(SessionOp::Delete);
            }
            sent.push(Sent::Apply(Op::Barrier { handle, ops }));
        }
        if self.chance.percent(60) {
            let mut ops = self.run_ops();
            match self.chance.below(10) {
                0..3 => ops.push(SessionOp::Delete),
                3..5 => ops.push(SessionOp::Store { timeout_s: self.chance.percent(50).then_some(1) }),
                // After the end of a session comes nothing.
                5 => ops.extend([SessionOp::Delete, SessionOp::Append("too late".into())]),
                _ => {}
            }
            let report = Report::bare(self.outcome());
            sent.push(Sent::Apply(Op::Finish { handle, ops, report }));
        }
    }

    fn run_ops(&mut self) -> Vec<SessionOp> {
        let count = self.chance.below(3);
        (0..count)
            .map(|_| {
                let record = self.record();
                if self.chance.percent(80) { SessionOp::Append(record) } else { SessionOp::Replace(record) }
            })
            .collect()
    }

    fn outcome(&mut self) -> Outcome {
        match self.chance.below(10) {
            0..4 => Outcome::Returned,
            4..6 => Outcome::Retry("later".into()),
            6 => Outcome::Permanent("never".into()),
            7 => Outcome::Trapped("unreachable".into()),
            8 => Outcome::TimedOut,
            _ => Outcome::OutOfFuel,
        }
    }

    /// What the answers of a step told.
    pub fn learn(&mut self, sent: &[Sent], answers: &[Option<Answer>], claims: Vec<Claimed>) {
        for (sent, answer) in sent.iter().zip(answers) {
            match (sent, answer) {
                (Sent::Apply(Op::New { .. }), Some(Answer::Reply(Ok(Reply::Opened(opened))))) => {
                    self.meet(opened.handle)
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

    fn meet(&mut self, handle: Handle) {
        if self.clients.iter().any(|client| client.handle == handle) {
            return;
        }
        if self.clients.len() == CLIENTS_MAX {
            let at = self.chance.index(CLIENTS_MAX);
            self.clients.swap_remove(at);
        }
        self.clients.push(Client { handle, number: 0, last: None });
    }

    /// The runs died with their host; their handles may still turn up.
    pub fn host_died(&mut self) {
        self.stale.extend(self.runs.drain(..).map(|run| run.handle));
    }

    /// Every run finishes what it holds for good.
    pub fn finish_all(&mut self) -> Vec<Sent> {
        let finish = |run: &Claimed| Op::Finish {
            handle: run.handle,
            ops: vec![SessionOp::Delete],
            report: Report::bare(Outcome::Returned),
        };
        self.runs.iter().map(|run| Sent::Apply(finish(run))).collect()
    }
}

fn client_op(handle: Handle, number: u64, op: SessionOp) -> Op {
    Op::Client { handle, number, fingerprint: op.fingerprint(), op }
}
