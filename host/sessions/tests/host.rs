//! The writer with its thread, as the rest of a host uses it: over a real file, and over a disk that fails.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use bytes::Bytes;
use mpy6a_sessions::{
    Ending, Environment, Error, KindPolicy, Kinds, Limits, New, Outcome, Pipeline, Report, SessionOp, Started,
    StateName,
    pipeline::{Answer, Answered, Ask, Named, Wish},
    start,
    store::redb::RedbStore,
};
use redb::{StorageBackend, backends::InMemoryBackend};

const KIND: u32 = 1;

fn kinds() -> Kinds {
    let policy = KindPolicy { claimable: true, jitter_ms: 0, ..KindPolicy::default() };
    Kinds([(KIND, policy)].into())
}

fn host(store: RedbStore, limits: Limits) -> Started {
    start(store, limits, kinds(), Environment::real()).unwrap()
}

fn new() -> New {
    New { kind: KIND, ..New::default() }
}

fn append(record: impl Into<Bytes>) -> SessionOp {
    SessionOp::Append(record.into())
}

/// Memory that stops taking syncs when told.
#[derive(Debug)]
struct FailingDisk {
    memory: InMemoryBackend,
    broken: Arc<AtomicBool>,
}

impl StorageBackend for FailingDisk {
    fn len(&self) -> io::Result<u64> {
        self.memory.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.memory.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.memory.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.broken.load(SeqCst) { Err(io::ErrorKind::StorageFull.into()) } else { self.memory.sync_data() }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.memory.write(offset, data)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clients_at_once_find_everything_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let Started { sessions, claims: _claims } = host(RedbStore::open(&path, 1 << 24).unwrap(), Limits::default());
    let clients = (0..64_u64).map(|client| {
        let sessions = sessions.clone();
        tokio::spawn(async move {
            let handle = sessions.open(new()).await.unwrap().handle;
            for number in 1..=20_u64 {
                sessions.operate(handle, number, append(format!("{client}/{number}"))).await.unwrap();
            }
            handle
        })
    });
    let mut handles = Vec::new();
    for client in clients.collect::<Vec<_>>() {
        handles.push(client.await.unwrap());
    }
    assert_eq!(sessions.stop().await, Ending::Stopped);
    assert_eq!(sessions.open(new()).await, Err(Error::ShuttingDown));

    let Started { sessions, claims: _claims } = host(RedbStore::open(&path, 1 << 24).unwrap(), Limits::default());
    assert_eq!(sessions.term(), 2);
    for (client, handle) in handles.into_iter().enumerate() {
        let records = sessions.inspect(handle.id).await.unwrap().unwrap().records;
        let expected: Vec<_> = (1..=20).map(|number| Bytes::from(format!("{client}/{number}"))).collect();
        assert_eq!(records, expected);
    }
}

#[tokio::test]
async fn after_an_io_error_nothing_is_acknowledged_any_more() {
    let broken = Arc::new(AtomicBool::new(false));
    let disk = FailingDisk { memory: InMemoryBackend::new(), broken: Arc::clone(&broken) };
    let Started { sessions, claims: _claims } = host(RedbStore::over(disk, 1 << 24).unwrap(), Limits::default());
    let handle = sessions.open(new()).await.unwrap().handle;
    broken.store(true, SeqCst);
    assert_eq!(sessions.operate(handle, 1, append("r")).await, Err(Error::StoreFailed));
    assert!(matches!(sessions.ended().await, Ending::Failed(why) if !why.is_empty()));
    broken.store(false, SeqCst);
    assert_eq!(sessions.operate(handle, 1, append("r")).await, Err(Error::StoreFailed), "nor when the disk is back");
    assert_eq!(sessions.inspect(handle.id).await, Err(Error::StoreFailed));
    assert_eq!(sessions.renew(vec![handle]).await, Err(Error::StoreFailed));
}

#[tokio::test]
async fn a_full_queue_refuses_early_and_loses_nothing() {
    let limits = Limits { queue_ops_max: 4, ..Limits::default() };
    let Started { sessions, claims: _claims } = host(RedbStore::in_memory().unwrap(), limits);
    let handle = sessions.open(new()).await.unwrap().handle;
    // On a runtime of one thread all of these are queued before the writer's first answer is looked at.
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..10_000 {
        let sessions = sessions.clone();
        asked.spawn(async move { sessions.operate(handle, 0, append("r")).await });
    }
    let results = asked.join_all().await;
    let acknowledged = results.iter().filter(|result| result.is_ok()).count();
    let refused = results.iter().filter(|result| matches!(result, Err(Error::Overloaded(_)))).count();
    assert_eq!(acknowledged + refused, 10_000);
    assert!(refused > 0, "the bound was never met");
    let records = sessions.inspect(handle.id).await.unwrap().unwrap().records;
    assert_eq!(records.len(), acknowledged);
}

#[tokio::test]
async fn a_due_session_is_handed_out_by_itself_and_finished() {
    let Started { sessions, mut claims } = host(RedbStore::in_memory().unwrap(), Limits::default());
    let handle = sessions.open(New { record: Some("intent".into()), ..new() }).await.unwrap().handle;
    sessions.operate(handle, 1, SessionOp::Store { timeout_s: Some(0) }).await.unwrap();
    let claimed = claims.recv().await.unwrap();
    assert_eq!((claimed.session.id, claimed.records.as_slice()), (handle.id, &[Bytes::from("intent")][..]));
    let report = Report::bare(Outcome::Returned);
    sessions.finish(claimed.handle, vec![SessionOp::Delete], report).await.unwrap();
    assert_eq!(sessions.inspect(handle.id).await, Ok(None));
}

#[tokio::test]
async fn after_stopping_claims_due_sessions_stay_where_they_are() {
    let Started { sessions, mut claims } = host(RedbStore::in_memory().unwrap(), Limits::default());
    sessions.stop_claims();
    let handle = sessions.open(new()).await.unwrap().handle;
    sessions.operate(handle, 1, SessionOp::Store { timeout_s: Some(0) }).await.unwrap();
    assert_eq!(sessions.stop().await, Ending::Stopped);
    assert!(claims.recv().await.is_none());
}

/// The next answers of a pipeline.
async fn answers(pipeline: &mut Pipeline) -> Result<Vec<Answer>, Error> {
    std::future::poll_fn(|context| pipeline.poll_answers(context)).await
}

fn asks(wishes: impl IntoIterator<Item = Wish>) -> Vec<Ask> {
    wishes.into_iter().zip(0..).map(|(what, tag)| Ask { tag, what }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelines_share_a_small_queue_with_single_calls_and_lose_nothing() {
    const SESSIONS: u64 = 500;
    let limits = Limits { queue_ops_max: 64, ..Limits::default() };
    let Started { sessions, claims: _claims } = host(RedbStore::in_memory().unwrap(), limits);
    let at_work: Vec<_> = (0..8)
        .map(|_| {
            let sessions = sessions.clone();
            tokio::spawn(async move {
                let mut pipeline = sessions.pipeline();
                let each = |local| {
                    let appended = Wish::operate(Named::Local(local), 1, append("r"));
                    [Wish::new(local, new()), appended, Wish::operate(Named::Local(local), 2, SessionOp::Delete)]
                };
                pipeline.send(asks((0..SESSIONS).flat_map(each))).unwrap();
                assert_eq!(pipeline.unanswered() as u64, 3 * SESSIONS);
                while pipeline.unanswered() > 0 {
                    assert!(answers(&mut pipeline).await.unwrap().iter().all(|answer| answer.result.is_ok()));
                }
                assert!(pipeline.has_room_for(0, 0));
            })
        })
        .collect();
    for task in at_work {
        task.await.unwrap();
    }
    assert!(sessions.counts().await.unwrap().values().all(|counts| counts.active == 0));
    sessions.open(new()).await.expect("room again");
}

#[tokio::test]
async fn a_pipeline_that_is_dropped_leaves_its_sessions_behind_and_one_dismissed_does_not() {
    let Started { sessions, claims: _claims } = host(RedbStore::in_memory().unwrap(), Limits::default());
    for (dismissed, expected) in [(false, StateName::Stored), (true, StateName::Active)] {
        let mut pipeline = sessions.pipeline();
        pipeline.send(asks([Wish::new(1, new())])).unwrap();
        let Ok(Answered::Opened(opened)) = answers(&mut pipeline).await.unwrap()[0].result else {
            panic!("not opened")
        };
        if dismissed {
            pipeline.dismiss();
        }
        drop(pipeline);
        let inspected = sessions.inspect(opened.handle.id).await.unwrap().unwrap();
        assert_eq!(inspected.session.state.name(), expected);
    }
}

#[tokio::test]
async fn a_pipeline_learns_that_the_store_failed_and_that_the_host_shuts_down() {
    let broken = Arc::new(AtomicBool::new(false));
    let disk = FailingDisk { memory: InMemoryBackend::new(), broken: Arc::clone(&broken) };
    let Started { sessions, claims: _claims } = host(RedbStore::over(disk, 1 << 24).unwrap(), Limits::default());
    let mut pipeline = sessions.pipeline();
    broken.store(true, SeqCst);
    pipeline.send(asks([Wish::new(1, new())])).unwrap();
    assert_eq!(answers(&mut pipeline).await, Err(Error::StoreFailed));
    sessions.ended().await;
    assert_eq!(pipeline.send(asks([Wish::new(2, new())])), Err(Error::StoreFailed));

    let Started { sessions, claims: _claims } = host(RedbStore::in_memory().unwrap(), Limits::default());
    let mut pipeline = sessions.pipeline();
    pipeline.send(asks([Wish::new(1, new())])).unwrap();
    assert_eq!(sessions.stop().await, Ending::Stopped);
    assert!(answers(&mut pipeline).await.unwrap()[0].result.is_ok(), "what was queued is committed and answered");
    assert_eq!(pipeline.send(asks([Wish::new(2, new())])), Err(Error::ShuttingDown));
}
