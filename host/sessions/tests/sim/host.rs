//! One life of the host: the real writer over the real store over the simulated disk, without its thread.

use std::{
    io::ErrorKind,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use mpy6a_sessions::{
    Claimed, Claims, Environment, Index, Kinds, Limits,
    clock::Clock,
    observer::Nobody,
    store::{
        Store,
        log::Salt,
        logged::{LoggedStore, Sizes},
        redb::RedbStore,
    },
    writer::{Message, Writer},
};
use rand::{SeedableRng as _, rngs::StdRng};
use tokio::sync::mpsc;

use crate::{
    baton::Beside,
    clock::Clocks,
    disk::{Backend, Disk, LogFolder},
    sabotage::Sabotage,
    watched::Watched,
};

/// The name of redb's file. The log's folder is beside it.
pub const STORE: &str = "store.redb";
pub const LOG: &str = "store.redb-log";

/// Length of what every redb file begins with.
const REDB_MAGIC_BYTES: usize = 9;

/// What the store is made of.
#[derive(Clone, Copy, Debug)]
pub struct Build {
    /// Whether the operation log is in front of redb, as in service.
    pub logged: bool,
    /// How much redb may cache.
    pub cache_bytes: usize,
    /// How large the log's parts grow: small, so that files change and checkpoints happen within a history.
    pub sizes: Sizes,
}

/// A writer and what it was given.
pub struct Host {
    pub store: Watched,
    writer: Writer<Watched>,
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
    /// For the log's checksums, should it be new.
    pub salt: [u8; 16],
    pub build: Build,
    pub sabotage: Sabotage,
    /// What the witness is to look at.
    pub known: Vec<Index>,
    pub known_kinds: Vec<u32>,
}

/// How a birth went: what the store was seen to hold and to commit, also where it failed in the end.
pub struct Born {
    pub host: Result<Host, String>,
    pub store: Option<Watched>,
}

/// Open the store: the one place that knows what it is made of.
fn open(birth: &Birth<'_>, life: u64) -> Result<Box<dyn Store>, String> {
    let Build { logged, cache_bytes, sizes } = birth.build;
    match birth.disk.open(life, STORE) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.to_string()),
        _ => {}
    }
    // A host makes its file aside and names it when it is whole (`store/redb/make.rs`): one that it died over is not there.
    if birth.disk.begins_with_zeros(STORE, REDB_MAGIC_BYTES) {
        birth.disk.forget(STORE);
    }
    let redb = RedbStore::over(Backend::new(Arc::clone(birth.disk), life, STORE), cache_bytes)?;
    if !logged {
        return Ok(Box::new(redb));
    }
    let folder = Arc::new(LogFolder::new(Arc::clone(birth.disk), life, LOG));
    let beside = Box::new(Beside::new(birth.disk.baton()));
    Ok(Box::new(LoggedStore::new(redb, folder, beside, sizes, Salt(birth.salt))))
}

/// Whether somebody who looks at everything that lies on the disk finds something wrong: what `mpy6a verify` does.
pub fn is_seen_by_verifying(disk: &Arc<Disk>) -> bool {
    let life = disk.start();
    let verified = guarded(|| {
        let redb = RedbStore::over(Backend::new(Arc::clone(disk), life, STORE), 0)?;
        redb.verify().map_err(|error| error.to_string())
    });
    verified.map_or(true, |found| !found.is_right())
}

impl Host {
    /// Start a process: open the store, take it over.
    pub fn start(birth: Birth<'_>) -> Born {
        let life = birth.disk.start();
        let store = match guarded(|| open(&birth, life)) {
            Ok(store) => Watched::new(store, birth.sabotage, birth.known, birth.known_kinds),
            Err(error) => return Born { host: Err(format!("opening: {error}")), store: None },
        };
        let clock = Arc::clone(birth.clocks) as Arc<dyn Clock>;
        let environment = Environment { clock, chance: StdRng::seed_from_u64(birth.seed), observer: Arc::new(Nobody) };
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

    /// Put the store in order, after the last step.
    pub fn close(&mut self) -> Result<(), String> {
        guarded(|| self.writer.close().map_err(|error| error.to_string()))
    }

    /// The process ends. Tells of a panic.
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
