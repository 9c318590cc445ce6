//! What people ask who look after the host.

use mpy6a_sessions::{AdminOp, AdminRequest, Due, Index, Line, Part, op::Op};

use super::People;
use crate::model::{Model, Sent};

impl People {
    pub(super) fn admin_message(&mut self, model: &Model) -> Sent {
        match self.chance.below(10) {
            0 => Sent::SetPaused(self.some_kind(), self.chance.percent(40)),
            1 => Sent::Pauses,
            2..4 => Sent::List(self.part(model)),
            _ => Sent::Apply(Op::Admin(self.admin_request(model))),
        }
    }

    fn admin_request(&mut self, model: &Model) -> AdminRequest {
        let known = model.known();
        let id = if known.is_empty() { Index::default() } else { *self.chance.pick(&known) };
        let op = *self.chance.pick(&[AdminOp::Repeat, AdminOp::Park, AdminOp::Redrive, AdminOp::Delete]);
        let seen = model.sessions.get(&id).map_or(id, |kept| kept.session.change_id);
        AdminRequest {
            id,
            op,
            unchanged_since: self.chance.percent(30).then_some(seen),
            force: self.chance.percent(30),
        }
    }

    /// A part, from its beginning or from somewhere in it.
    fn part(&mut self, model: &Model) -> Part {
        let known = model.known();
        let somewhere = (!known.is_empty() && self.chance.percent(50)).then(|| *self.chance.pick(&known));
        let kind = self.some_kind();
        let place = somewhere.map(|id| Due { at_ms: model.written_ms, stored: id });
        match self.chance.below(3) {
            0 => Part::Held(somewhere),
            1 => Part::Waiting(kind, Line::Stored, place),
            _ => Part::Waiting(kind, Line::Parked, place),
        }
    }

    fn some_kind(&mut self) -> u32 {
        u32::try_from(self.chance.between(1, 4)).unwrap()
    }
}
