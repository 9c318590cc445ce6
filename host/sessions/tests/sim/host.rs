//! One life of the host: the real writer over the real store over the simulated disk, without its thread.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use mpy6a_sessions::{
    Claimed, Claims, Environment, Index, Kinds, Limits,
    clock::Clock,
    store::redb::RedbStore,
    writer::{Message, Writer},
};
use rand::{SeedableRng as _, rngs::StdRng};
use tokio::sync::mpsc;

use crate::{
    clock::Clocks,
    disk::{Backend, Disk},
    sabotage::Sabotage,
    watched::Watched,
};

/// The store under test.
pub type Engine = RedbStore;

/// The name of redb's file.
const STORE: &str = "store.redb";

/// A writer and what it was given.
pub struct Host {
    pub store: Watched<Engine>,
    writer: Writer<Watched<Engine>>,
    claims: Claims,
}

/// What a life begins with.
pub struct Birth<'a> {
    pub disk: &'a Arc<Disk>,
    pub clocks: &'a Arc<Clocks>,
    pub limits: Limits,
    pub kinds: Kinds,
    /// For keys and jitter.
    pub seed: u64,
    pub cache_bytes: usize,
    pub sabotage: Sabotage,
    /// What the witness is to look at.
    pub known: Vec<Index>,
    pub known_kinds: Vec<u32>,
}

/// How a birth went: what the store was seen to hold and to commit, also where it failed in the end.
pub struct Born {
    pub host: Result<Host, String>,
    pub store: Option<Watched<Engine>>,
}

/// Open the store: the one place that knows what it is made of.
fn open(disk: &Arc<Disk>, life: u64, cache_bytes: usize) -> Result<Engine, String> {
    RedbStore::over(Backend::new(Arc::clone(disk), life, STORE), cache_bytes)
}

impl Host {
    /// Start a process: open the store, take it over.
    pub fn start(birth: Birth<'_>) -> Born {
        let life = birth.disk.start();
        let store = match guarded(|| open(birth.disk, life, birth.cache_bytes)) {
            Ok(store) => Watched::new(store, birth.sabotage, birth.known, birth.known_kinds),
            Err(error) => return Born { host: Err(format!("opening: {error}")), store: None },
        };
        let clock = Arc::clone(birth.clocks) as Arc<dyn Clock>;
        let environment = Environment { clock, chance: StdRng::seed_from_u64(birth.seed) };
        let (claims_to, claims) = mpsc::unbounded_channel();
        let watched = store.clone();
        let writer = guarded(|| {
            let writer = Writer::new(watched, birth.limits, birth.kinds, environment, claims_to);
            writer.map_err(|error| error.to_string())
        });
        let host = match writer {
            Ok(writer) => Ok(Self { store: store.clone(), writer, claims }),
            Err(error) => Err(format!("taking over: {error}")),
        };
        Born { host, store: Some(store) }
    }

    /// One step of the writer: how long it would sleep then.
    pub fn step(&mut self, messages: Vec<Message>) -> Result<Option<Duration>, String> {
        let mut messages = messages;
        guarded(|| self.writer.step(&mut messages).map_err(|error| error.to_string()))
    }

    pub fn term(&self) -> u64 {
        self.writer.term()
    }

    /// What was handed out since the last time this was asked.
    pub fn take_claims(&mut self) -> Vec<Claimed> {
        std::iter::from_fn(|| self.claims.try_recv().ok()).collect()
    }

    /// The process ends and closes its store, if the disk lets it. Tells of a panic.
    pub fn stop(self) -> Result<(), String> {
        let Self { store, writer, claims } = self;
        guarded(|| {
            drop((writer, claims, store));
            Ok(())
        })
    }
}

/// A panic is a failure like any other, as the writer's thread has it.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Err(format!("panic: {text}"))
    })
}

