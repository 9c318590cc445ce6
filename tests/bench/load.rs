//! The load: so many workers on one connection, each asking again as soon as it is answered.

use std::time::{Duration, Instant};

use bytes::Bytes;
use hdrhistogram::Histogram;
use mpy6a_proto::v1::{AppendRequest, DeleteRequest, Handle, Index, NewRequest, truba_client::TrubaClient};
use tonic::transport::{Channel, Endpoint};

#[derive(Clone, Copy)]
pub enum Kind {
    /// Append of 200 bytes to the echo server.
    Echo,
    /// New with 200 bytes, Append of 200 bytes, Delete.
    Workflow,
}

/// What one slice of time came to, in operations: a workflow is three.
pub struct Measured {
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

/// The kind that the bench's host serves.
pub const CLIENT_KIND: u32 = 1;

/// The payload of each record, in bytes: an intent of ordinary size.
const RECORD_BYTES: usize = 200;

pub async fn connect(url: &str) -> TrubaClient<Channel> {
    TrubaClient::new(Endpoint::new(url.to_owned()).unwrap().tcp_nodelay(true).connect().await.unwrap())
}

pub async fn run(url: &str, in_flight: usize, slice: Duration, kind: Kind) -> Measured {
    let client = connect(url).await;
    // A warm-up of a quarter, so that connections and caches are as in a running system.
    work(&client, in_flight, slice / 4, kind).await;
    let start = Instant::now();
    let histogram = work(&client, in_flight, slice, kind).await;
    let ms = |quantile| histogram.value_at_quantile(quantile) as f64 / 1000.0;
    Measured { per_second: histogram.len() as f64 / start.elapsed().as_secs_f64(), p50_ms: ms(0.5), p99_ms: ms(0.99) }
}

async fn work(client: &TrubaClient<Channel>, in_flight: usize, slice: Duration, kind: Kind) -> Histogram<u64> {
    let deadline = Instant::now() + slice;
    let workers = (0..in_flight).map(|_| tokio::spawn(worker(client.clone(), deadline, kind)));
    let mut all = Histogram::new(3).unwrap();
    for worker in workers.collect::<Vec<_>>() {
        all.add(worker.await.unwrap()).unwrap();
    }
    all
}

async fn worker(mut client: TrubaClient<Channel>, deadline: Instant, kind: Kind) -> Histogram<u64> {
    let record = Bytes::from(vec![7; RECORD_BYTES]);
    let mut times = Histogram::new(3).unwrap();
    let mut last = Instant::now();
    let mut lap = || {
        let now = Instant::now();
        times.record(u64::try_from((now - last).as_micros()).unwrap_or(u64::MAX)).unwrap();
        last = now;
        now < deadline
    };
    loop {
        let go_on = match kind {
            Kind::Echo => {
                let handle = Some(Handle { id: Some(Index { term: 1, index: 1 }), key: 1 });
                client.append(AppendRequest { handle, number: 1, record: record.clone() }).await.unwrap();
                lap()
            }
            Kind::Workflow => {
                let record = record.clone();
                let new = NewRequest { kind: CLIENT_KIND, record: Some(record.clone()), ..NewRequest::default() };
                let handle = client.new_session(new).await.unwrap().into_inner().handle;
                lap();
                client.append(AppendRequest { handle, number: 1, record }).await.unwrap();
                lap();
                client.delete(DeleteRequest { handle, number: 2 }).await.unwrap();
                lap()
            }
        };
        if !go_on {
            return times;
        }
    }
}
