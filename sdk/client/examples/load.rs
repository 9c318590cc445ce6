//! How many operations a host takes from one client: sessions of three operations each, many at a time.
//!
//! ```text
//! cargo run --release -p mpy6a-client --example load -- http://127.0.0.1:7340 KIND [IN_FLIGHT] [SECONDS] [unary]
//! ```
//!
//! It shows the way to throughput: one client, as many tasks as there is work, a plain `Session` in each. Whatever they ask at
//! the same time shares messages, commits and answers. With `unary` it asks by a call for each operation, to compare.
//!
//! The sessions are deleted when they are done. Those under way when it is interrupted are repeated by the kind's handler, so
//! give it a kind that is made for that.

use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use mpy6a_client::{Client, Error};

/// Bytes in a record: what an intent usually takes.
const RECORD_BYTES: usize = 200;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [url, kind, rest @ ..] = arguments.as_slice() else {
        return Err("usage: load URL KIND [IN_FLIGHT] [SECONDS] [unary]".into());
    };
    let kind = kind.parse()?;
    let number = |at: usize, default: u64| rest.get(at).map_or(Ok(default), |text| text.parse());
    let (in_flight, seconds) = (number(0, 512)?, number(1, 5)?);
    let builder = Client::builder(url);
    let builder = if rest.iter().any(|word| word == "unary") { builder.unary() } else { builder };
    let client = builder.connect()?;

    let (done, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let began = Instant::now();
    let workers: Vec<_> = (0..in_flight)
        .map(|_| tokio::spawn(work(client.clone(), kind, Arc::clone(&done), Arc::clone(&stop))))
        .collect();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let (count, took) = (done.load(Relaxed), began.elapsed());
    stop.store(true, Relaxed);
    for worker in workers {
        worker.await??;
    }
    println!("{:.0} operations/s, {in_flight} sessions at a time", count as f64 / took.as_secs_f64());
    Ok(())
}

/// One session after another.
async fn work(client: Client, kind: u32, done: Arc<AtomicU64>, stop: Arc<AtomicBool>) -> Result<(), Error> {
    let record = Bytes::from(vec![b'r'; RECORD_BYTES]);
    while !stop.load(Relaxed) {
        let mut session = client.session(kind).record(record.clone()).open().await?;
        session.append(record.clone()).await?;
        session.delete().await?;
        done.fetch_add(3, Relaxed);
    }
    Ok(())
}
