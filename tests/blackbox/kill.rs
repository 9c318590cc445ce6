//! SIGKILL at any moment loses nothing that was acknowledged, and invents nothing: of each client's operations the
//! acknowledged ones are there, and the one in flight is there whole or not at all.

use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use mpy6a_client::Client;
use tokio::time::sleep;

use crate::harness::{Config, Host, Kind, Wire, Worker, until, wat};

/// How often to kill the host; `MPY6A_KILL_ROUNDS` says otherwise.
const ROUNDS: u64 = 10;

/// Enough clients that a commit holds several operations.
const WORKERS: usize = 8;

/// A kind whose sessions nobody repeats: what is there is what clients did.
fn config() -> Config {
    Config::of([Kind::new(1, wat("bare-delete")).set("paused", true).set("lease", "1h")])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_and_nothing_is_invented() {
    let rounds = env::var("MPY6A_KILL_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().expect("a number"));
    let mut workers: Vec<Worker> = (0..WORKERS).map(|name| Worker::new(name, 1)).collect();
    let mut host = Host::start(&config()).await;
    for round in 0..rounds {
        workers = killed_at_work(&mut host, workers, round).await;
        host.launch().await;
        check(&host, &mut workers).await;
    }
    println!("{rounds} kills, {} acknowledged operations, none lost", acknowledged(&counts(&workers)));
}

/// The workers' counts of what was acknowledged, to be read while they work.
fn counts(workers: &[Worker]) -> Vec<Arc<AtomicU64>> {
    workers.iter().map(|worker| Arc::clone(&worker.acknowledged)).collect()
}

fn acknowledged(counts: &[Arc<AtomicU64>]) -> u64 {
    counts.iter().map(|count| count.load(Ordering::Relaxed)).sum()
}

/// Let the workers work, and kill the host meanwhile.
async fn killed_at_work(host: &mut Host, workers: Vec<Worker>, round: u64) -> Vec<Worker> {
    let counts = counts(&workers);
    let enough = acknowledged(&counts) + WORKERS as u64;
    let at_work: Vec<_> = workers
        .into_iter()
        .map(|mut worker| {
            let wire = host.connect();
            tokio::spawn(async move {
                worker.run(&wire).await;
                worker
            })
        })
        .collect();
    until("the workers are at work", async || (acknowledged(&counts) >= enough).then_some(())).await;
    // The moment is what is tried here, and no condition: from 0 to 99 ms later, which 37 spreads evenly.
    sleep(Duration::from_millis(round * 37 % 100)).await;
    host.kill();
    let mut back = Vec::new();
    for task in at_work {
        back.push(task.await.unwrap());
    }
    back
}

/// Hold the host to everything that the workers were promised, and make the pending operations certain.
async fn check(host: &Wire, workers: &mut [Worker]) {
    for worker in workers.iter() {
        worker.check(host).await;
    }
    let mut sessions = 0;
    for worker in workers {
        worker.resume(host).await;
        sessions += worker.check(host).await;
    }
    let kind = host.kind(1).await;
    assert_eq!(kind.active + kind.stored, sessions as u64, "sessions that nobody opened, or opened twice");
}

#[tokio::test]
async fn the_client_library_goes_on_over_restarts_and_applies_nothing_twice() {
    const SESSIONS: usize = 8;
    const RESTARTS: usize = 4;
    let mut host = Host::start(&config()).await;
    let client = Client::builder(host.url()).operation_timeout(Duration::from_secs(60)).connect().unwrap();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let at_work: Vec<_> = (0..SESSIONS)
        .map(|_| {
            let (client, stopped) = (client.clone(), stopped.clone());
            tokio::spawn(async move {
                let mut session = client.session(1).record("0").open().await.unwrap();
                let mut count = 1;
                while !*stopped.borrow() {
                    session.append(count.to_string()).await.unwrap();
                    count += 1;
                }
                (session, count)
            })
        })
        .collect();
    for restart in 0..RESTARTS {
        busy(&host, SESSIONS as u64).await;
        sleep(Duration::from_millis(50)).await;
        if restart % 2 == 0 {
            host.kill();
        } else {
            assert_eq!(host.stop().await.code, Some(0));
        }
        host.launch().await;
    }
    stop.send_replace(true);
    for task in at_work {
        let (session, count) = task.await.unwrap();
        let expected: Vec<String> = (0..count).map(|n| n.to_string()).collect();
        assert_eq!(host.records(session.id().into()).await.unwrap(), expected);
        session.delete().await.unwrap();
    }
    assert_eq!(host.kind(1).await.active, 0);
}

/// Wait until this many sessions are open.
async fn busy(host: &Wire, sessions: u64) {
    host.kind_is(1, "has every session open", |kind| kind.active == sessions).await;
}
