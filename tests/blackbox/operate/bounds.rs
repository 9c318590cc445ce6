//! Whoever does not read, or wants too much, is held back, and nobody else is.

use std::{
    fs,
    time::{Duration, Instant},
};

use super::{host, paused};
use crate::harness::{
    Config, Host, PATIENCE,
    streamed::{append, applied, by, local, new},
};

/// How long a host may be slow before we say that it has stopped reading.
const STALL: Duration = Duration::from_secs(2);

/// The host's memory, in bytes.
fn resident(host: &Host) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", host.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[tokio::test]
pub async fn a_client_that_does_not_read_its_answers_is_read_no_more_and_costs_little() {
    const RECORD_BYTES: usize = 64 << 10;
    let host = host(paused()).await;
    let mut stream = host.stream().await;
    let handle = stream.open(1, 1, "a").await.handle.unwrap();
    let before = resident(&host);
    // Each message is refused, so that nothing but the stream itself can hold anything back: 100,000 times 2 KiB.
    let began = Instant::now();
    let mut sent = 0_u64;
    let message = || (0..100).map(|_| append(local(404), 0, "x".repeat(2048))).collect::<Vec<_>>();
    while sent < 1000 && stream.try_send(message(), STALL).await {
        sent += 1;
    }
    assert!(sent < 1000, "the host read all of it");
    let grown = resident(&host).saturating_sub(before);
    assert!(grown < 64 << 20, "{grown} bytes for one stream");
    // Others are served meanwhile.
    let mut other = host.connect().stream().await;
    applied(other.one(append(by(handle), 1, vec![7; RECORD_BYTES])).await);
    // When it reads at last, every operation that was taken has its answer.
    let mut answers = 0;
    while answers < sent * 100 {
        answers += stream.next().await.unwrap().unwrap().answers.len() as u64;
    }
    assert!(began.elapsed() < PATIENCE);
}

#[tokio::test]
async fn streams_wait_for_room_in_a_queue_that_refuses_single_calls() {
    const STREAMS: u64 = 8;
    const APPENDS: u64 = 400;
    let config = Config::of([paused()]).set("limits.queue_operations", 16);
    let host = Host::start(&config).await;
    let mut at_work = Vec::new();
    for _ in 0..STREAMS {
        let mut stream = host.connect().stream().await;
        at_work.push(tokio::spawn(async move {
            let handle = stream.open(1, 1, "0").await.handle.unwrap();
            let appends = (1..=APPENDS).map(|number| append(local(1), number, number.to_string()));
            for outcome in stream.all(appends).await {
                applied(outcome);
            }
            (stream, handle)
        }));
    }
    let mut done = Vec::new();
    for task in at_work {
        done.push(task.await.unwrap());
    }
    for (_stream, handle) in &done {
        let expected: Vec<String> = (0..=APPENDS).map(|n| n.to_string()).collect();
        assert_eq!(host.records(handle.id.unwrap()).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn a_message_with_more_operations_than_the_stream_may_have_under_way_is_served() {
    const COUNT: u64 = 10_000;
    let host = host(paused()).await;
    let mut stream = host.stream().await;
    let outcomes = stream.all((0..COUNT).map(|n| new(n, 1, ""))).await;
    assert_eq!(outcomes.len() as u64, COUNT);
    assert_eq!(host.kind(1).await.active, COUNT);
    stream.half_close();
    stream.end().await.unwrap();
    host.kind_is(1, "has them all stored", |kind| kind.stored == COUNT).await;
}
