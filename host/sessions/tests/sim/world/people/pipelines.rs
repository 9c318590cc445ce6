//! What clients ask over streams: turns of some operations each, and streams that break.

use mpy6a_sessions::{
    Caller, Handle, Key, SessionOp,
    pipeline::{Ask, Named, Wish},
};

use super::People;
use crate::model::Sent;

/// Most streams that are open at once.
const STREAMS_MAX: usize = 3;
/// Most operations of a turn.
const ASKS_MAX: u64 = 6;
/// Local numbers are drawn from so many, so that they are used again, also when they may not be.
const LOCALS: u64 = 8;

/// A stream that is open.
pub struct Stream {
    number: u64,
    /// How many operations were asked on it.
    tags: u64,
    /// The named client that it belongs to.
    named: Option<usize>,
}

impl People {
    /// A turn on some stream, or a stream's end.
    pub(super) fn stream_message(&mut self) -> Sent {
        if self.pipelines.is_empty() || (self.pipelines.len() < STREAMS_MAX && self.chance.percent(10)) {
            self.pipelines_ever += 1;
            let count = self.named.len();
            let named = (count > 0 && self.chance.percent(50)).then(|| self.chance.index(count));
            self.pipelines.push(Stream { number: self.pipelines_ever, tags: 0, named });
        }
        let at = self.chance.index(self.pipelines.len());
        if self.chance.percent(8) {
            return Sent::Broke(self.pipelines.swap_remove(at).number);
        }
        let count = self.chance.between(1, ASKS_MAX);
        let asks = (0..count).map(|_| self.ask_on(at)).collect();
        let Stream { number, named, .. } = self.pipelines[at];
        Sent::Turn(number, named.map_or(Caller::default(), |named| self.named[named].caller()), asks)
    }

    fn ask_on(&mut self, at: usize) -> Ask {
        self.pipelines[at].tags += 1;
        let tag = self.pipelines[at].tags;
        Ask { tag, what: self.stream_wish(self.pipelines[at].named) }
    }

    fn stream_wish(&mut self, client: Option<usize>) -> Wish {
        let (session, number) = self.named();
        match self.chance.below(10) {
            0..3 => Wish::New {
                local: self.chance.below(LOCALS),
                new: match client {
                    Some(at) => self.wish_of(at),
                    None => self.new_wish(),
                },
                outlives: self.chance.percent(30),
                key: Key(self.chance.bits()),
            },
            3 => Wish::Renew(session),
            4 => Wish::operate(session, number, SessionOp::Delete),
            5 => Wish::operate(session, number, SessionOp::Store { timeout_s: None }),
            6 => Wish::operate(session, number, SessionOp::Replace(self.record())),
            _ => Wish::operate(session, number, SessionOp::Append(self.record())),
        }
    }

    /// A session: by its number on the stream, or as a client knows it who came by another way; and the operation's number.
    fn named(&mut self) -> (Named, u64) {
        if self.clients.is_empty() || self.chance.percent(70) {
            let number = if self.chance.percent(70) { 0 } else { self.chance.between(1, 40) };
            return (Named::Local(self.chance.below(LOCALS)), number);
        }
        let at = self.chance.index(self.clients.len());
        let Handle { id, key } = self.clients[at].handle;
        let key = if self.chance.percent(5) { Key(key.0 ^ 1) } else { key };
        self.clients[at].number += 1;
        (Named::Handle(Handle { id, key }), self.clients[at].number)
    }
}
