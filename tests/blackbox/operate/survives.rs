//! SIGKILL in the middle of a stream: retried with the same numbers, everything was applied once.

use mpy6a_proto::v1::{Handle, NewRequest, answer::Outcome, operation::What};

use super::paused;
use crate::harness::{
    Config, Host, Streamed,
    streamed::{append, by, local, opened, operation},
};

const SESSIONS: u64 = 20;
const RECORDS: u64 = 20;
const ROUNDS: u64 = 4;

fn new(n: u64) -> mpy6a_proto::v1::Operation {
    let request = NewRequest { kind: 1, request_id: format!("session {n}"), ..NewRequest::default() };
    operation(local(n), 0, What::New(request))
}

/// Whether it got an answer before the stream broke.
async fn answered(stream: &mut Streamed, count: usize) -> usize {
    let mut answers = 0;
    while answers < count {
        match stream.next().await {
            Some(Ok(message)) => answers += message.answers.len(),
            Some(Err(_)) | None => break,
        }
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_there_once_after_a_retry_with_the_same_numbers() {
    let mut host = Host::start(&Config::of([paused().set("lease", "1h")])).await;
    for round in 1..=ROUNDS {
        let stream = host.stream().await;
        stream.send((0..SESSIONS).map(new).collect()).await;
        for number in 1..=RECORDS {
            let record = |n| format!("{n}/{number}");
            stream.send((0..SESSIONS).map(|n| append(local(n), number, record(n))).collect()).await;
        }
        // Another part of the way each time, down to none at all.
        let mut stream = stream;
        let enough = SESSIONS * RECORDS * (ROUNDS - round) / ROUNDS;
        answered(&mut stream, enough as usize).await;
        host.kill();
        host.launch().await;
    }
    let mut stream = host.stream().await;
    for (n, outcome) in (0..).zip(stream.all((0..SESSIONS).map(new)).await) {
        let handle: Handle = opened(outcome).handle.unwrap();
        resume(&mut stream, n, handle).await;
        let expected: Vec<String> = (1..=RECORDS).map(|number| format!("{n}/{number}")).collect();
        assert_eq!(host.records(handle.id.unwrap()).await.unwrap(), expected);
    }
    assert_eq!(host.kind(1).await.active, SESSIONS);
}

/// Repeat every operation of a session: what was applied is refused by its number or gets its first answer again.
async fn resume(stream: &mut Streamed, n: u64, handle: Handle) {
    let appends = (1..=RECORDS).map(|number| append(by(handle), number, format!("{n}/{number}")));
    for outcome in stream.all(appends).await {
        match outcome {
            Outcome::Applied(_) => {}
            Outcome::Refused(refused) => assert_eq!(refused.reason, "OPERATION_NUMBER_STALE"),
            other => panic!("{other:?}"),
        }
    }
}
