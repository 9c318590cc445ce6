//! The engine alone, without the wire: what one thread and one disk can do.
//!
//! ```text
//! cargo bench -p mpy6a-sessions                    (about half a minute)
//! cargo bench -p mpy6a-sessions -- 512 10          (only 512 workflows in flight, for 10 s)
//! ```
//!
//! Workflows of three operations (New with a record of 200 bytes, Append of 200 bytes, Delete) through a pipeline, every
//! operation synced before it is answered; and beside it a bare log: records of 200 bytes into a file made of zeros
//! beforehand, as many to a sync. The folder is made where the command runs, so that the disk is the one that is meant.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

use std::{
    future::poll_fn,
    os::unix::fs::FileExt as _,
    path::Path,
    time::{Duration, Instant},
};

use bytes::Bytes;
use mpy6a_sessions::{
    Environment, KindPolicy, Kinds, Limits, New, Pipeline, SessionOp, Started,
    pipeline::{Ask, Named, Wish},
    start,
    store::logged::LoggedStore,
};

const KIND: u32 = 1;
const RECORD_BYTES: usize = 200;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let numbers: Vec<u64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let in_flight = numbers.first().map_or(vec![1, 16, 64, 512], |one| vec![usize::try_from(*one).unwrap()]);
    let slice = Duration::from_secs(numbers.get(1).copied().unwrap_or(3));
    println!("{:>9} {:>14} {:>12} {:>16} {:>7}", "in flight", "workflows/s", "ops/s", "bare log, rec/s", "ratio");
    for in_flight in in_flight {
        let folder = tempfile::tempdir_in(".").unwrap();
        let ops = engine(folder.path(), in_flight, slice).await;
        let bare = bare_log(folder.path(), in_flight, slice / 2);
        println!("{in_flight:>9} {:>14.0} {ops:>12.0} {bare:>16.0} {:>7.2}", ops / 3.0, ops / bare);
    }
}

/// Operations a second.
async fn engine(folder: &Path, in_flight: usize, slice: Duration) -> f64 {
    let store = LoggedStore::open(&folder.join("store.redb"), 64 << 20).unwrap();
    let kinds = Kinds([(KIND, KindPolicy::default())].into());
    let Started { sessions, claims: _claims } = start(store, Limits::default(), kinds, Environment::real()).unwrap();
    let mut pipeline = sessions.pipeline();
    let record = Bytes::from(vec![7; RECORD_BYTES]);
    let mut next = 0;
    begin(&mut pipeline, &mut next, in_flight, &record);
    let (started, mut answered) = (Instant::now(), 0);
    while started.elapsed() < slice {
        let answers = poll_fn(|context| pipeline.poll_answers(context)).await.unwrap();
        answers.iter().for_each(|answer| assert!(answer.result.is_ok(), "{answer:?}"));
        answered += answers.len();
        // The last operation of a workflow has a tag that three divides.
        let done = answers.iter().filter(|answer| answer.tag % 3 == 2).count();
        begin(&mut pipeline, &mut next, done, &record);
    }
    let rate = answered as f64 / started.elapsed().as_secs_f64();
    drop(pipeline);
    sessions.stop().await;
    rate
}

/// Send whole workflows.
fn begin(pipeline: &mut Pipeline, next: &mut u64, count: usize, record: &Bytes) {
    let mut asks = Vec::with_capacity(count * 3);
    for _ in 0..count {
        let local = *next;
        *next += 1;
        let new = New { kind: KIND, record: Some(record.clone()), ..New::default() };
        let append = SessionOp::Append(record.clone());
        asks.push(Ask { tag: local * 3, what: Wish::new(local, new) });
        asks.push(Ask { tag: local * 3 + 1, what: Wish::operate(Named::Local(local), 1, append) });
        asks.push(Ask { tag: local * 3 + 2, what: Wish::operate(Named::Local(local), 2, SessionOp::Delete) });
    }
    pipeline.send(asks).unwrap();
}

/// Records a second.
fn bare_log(folder: &Path, to_a_sync: usize, slice: Duration) -> f64 {
    const FILE_BYTES: usize = 64 << 20;
    let file = std::fs::File::create(folder.join("bare")).unwrap();
    file.write_all_at(&vec![0; FILE_BYTES], 0).unwrap();
    file.sync_all().unwrap();
    let write = vec![7; RECORD_BYTES * to_a_sync];
    let (started, mut written, mut at) = (Instant::now(), 0, 0);
    while started.elapsed() < slice {
        if at + write.len() > FILE_BYTES {
            at = 0;
        }
        file.write_all_at(&write, at as u64).unwrap();
        file.sync_data().unwrap();
        at += write.len();
        written += to_a_sync;
    }
    written as f64 / started.elapsed().as_secs_f64()
}
