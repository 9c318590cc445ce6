//! One batch: operations applied one after another over the store as it is, collected into one change set.
//!
//! A later operation sees what an earlier one of the same batch did, though nothing of it is durable yet. That is safe
//! because nothing is answered before the commit, and a commit that fails ends the writer.

use std::collections::HashMap;

use super::tombstones::Tombstones;
use crate::{
    caller::{Caller, RequestName},
    error::Refusal,
    ids::{IdMap, Index},
    limits::Limits,
    op::{New, Op, Stamp},
    policy::{KindPolicy, Kinds},
    rules::{Change, Decision, Opened, Reply, answer_gone, decide},
    session::Session,
    store::{SessionChange, Store, StoreError, Tombstone},
};

/// What an operation came to: the store may fail, the rules may refuse.
pub type Outcome = Result<Result<Reply, Refusal>, StoreError>;

/// Operations that will be committed together.
pub struct Batch<'a, S> {
    pub store: &'a S,
    pub limits: &'a Limits,
    pub kinds: &'a Kinds,
    pub tombstones: &'a mut Tombstones,
    /// The index of the last applied operation.
    pub last: Index,
    /// The time of the whole batch, Unix milliseconds.
    pub now_ms: u64,
    changes: Vec<SessionChange>,
    by_id: IdMap<usize>,
    /// The sessions that this batch opened, by the name of their `New`.
    by_request: HashMap<RequestName, Index>,
}

impl<'a, S: Store> Batch<'a, S> {
    /// An empty batch over the store.
    pub fn new(
        store: &'a S,
        (limits, kinds): (&'a Limits, &'a Kinds),
        tombstones: &'a mut Tombstones,
        last: Index,
        now_ms: u64,
    ) -> Self {
        Self {
            store,
            limits,
            kinds,
            tombstones,
            last,
            now_ms,
            changes: Vec::new(),
            by_id: IdMap::default(),
            by_request: HashMap::new(),
        }
    }

