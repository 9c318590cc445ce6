//! What clients ask.

use bytes::Bytes;
use mpy6a_sessions::{Access, Caller, Handle, Index, Key, New, RequestName, SessionOp, op::Op};

use super::{Client, People};
use crate::model::{Model, Sent};

/// Most clients that are remembered: enough that their sessions meet in a batch, few enough that each is met again.
const CLIENTS_MAX: usize = 24;

impl People {
    pub(super) fn client_message(&mut self, model: &Model) -> Sent {
        let lean = &self.lean;
        let (wrong, turn, admin) = (lean.wrong, lean.turn, lean.admin);
        let weights =
            [lean.new, lean.append, lean.replace, lean.store, lean.delete, lean.renew, wrong, 3, 2, turn, admin];
        let mut draw = self.chance.below(weights.iter().sum());
        let choice = weights.iter().position(|weight| {
            let here = draw < *weight;
            draw = draw.saturating_sub(*weight);
            here
        });
        if choice == Some(9) {
            return self.stream_message();
        }
        if choice == Some(10) {
            return self.admin_message(model);
        }
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

    pub(super) fn record(&mut self) -> Bytes {
        let len = self.chance.below(self.lean.record_max + 1);
        self.chance.bytes(usize::try_from(len).unwrap()).into()
    }

    /// `New`: fresh, or one that was sent before.
    fn wish(&mut self) -> Op {
        let key = Key(self.chance.bits());
        if self.chance.percent(40) {
            let (new, caller) = self.named_wish();
            return Op::New { new, key, caller };
        }
        Op::New { new: self.new_wish(), key, caller: self.access() }
    }

    /// A caller without a name, of one of two accesses.
    fn access(&mut self) -> Caller {
        Caller { access: Access(u32::from(self.chance.percent(30))), client: None }
    }

    pub(super) fn new_wish(&mut self) -> New {
        if !self.wishes.is_empty() && self.chance.percent(20) {
            let mut new = self.chance.pick(&self.wishes).clone();
            if self.chance.percent(10) {
                new.record = Some("something else".into());
            }
            return new;
        }
        self.requests += 1;
        let request_id = self.chance.percent(60).then(|| format!("wish {}", self.requests));
        let request = request_id.map(|id| RequestName::of_id(None, &id).unwrap());
        let new = self.fresh_wish(request);
        if new.request.is_some() {
            self.wishes.push(new.clone());
        }
        new
    }

    /// A `New` that was never sent, under this name.
    pub(super) fn fresh_wish(&mut self, request: Option<RequestName>) -> New {
        let mut kind = u32::try_from(self.chance.between(1, 4)).unwrap();
        if self.chance.percent(80) {
            let named: Vec<_> = self.kinds.0.keys().copied().collect();
            kind = if named.is_empty() { kind } else { *self.chance.pick(&named) };
        }
        let record = self.chance.percent(60).then(|| self.record());
        let traceparent = self.chance.percent(20).then(|| format!("00-{0:032x}-{0:016x}-01", self.requests + 1));
        New { kind, record, request, traceparent }
    }

    /// The client's next operation; one in eight has no number.
    fn ask(&mut self, at: usize, op: SessionOp) -> Sent {
        let unnumbered = self.chance.percent(12);
        let step = self.chance.between(1, 3);
        let Client { handle, named, .. } = self.clients[at];
        if unnumbered {
            let caller = named.map_or(Caller::default(), |named| self.named[named].caller());
            return Sent::Apply(client_op(handle, 0, op, caller));
        }
        let (number, caller) = match named {
            Some(named) => self.named[named].next(),
            None => (self.clients[at].number + step, Caller::default()),
        };
        let client = &mut self.clients[at];
        client.number = number;
        client.last = Some(op.clone());
        Sent::Apply(client_op(handle, number, op, caller))
    }

    /// The last operation once more: its answer may have been lost.
    fn again(&mut self, at: usize) -> Sent {
        let Client { handle, number, last, named } = &self.clients[at];
        let op = last.clone().unwrap_or(SessionOp::Delete);
        let caller = named.map_or(Caller::default(), |named| self.named[named].caller());
        Sent::Apply(client_op(*handle, *number, op, caller))
    }

    /// Something that must be refused, or nearly.
    fn wrong(&mut self, at: usize) -> Sent {
        let record = self.record();
        let Client { handle, number, .. } = self.clients[at];
        let op = SessionOp::Append(record);
        let client_op = |handle, number, op| client_op(handle, number, op, Caller::default());
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

    pub(super) fn meet(&mut self, handle: Handle, caller: &Caller) {
        if self.clients.iter().any(|client| client.handle == handle) {
            return;
        }
        if self.clients.len() == CLIENTS_MAX {
            let at = self.chance.index(CLIENTS_MAX);
            self.clients.swap_remove(at);
        }
        let named = caller.client.and_then(|client| self.named.iter().position(|named| named.is(client.id)));
        self.clients.push(Client { handle, number: 0, last: None, named });
    }
}

fn client_op(handle: Handle, number: u64, op: SessionOp, caller: Caller) -> Op {
    Op::Client { handle, number, fingerprint: op.fingerprint(), op, caller }
}
