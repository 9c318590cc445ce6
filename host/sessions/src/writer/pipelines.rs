//! The pipelines' sessions: what each local number stands for, and what is left behind when a pipeline breaks.
//!
//! A local number is taken by `New` and free again when the session is finished. A session that the host took from its
//! client keeps its number for a while, so that the client is told so.
//!
//! When a pipeline breaks, the sessions opened on it are left behind whose last sign of life came by it. One whose client has
//! been heard of since by another way (a unary call, another pipeline) is not: its client is there. That matters when a host
//! learns of a broken connection long after the client has come back by a new one.

use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::{
    error::Refusal,
    ids::{Handle, IdMap, Index},
    limits::{PIPELINE_LOST_MAX, PIPELINE_SESSIONS_MAX},
    session::Standing,
    store::SessionChange,
};

/// Every pipeline that has opened a session.
#[derive(Default)]
pub struct Pipelines {
    pipelines: HashMap<u64, Locals>,
    /// Where each session was opened: the pipeline and its local number.
    opened: IdMap<(u64, u64)>,
    /// Sessions left behind, to be stored.
    left: BTreeSet<Index>,
}

/// What the local numbers of one pipeline stand for.
#[derive(Default)]
struct Locals {
    sessions: HashMap<u64, Local>,
    /// The numbers of lost sessions, oldest first.
    lost: VecDeque<u64>,
}

struct Local {
    handle: Handle,
    /// How its client stands.
    standing: Here,
    /// The pipeline's end says nothing about it.
    outlives: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Here {
    /// It was last heard of by this pipeline.
    Heard,
    /// It was last heard of by another way.
    Elsewhere,
    /// The host took the session from it.
    Lost,
}

impl Pipelines {
    /// Whether a session may be opened under this number.
    pub fn may_open(&self, pipeline: u64, local: u64) -> Result<(), Refusal> {
        let Some(locals) = self.pipelines.get(&pipeline) else { return Ok(()) };
        match locals.sessions.get(&local) {
            Some(taken) if taken.standing != Here::Lost => Err(Refusal::LocalInUse(local)),
            None if locals.sessions.len() >= PIPELINE_SESSIONS_MAX => {
                Err(Refusal::StreamFull { max: PIPELINE_SESSIONS_MAX })
            }
            _ => Ok(()),
        }
    }

    /// A session was opened under this number, or a retried `New` found it again.
    pub fn opened(&mut self, pipeline: u64, local: u64, handle: Handle, outlives: bool) {
        self.left.remove(&handle.id);
        self.closed(handle.id);
        let locals = self.pipelines.entry(pipeline).or_default();
        if let Some(lost) = locals.sessions.insert(local, Local { handle, standing: Here::Heard, outlives }) {
            self.opened.remove(&lost.handle.id);
        }
        self.opened.insert(handle.id, (pipeline, local));
    }

    /// The session that a number stands for.
    pub fn handle(&self, pipeline: u64, local: u64) -> Result<Handle, Refusal> {
        let named = self.pipelines.get(&pipeline).and_then(|locals| locals.sessions.get(&local));
        named.map(|local| local.handle).ok_or(Refusal::LocalNotOpen(local))
    }

    /// The client of a session was heard of: by this pipeline, or by no pipeline at all.
    pub fn heard(&mut self, id: Index, by: Option<u64>) {
        self.left.remove(&id);
        if let Some((pipeline, local)) = self.local(id)
            && local.standing != Here::Lost
        {
            local.standing = if by == Some(pipeline) { Here::Heard } else { Here::Elsewhere };
        }
    }

    /// A session is over for its client: its number is free.
    pub fn closed(&mut self, id: Index) {
        let Some((pipeline, local)) = self.opened.remove(&id) else { return };
        if let Some(locals) = self.pipelines.get_mut(&pipeline) {
            locals.sessions.remove(&local);
        }
    }

    /// Keep in step with a committed change: a run may have claimed the session. Of what its client does to it this learns
    /// by [`Pipelines::heard`] and [`Pipelines::closed`], in the order in which it is done: after a `Delete`, a retried
    /// `New` may have given the session a number again, and its client is to be told that the session is finished.
    pub fn follow(&mut self, change: &SessionChange) {
        if change.after.as_ref().is_some_and(|session| session.client.standing == Standing::Lost) {
            self.lost(change.id);
        }
    }

    /// A pipeline broke.
    pub fn broke(&mut self, pipeline: u64) {
        let Some(locals) = self.pipelines.remove(&pipeline) else { return };
        for local in locals.sessions.into_values() {
            self.opened.remove(&local.handle.id);
            if local.standing == Here::Heard && !local.outlives {
                self.left.insert(local.handle.id);
            }
        }
    }

    /// Take sessions that were left behind, oldest first, at most so many.
    pub fn take_left(&mut self, count_max: usize) -> Vec<Index> {
        std::iter::from_fn(|| self.left.pop_first()).take(count_max).collect()
    }

    /// Whether there are some.
    pub fn has_left(&self) -> bool {
        !self.left.is_empty()
    }

    /// A session was taken from its client. [`Pipelines::follow`] sees that, unless the session is gone as well.
    pub fn lost(&mut self, id: Index) {
        let Some((pipeline, number)) = self.opened.get(&id).copied() else { return };
        let Some(locals) = self.pipelines.get_mut(&pipeline) else { return };
        match locals.sessions.get_mut(&number) {
            Some(local) if local.standing != Here::Lost => local.standing = Here::Lost,
            _ => return,
        }
        locals.lost.push_back(number);
        if locals.lost.len() > PIPELINE_LOST_MAX {
            locals.forget_oldest(&mut self.opened);
        }
    }

    fn local(&mut self, id: Index) -> Option<(u64, &mut Local)> {
        let (pipeline, local) = *self.opened.get(&id)?;
        Some((pipeline, self.pipelines.get_mut(&pipeline)?.sessions.get_mut(&local)?))
    }
}

impl Locals {
    fn forget_oldest(&mut self, opened: &mut IdMap<(u64, u64)>) {
        let Some(number) = self.lost.pop_front() else { return };
        // Another session may have the number by now.
        if self.sessions.get(&number).is_some_and(|local| local.standing == Here::Lost)
            && let Some(local) = self.sessions.remove(&number)
        {
            opened.remove(&local.handle.id);
        }
    }
}
