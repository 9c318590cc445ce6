//! A plugin is replaced while its kind's sessions are repeated at full rate: no run is lost, and none is of half a
//! file.

use std::{
    fs::OpenOptions,
    io::Write as _,
    time::{Duration, Instant},
};

use mpy6a_proto::v1::Index;
use tokio::{sync::watch, task::JoinHandle, time::sleep};

use super::{digest, serves, serving};
use crate::harness::{GuestFile, Host, LOOK, Wire, module, tagged};

/// Sessions left to kind 1 by several clients at full speed, until told to stop.
struct Load {
    stop: watch::Sender<bool>,
    clients: Vec<JoinHandle<Vec<Index>>>,
}

impl Load {
    fn start(host: &Host) -> Self {
        let (stop, stopped) = watch::channel(false);
        let client = |wire: Wire| {
            let stopped = stopped.clone();
            tokio::spawn(async move {
                let mut left = Vec::new();
                while !*stopped.borrow() {
                    left.push(wire.left(1, &["anything"]).await);
                    // What falls due must not outrun the workers, or the last sessions are repeated long after the
                    // swap.
                    while wire.kind(1).await.stored >= 8 {
                        sleep(LOOK).await;
                    }
                }
                left
            })
        };
        let clients = (0..4).map(|_| client(host.connect())).collect();
        Self { stop, clients }
    }

    async fn stop(self) -> Vec<Index> {
        self.stop.send_replace(true);
        let mut left = Vec::new();
        for client in self.clients {
            left.extend(client.await.unwrap());
        }
        left
    }
}

/// Every session was repeated once, by one of these versions whole: its reason comes with its digest.
async fn each_was_repeated_once(host: &Host, sessions: &[Index], versions: &[(char, String)]) {
    let mut runs = vec![0; versions.len()];
    for session in sessions {
        let parked = host.parked(*session).await;
        let [attempt] = parked.attempts.as_slice() else { panic!("{parked:?}") };
        let version = versions.iter().position(|(reason, digest)| {
            attempt.cause == reason.to_string() && attempt.plugin_digest == *digest && attempt.outcome == "permanent"
        });
        runs[version.unwrap_or_else(|| panic!("of no version: {attempt:?}"))] += 1;
    }
    assert!(runs.iter().all(|runs| *runs > 0), "each version had its turn: {runs:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replaced_under_load_no_run_is_lost_and_each_is_of_one_version() {
    let versions: Vec<(char, Vec<u8>)> = ['a', 'b', 'c', 'd'].map(|reason| (reason, module(reason))).into();
    let (host, file) = serving(&versions[0].1).await;
    let load = Load::start(&host);
    for (reason, wasm) in &versions[1..] {
        match reason {
            'b' => file.rename_over(wasm),
            'c' => file.copy_over(wasm),
            _ => copy_slowly(&host, &file, wasm).await,
        }
        let digest = digest(wasm);
        host.kind_is(1, "is served by the new version", |kind| serves(kind, &digest)).await;
        let after = host.left(1, &["anything"]).await;
        assert_eq!(host.parked(after).await.attempts[0].cause, reason.to_string());
    }
    let sessions = load.stop().await;
    let versions: Vec<_> = versions.iter().map(|(reason, wasm)| (*reason, digest(wasm))).collect();
    each_was_repeated_once(&host, &sessions, &versions).await;
    assert_eq!(host.log().iter().filter(|event| event["outcome"] == "not-started").count(), 0);
}

/// Copy a file in small pieces, and pause in the middle until the host has looked at the half of it.
async fn copy_slowly(host: &Host, file: &GuestFile, wasm: &[u8]) {
    let mut copy = OpenOptions::new().write(true).truncate(true).open(&file.0).unwrap();
    let pieces: Vec<&[u8]> = wasm.chunks(16).collect();
    for (number, piece) in pieces.iter().enumerate() {
        copy.write_all(piece).unwrap();
        sleep(Duration::from_millis(2)).await;
        if number == pieces.len() / 2 {
            let seen = host.kind_is(1, "is in trouble", |kind| !kind.trouble.is_empty()).await;
            assert!(seen.plugin.is_some(), "the old version stays in service");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rebuilt_again_and_again_under_load_each_version_comes_into_service() {
    const SWAPS: usize = 5;
    let wasm = |number: usize| tagged("misbehave", &format!("build {number}"));
    let (host, file) = serving(&wasm(0)).await;
    let load = Load::start(&host);
    let mut took = Vec::new();
    for number in 1..=SWAPS {
        let wasm = wasm(number);
        let digest = digest(&wasm);
        file.copy_over(&wasm);
        let copied = Instant::now();
        host.kind_is(1, "is served by the new build", |kind| serves(kind, &digest)).await;
        took.push(copied.elapsed());
    }
    let sessions = load.stop().await;
    took.sort();
    println!("in service after {took:?}, {} sessions meanwhile", sessions.len());
    for session in sessions {
        let parked = host.parked(session).await;
        assert_eq!(parked.attempts.len(), 1, "{parked:?}");
        assert!(parked.attempts[0].cause.contains("no such behaviour"), "{parked:?}");
    }
}