    /// Apply one operation. `entropy`: chance, for its jitter.
    pub fn apply(&mut self, op: &Op, entropy: u64) -> Outcome {
        let (session, policy) = match op {
            Op::New { new, caller, .. } => match self.before_new(new, caller)? {
                Ok(Ok(policy)) => (None, policy),
                Ok(Err(first_answer)) => return Ok(Ok(first_answer)),
                Err(refusal) => return Ok(Err(refusal)),
            },
            op => {
                let Some(session) = self.session(subject(op))? else { return Ok(self.gone(op)) };
                let policy = self.kinds.get_or_orphan(session.kind);
                (Some(session), policy)
            }
        };
        let index = Index { index: self.last.index + 1, ..self.last };
        let stamp = Stamp { index, now_ms: self.now_ms, entropy, policy };
        match decide(self.limits, session.as_ref(), op, &stamp) {
            Ok(Decision::Answer(reply)) => Ok(Ok(reply)),
            Ok(Decision::Change(mut change)) => {
                self.last = index;
                change.session.origin.handed_on |= is_by_another(op, &change.session);
                self.remember(op, &change);
                Ok(Ok(self.collect(session, *change)))
            }
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// A session, as this batch leaves it so far.
    pub fn session(&self, id: Index) -> Result<Option<Session>, StoreError> {
        match self.by_id.get(&id) {
            Some(&at) => Ok(self.changes[at].after.clone()),
            None => self.store.session(id),
        }
    }

    /// Whether this batch changed the session.
    pub fn touches(&self, id: Index) -> bool {
        self.by_id.contains_key(&id)
    }

    /// Everything that changed. A session that came and went within the batch is left out: nobody need ever write it.
    pub fn into_changes(self) -> (Index, Vec<SessionChange>) {
        let mut changes = self.changes;
        changes.retain(|change| change.before.is_some() || change.after.is_some());
        (self.last, changes)
    }

    /// The policy for a new session, or the first answer to a `New` that is repeated.
    fn before_new(&self, new: &New, caller: &Caller) -> Result<Result<Result<KindPolicy, Reply>, Refusal>, StoreError> {
        let Some(policy) = self.kinds.get(new.kind).copied() else { return Ok(Err(Refusal::KindUnknown(new.kind))) };
        let Some(name) = &new.request else { return Ok(Ok(Ok(policy))) };
        if let Some(client) = caller.client.filter(|_| name.is_numbered())
            && let Err(refusal) = self.tombstones.check_unsettled(client.id, name.number)
        {
            return Ok(Err(refusal));
        }
        let first = match self.opened_by(name)? {
            Some(session) => session.origin.request.map(|by| (by.fingerprint, Opened::of(session.id, &session.client))),
            None => self.tombstones.opened_by(name),
        };
        if let (None, Some(client)) = (first, caller.client.filter(|_| name.is_numbered()))
            && let Err(refusal) = self.tombstones.check_fresh(client.id, name.number)
        {
            return Ok(Err(refusal));
        }
        Ok(match first {
            None => Ok(Ok(policy)),
            Some((fingerprint, opened)) if fingerprint == new.fingerprint() => Ok(Err(Reply::Opened(opened))),
            Some(_) => Err(Refusal::RequestIdReused),
        })
    }

    /// The session that the `New` of this name opened, if it is there.
    fn opened_by(&self, name: &RequestName) -> Result<Option<Session>, StoreError> {
        let id = match self.by_request.get(name) {
            Some(id) => Some(*id),
            None => self.store.opened_by(name)?,
        };
        let session = id.map_or(Ok(None), |id| self.session(id))?;
        Ok(session.filter(|session| session.origin.request.is_some_and(|by| by.name == *name)))
    }

    /// What an operation comes to whose session is not there.
    fn gone(&self, op: &Op) -> Result<Reply, Refusal> {
        let not_found = || Refusal::SessionNotFound(subject(op));
        match op {
            Op::Client { handle, number, fingerprint, .. } => {
                let client = self.tombstones.client(handle.id).ok_or_else(not_found)?;
                answer_gone(handle.id, client, handle.key, *number, *fingerprint).map(Reply::Applied)
            }
            Op::Resume(handle) => {
                let client = self.tombstones.client(handle.id).ok_or_else(not_found)?;
                answer_gone(handle.id, client, handle.key, 0, 0).map(|_| Reply::Done)
            }
            Op::LeaseEnded(_) | Op::Claim { .. } | Op::HostDied(_) => Ok(Reply::Moot),
            Op::New { .. } | Op::Barrier { .. } | Op::Finish { .. } | Op::Admin(_) => Err(not_found()),
        }
    }

    /// Keep what retries are answered from in step with a change.
    fn remember(&mut self, op: &Op, change: &Change) {
        let session = &change.session;
        if change.gone {
            self.tombstones.remember(Tombstone {
                id: session.id,
                gone: self.last,
                gone_ms: self.now_ms,
                client: session.client.clone(),
                origin: session.origin,
                unsettled: unsettled(session),
            });
        } else if let (Op::New { .. }, Some(by)) = (op, session.origin.request) {
            self.by_request.insert(by.name, session.id);
        }
    }

    /// Add a change to what the batch did to this session before.
    fn collect(&mut self, before: Option<Session>, change: Change) -> Reply {
        let id = change.session.id;
        let at = *self.by_id.entry(id).or_insert_with(|| {
            self.changes.push(SessionChange {
                id,
                before,
                after: None,
                records: crate::rules::RecordsChange::default(),
                attempts: Vec::new(),
            });
            self.changes.len() - 1
        });
        let collected = &mut self.changes[at];
        collected.after = (!change.gone).then_some(change.session);
        collected.records.then(change.records);
        collected.attempts.extend(change.attempt);
        change.reply
    }
}

/// The last request about a session that its named client may repeat once it is gone. None where that client cannot tell
/// when it will not: it has no name, or somebody else, with numbers of its own, worked on the session.
fn unsettled(session: &Session) -> Option<u64> {
    let opened_by = session.origin.request.filter(|by| by.name.is_numbered() && !session.origin.handed_on)?.name;
    Some(session.client.last.map_or(opened_by.number, |last| last.number.max(opened_by.number)))
}

/// Whether a session that a named client opened is worked on by another.
fn is_by_another(op: &Op, session: &Session) -> bool {
    let (Op::Client { caller, .. }, Some(by)) = (op, session.origin.request) else { return false };
    by.name.is_numbered() && caller.client.map(|it| it.id) != Some(by.name.caller)
}

/// The session that an operation is about; the default index for `New`, which has none yet.
fn subject(op: &Op) -> Index {
    match op {
        Op::New { .. } => Index::default(),
        Op::Client { handle, .. } | Op::Resume(handle) | Op::Barrier { handle, .. } | Op::Finish { handle, .. } => {
            handle.id
        }
        Op::Admin(request) => request.id,
        Op::LeaseEnded(id) | Op::Claim { id, .. } | Op::HostDied(id) => *id,
    }
}
