//! Clients that named themselves: they number what they ask, settle what was answered, and retry what was not, however late.

use std::collections::BTreeMap;

use mpy6a_sessions::{Access, Caller, ClientId, NamedClient, New, RequestName, op::Op, pipeline::Wish};

use super::People;
use crate::model::{Answer, Sent};

/// Most named clients.
const NAMED_MAX: usize = 3;
/// After so many requests without an answer the oldest is given up.
const UNANSWERED_MAX: usize = 12;

/// A client that named itself.
pub struct Named {
    id: ClientId,
    access: Access,
    last: u64,
    /// Requests without an answer; with what was asked, where it was a `New`.
    unanswered: BTreeMap<u64, Option<New>>,
}

impl Named {
    /// Whether this is its name.
    pub fn is(&self, id: ClientId) -> bool {
        self.id == id
    }

    /// The number of its next request, and what it says with it.
    pub fn next(&mut self) -> (u64, Caller) {
        self.last += 1;
        self.unanswered.insert(self.last, None);
        if self.unanswered.len() > UNANSWERED_MAX {
            self.unanswered.pop_first();
        }
        (self.last, self.caller())
    }

    /// What it says of itself now.
    pub fn caller(&self) -> Caller {
        let settled_below = self.unanswered.first_key_value().map_or(self.last + 1, |(number, _)| *number);
        Caller { access: self.access, client: Some(NamedClient { id: self.id, settled_below }) }
    }

    /// One of its `New`s without an answer.
    fn lost(&self, draw: usize) -> Option<&New> {
        let news: Vec<_> = self.unanswered.values().flatten().collect();
        news.get(draw % news.len().max(1)).copied()
    }
}

impl People {
    /// A `New` of some named client.
    pub(super) fn named_wish(&mut self) -> (New, Caller) {
        if self.named.is_empty() || (self.named.len() < NAMED_MAX && self.chance.percent(10)) {
            let id = ClientId([u8::try_from(self.named.len()).unwrap() + 1; 16]);
            let access = Access(u32::from(self.chance.percent(50)));
            self.named.push(Named { id, access, last: 0, unanswered: BTreeMap::new() });
        }
        let at = self.chance.index(self.named.len());
        let new = self.wish_of(at);
        (new, self.named[at].caller())
    }

    /// A `New` of this client: one without an answer once more, one that it has settled, or a fresh one.
    pub(super) fn wish_of(&mut self, at: usize) -> New {
        let draw = self.chance.index(UNANSWERED_MAX);
        let (late, settled) = (self.chance.percent(30), self.chance.percent(5));
        let named = &mut self.named[at];
        if late && let Some(new) = named.lost(draw) {
            return new.clone();
        }
        let name = |number| Some(RequestName { caller: named.id, number });
        let settled_below = named.caller().client.map_or(0, |client| client.settled_below);
        if settled && settled_below > 1 {
            let name = name(settled_below - 1);
            return self.fresh_wish(name);
        }
        let (number, _) = named.next();
        let name = Some(RequestName { caller: named.id, number });
        let new = self.fresh_wish(name);
        self.named[at].unanswered.insert(number, Some(new.clone()));
        new
    }

    /// Take the answers to what named clients asked.
    pub(super) fn settle(&mut self, sent: &Sent, answer: Option<&Answer>) {
        let (caller, numbers) = match (sent, answer) {
            (Sent::Apply(op @ (Op::New { caller, .. } | Op::Client { caller, .. })), Some(Answer::Reply(_))) => {
                let number = match op {
                    Op::New { new, .. } => new.request.map_or(0, |name| name.number),
                    Op::Client { number, .. } => *number,
                    _ => 0,
                };
                (caller, vec![number])
            }
            (Sent::Turn(_, caller, asks), Some(Answer::Turn(_))) => {
                let number = |wish: &Wish| match wish {
                    Wish::New { new, .. } => new.request.map_or(0, |name| name.number),
                    _ => 0,
                };
                (caller, asks.iter().map(|ask| number(&ask.what)).collect())
            }
            _ => return,
        };
        let Some(client) = caller.client else { return };
        if let Some(named) = self.named.iter_mut().find(|named| named.is(client.id)) {
            numbers.iter().for_each(|number| drop(named.unanswered.remove(number)));
        }
    }
}
