//! A host without its threads: a writer, its clocks, and a store that can be reopened, counted and broken.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use rand::{SeedableRng as _, rngs::StdRng};
use tokio::sync::{mpsc, oneshot};

use crate::{
    Backoff, Caller, Claimed, Counts, Environment, Error, Handle, Index, Key, KindPolicy, Kinds, Limits, New, Outcome,
    Report, RequestName, SessionOp,
    attempt::Attempt,
    clock::Clock,
    observer::Observer,
    op::Op,
    rules::{Ended, Opened, Reply},
    session::{Due, Line, Session},
    store::{ChangeSet, Found, Store, StoreError, TakeSnapshot, redb::RedbStore},
    writer::{Inspected, Message, Renewals, Writer},
};

/// The kind that most tests use: lease 10 s, delay 5 s, no jitter, backoff 1 s doubled up to 8 s, 3 repeats, 2 workers.
pub const KIND: u32 = 1;

pub fn policy() -> KindPolicy {
    KindPolicy {
        lease_ms: 10_000,
        delay_ms: 5_000,
        jitter_ms: 0,
        backoff: Backoff { initial_ms: 1_000, factor_hundredths: 200, max_ms: 8_000 },
        max_repeats: 3,
        max_running: 2,
        claimable: true,
    }
}

/// Clocks that move when told, each on its own.
#[derive(Default)]
pub struct Clocks {
    wall_us: AtomicU64,
    monotonic_us: AtomicU64,
}

impl Clock for Clocks {
    fn wall_us(&self) -> u64 {
        self.wall_us.load(SeqCst)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.monotonic_us.load(SeqCst))
    }
}

impl Clocks {
    pub fn pass_ms(&self, ms: u64) {
        self.monotonic_us.fetch_add(ms * 1000, SeqCst);
        self.wall_us.fetch_add(ms * 1000, SeqCst);
    }

    pub fn set_wall_ms(&self, ms: u64) {
        self.wall_us.store(ms * 1000, SeqCst);
    }
}

/// What the tests may do to a store from outside.
#[derive(Default)]
pub struct Levers {
    pub commits: AtomicU64,
    pub broken: AtomicBool,
    /// How many operations each commit had, as who watches was told.
    pub watched: Mutex<Vec<u64>>,
}

impl Observer for Levers {
    fn committed(&self, operations: u64, _took: Duration) {
        self.watched.lock().unwrap().push(operations);
    }
}

/// A store that outlives its writer: dropping the writer leaves it to the next one, as a file would be left.
#[derive(Clone)]
struct Shared {
    store: Arc<Mutex<RedbStore>>,
    levers: Arc<Levers>,
}

impl Store for Shared {
    fn take_over(&mut self) -> Result<Found, StoreError> {
        self.store.lock().unwrap().take_over()
    }

    fn session(&self, id: Index) -> Result<Option<Session>, StoreError> {
        self.store.lock().unwrap().session(id)
    }

    fn opened_by(&self, name: &RequestName) -> Result<Option<Index>, StoreError> {
        self.store.lock().unwrap().opened_by(name)
    }

    fn records(&self, session: &Session) -> Result<Vec<Bytes>, StoreError> {
        self.store.lock().unwrap().records(session)
    }

    fn attempts(&self, session: &Session) -> Result<Vec<Attempt>, StoreError> {
        self.store.lock().unwrap().attempts(session)
    }

    fn due(&self, kind: u32, until_ms: u64, count_max: usize) -> Result<Vec<(Due, Index)>, StoreError> {
        self.store.lock().unwrap().due(kind, until_ms, count_max)
    }

    fn waiting(
        &self,
        kind: u32,
        line: Line,
        after: Option<Due>,
        count_max: usize,
    ) -> Result<Vec<(Due, Index)>, StoreError> {
        self.store.lock().unwrap().waiting(kind, line, after, count_max)
    }

    fn snapshot(&mut self, take: TakeSnapshot) -> Result<(), StoreError> {
        self.store.lock().unwrap().snapshot(take)
    }

    fn commit(&mut self, changes: ChangeSet) -> Result<(), StoreError> {
        if self.levers.broken.load(SeqCst) {
            return Err(StoreError::Io("broken on purpose".into()));
        }
        self.levers.commits.fetch_add(1, SeqCst);
        self.store.lock().unwrap().commit(changes)
    }
}

pub struct Host {
    pub clocks: Arc<Clocks>,
    pub levers: Arc<Levers>,
    pub claims: mpsc::UnboundedReceiver<Claimed>,
    kinds: Kinds,
    limits: Limits,
    store: Shared,
    writer: Option<Writer<Shared>>,
}

/// The answer that a question will get.
pub type Answer<T> = oneshot::Receiver<Result<T, Error>>;

impl Host {
    pub fn new() -> Self {
        Self::with_kinds([(KIND, policy())])
    }

    pub fn with_limits(limits: Limits) -> Self {
        let mut host = Self { limits, ..Self::new() };
        host.restart();
        host
    }

