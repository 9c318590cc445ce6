//! A client at full speed that remembers what it was promised, to hold the host to it after it died.
//!
//! It has one operation in flight at a time, so after a crash exactly one outcome is unknown: that operation was
//! applied whole or not at all. Everything else must be there to the last record, and what was deleted must stay away.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use mpy6a_proto::v1::{Handle, Index, NewRequest};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use uuid::Uuid;

use super::{Refused, Wire, shown};

/// How many sessions one worker keeps open at most: each is looked at after every crash.
const OPEN_MAX: usize = 20;

/// How many deleted sessions it remembers: the last ones, which a crash could bring back.
const DELETED_MAX: usize = 100;

/// A client with several sessions.
pub struct Worker {
    name: usize,
    kind: u32,
    chance: StdRng,
    open: Vec<Open>,
    deleted: Vec<Index>,
    pending: Option<Pending>,
    /// How many operations were acknowledged, to be read while it works.
    pub acknowledged: Arc<AtomicU64>,
}

/// A session, as it must be.
struct Open {
    handle: Handle,
    /// The number of the last operation.
    number: u64,
    records: Vec<String>,
}

/// The operation without an answer.
#[derive(Clone, Debug)]
enum Pending {
    New { request_id: String, record: String },
    Append { at: usize, record: String },
    Replace { at: usize, record: String },
    Delete { at: usize },
}

impl Worker {
    pub fn new(name: usize, kind: u32) -> Self {
        let chance = StdRng::seed_from_u64(name as u64);
        Self { name, kind, chance, open: Vec::new(), deleted: Vec::new(), pending: None, acknowledged: Arc::default() }
    }

    /// Operate until the host refuses or is gone; that last operation stays pending.
    pub async fn run(&mut self, wire: &Wire) -> Refused {
        loop {
            let pending = self.pending.clone().unwrap_or_else(|| self.choose());
            self.pending = Some(pending.clone());
            if let Err(refused) = self.send(wire, pending).await {
                return refused;
            }
            self.pending = None;
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Repeat the pending operation: from then on nothing is unknown.
    pub async fn resume(&mut self, wire: &Wire) {
        if let Some(pending) = self.pending.take() {
            self.send(wire, pending).await.unwrap();
        }
    }

    /// Hold the host to what it acknowledged. Answers how many sessions it has from this worker, as far as that is
    /// known.
    pub async fn check(&self, wire: &Wire) -> usize {
        for (at, open) in self.open.iter().enumerate() {
            let id = open.handle.id.unwrap();
            let found = wire.records(id).await;
            let allowed = self.allowed(at, open);
            assert!(
                allowed.contains(&found),
                "worker {}, session {}: found {found:?}, acknowledged {:?}, pending {:?}",
                self.name,
                shown(id),
                open.records,
                self.pending,
            );
        }
        for id in &self.deleted {
            assert!(wire.look(*id).await.is_none(), "session {} was deleted, and is back", shown(*id));
        }
        self.open.len()
    }

    /// What a session's records may be; none: it may be gone.
    fn allowed(&self, this: usize, open: &Open) -> Vec<Option<Vec<String>>> {
        let mut allowed = vec![Some(open.records.clone())];
        match &self.pending {
            Some(Pending::Append { at, record }) if *at == this => {
                allowed.push(Some([open.records.as_slice(), std::slice::from_ref(record)].concat()));
            }
            Some(Pending::Replace { at, record }) if *at == this => allowed.push(Some(vec![record.clone()])),
            Some(Pending::Delete { at }) if *at == this => allowed.push(None),
            _ => {}
        }
        allowed
    }

    fn choose(&mut self) -> Pending {
        let record = format!("{}/{}", self.name, self.acknowledged.load(Ordering::Relaxed));
        if self.open.is_empty() || self.open.len() < OPEN_MAX && self.chance.random_ratio(3, 10) {
            return Pending::New { request_id: Uuid::new_v4().to_string(), record };
        }
        let at = self.chance.random_range(0..self.open.len());
        match self.chance.random_range(0..10) {
            0..3 => Pending::Delete { at },
            3 => Pending::Replace { at, record },
            _ => Pending::Append { at, record },
        }
    }

    async fn send(&mut self, wire: &Wire, pending: Pending) -> Result<(), Refused> {
        match pending {
            Pending::New { request_id, record } => {
                let first = Some(record.clone().into());
                let request = NewRequest { kind: self.kind, record: first, request_id, ..NewRequest::default() };
                let handle = wire.new_session(request).await?.handle.unwrap();
                self.open.push(Open { handle, number: 0, records: vec![record] });
            }
            Pending::Append { at, record } => {
                let open = &mut self.open[at];
                wire.append(open.handle, open.number + 1, &record).await?;
                open.number += 1;
                open.records.push(record);
            }
            Pending::Replace { at, record } => {
                let open = &mut self.open[at];
                wire.replace(open.handle, open.number + 1, &record).await?;
                open.number += 1;
                open.records = vec![record];
            }
            Pending::Delete { at } => {
                let open = &self.open[at];
                wire.delete(open.handle, open.number + 1).await?;
                self.deleted.push(self.open.swap_remove(at).handle.id.unwrap());
                let excess = self.deleted.len().saturating_sub(DELETED_MAX);
                self.deleted.drain(..excess);
            }
        }
        Ok(())
    }
}