    pub fn with_kinds(kinds: impl IntoIterator<Item = (u32, KindPolicy)>) -> Self {
        let clocks = Arc::new(Clocks::default());
        clocks.set_wall_ms(1_000_000);
        let levers = Arc::new(Levers::default());
        let store = Arc::new(Mutex::new(RedbStore::in_memory().unwrap()));
        let store = Shared { store, levers: Arc::clone(&levers) };
        let kinds = Kinds(kinds.into_iter().collect());
        let mut host = Self {
            clocks,
            levers,
            claims: mpsc::unbounded_channel().1,
            kinds,
            limits: Limits::default(),
            store,
            writer: None,
        };
        host.restart();
        host
    }

    /// Let the writer go, as a kill would, and take its store over.
    pub fn restart(&mut self) {
        self.writer = None;
        let (claims_to, claims) = mpsc::unbounded_channel();
        self.claims = claims;
        let clock = Arc::clone(&self.clocks) as Arc<dyn Clock>;
        let environment =
            Environment { clock, chance: StdRng::seed_from_u64(7), observer: Arc::clone(&self.levers) as _ };
        let (store, kinds) = (self.store.clone(), self.kinds.clone());
        self.writer = Some(Writer::new(store, self.limits, kinds, environment, claims_to).unwrap());
    }

    pub fn step(&mut self, messages: Vec<Message>) -> Result<Option<Duration>, StoreError> {
        let mut messages = messages;
        self.writer.as_mut().unwrap().step(&mut messages)
    }

    /// Let time pass, then let the writer do what is due.
    pub fn pass_ms(&mut self, ms: u64) {
        self.clocks.pass_ms(ms);
        self.step(vec![]).unwrap();
    }

    pub fn ask<T>(&mut self, message: impl FnOnce(oneshot::Sender<Result<T, Error>>) -> Message) -> Result<T, Error> {
        let (reply_to, mut reply) = oneshot::channel();
        self.step(vec![message(reply_to)]).unwrap();
        reply.try_recv().expect("an answer")
    }

    pub fn apply(&mut self, op: Op) -> Result<Reply, Error> {
        self.ask(|reply_to| Message::Apply(op, reply_to))
    }

    pub fn try_new(&mut self, new: New) -> Result<Opened, Error> {
        self.try_new_of(Caller::default(), new)
    }

    pub fn try_new_of(&mut self, caller: Caller, new: New) -> Result<Opened, Error> {
        // Each call draws another key, as a client's retry would.
        static KEYS: AtomicU64 = AtomicU64::new(1);
        match self.apply(Op::New { new, key: Key(KEYS.fetch_add(1, SeqCst)), caller })? {
            Reply::Opened(opened) => Ok(opened),
            other => panic!("{other:?}"),
        }
    }

    pub fn open(&mut self, kind: u32) -> Handle {
        self.try_new(New { kind, ..New::default() }).unwrap().handle
    }

    pub fn operate(&mut self, handle: Handle, number: u64, op: SessionOp) -> Result<Reply, Error> {
        self.apply(client_op(handle, number, op))
    }

    pub fn append(&mut self, handle: Handle, record: &'static str) -> Result<Reply, Error> {
        self.operate(handle, 0, SessionOp::Append(record.into()))
    }

    pub fn renew(&mut self, handles: &[Handle]) -> Renewals {
        self.ask(|reply_to| Message::Renew(handles.to_vec(), Caller::default(), reply_to)).unwrap()
    }

    pub fn claim(&mut self) -> Option<Claimed> {
        self.claims.try_recv().ok()
    }

    pub fn finish(&mut self, claimed: &Claimed, ops: Vec<SessionOp>, outcome: Outcome) -> Result<Ended, Error> {
        let report = Report::bare(outcome);
        match self.apply(Op::Finish { handle: claimed.handle, ops, report })? {
            Reply::Ended(ended) => Ok(ended),
            other => panic!("{other:?}"),
        }
    }

    pub fn inspect(&mut self, id: Index) -> Option<Inspected> {
        self.ask(|reply_to| Message::Inspect(id, reply_to)).unwrap().map(|inspected| *inspected)
    }

    pub fn counts(&mut self) -> BTreeMap<u32, Counts> {
        self.ask(Message::Count).unwrap()
    }

    pub fn set_kinds(&mut self, kinds: impl IntoIterator<Item = (u32, KindPolicy)>) {
        self.kinds = Kinds(kinds.into_iter().collect());
        self.step(vec![Message::SetKinds(self.kinds.clone())]).unwrap();
    }
}

pub fn client_op(handle: Handle, number: u64, op: SessionOp) -> Op {
    client_op_of(Caller::default(), handle, number, op)
}

pub fn client_op_of(caller: Caller, handle: Handle, number: u64, op: SessionOp) -> Op {
    Op::Client { handle, number, fingerprint: op.fingerprint(), op, caller }
}

/// The request of this id, of a caller without an access.
pub fn request(id: &str) -> Option<RequestName> {
    Some(RequestName::of_id(None, id).unwrap())
}

pub fn question(op: Op) -> (Message, Answer<Reply>) {
    let (reply_to, answer) = oneshot::channel();
    (Message::Apply(op, reply_to), answer)
}
