//! Attacks beside a neighbour, one after the other, and the table of what is measured.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use mpy6a_plugins::{
    Sandbox, SandboxConfig,
    egress::{Resolve, Resolving},
    limits::EVENT_INTERVAL,
};
use mpy6a_sessions::Limits;
use tokio::runtime::{self, Runtime};

use crate::{attack::Attack, neighbour::Neighbour, rig::config, row::Row};

/// Threads of the runtime, and tasks that attack: without being told to give way, they would have all of it.
pub const THREADS: usize = 2;

/// Runs of the neighbour on the quiet machine.
const QUIET_RUNS: usize = 300;

/// The largest memory limit of any attack, in bytes.
pub const MEMORY_BYTES_MAX: u64 = 256 << 20;

/// One attack at a time in this process.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Try these attacks, one after the other, and print a table of this name.
pub fn beside_a_neighbour(name: &str, attacks: Vec<Attack>) {
    let _alone = alone();
    let threads = |count| {
        runtime::Builder::new_multi_thread()
            .worker_threads(count)
            .event_interval(EVENT_INTERVAL)
            .enable_all()
            .build()
            .unwrap()
    };
    // What is outside must not take turns from what is measured.
    let (inside, outside) = (threads(THREADS), threads(1));
    let wrong = inside.block_on(inside.spawn(rows(name.to_owned(), attacks, Arc::new(outside)))).unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn rows(name: String, attacks: Vec<Attack>, outside: Arc<Runtime>) -> Vec<String> {
    let config = SandboxConfig { memory_bytes_max: MEMORY_BYTES_MAX, limits: Limits::default(), ..config() };
    let sandbox = Sandbox::with_resolver(config, Arc::new(Loopback)).unwrap();
    let neighbour = Arc::new(Neighbour::start(&sandbox).await);
    assert!(neighbour.reaches(QUIET_RUNS).await, "the neighbour is held up by nobody");
    // The first runs find nothing warm.
    let quiet = neighbour.since(QUIET_RUNS / 3);
    println!("\n| {name} | ends as | after | memory grew by | neighbour p50/p99, quiet | attacked |");
    println!("|---|---|---|---|---|---|");
    let mut wrong = Vec::new();
    for attack in attacks {
        let row = Row::of(Arc::new(attack), &sandbox, &neighbour, &outside).await;
        println!("{}", row.shown(quiet));
        wrong.extend(row.wrong);
    }
    // Otherwise dropped within a task, which a runtime must not be.
    if let Some(outside) = Arc::into_inner(outside) {
        outside.shutdown_background();
    }
    wrong
}

/// Every name is at 127.0.0.1.
struct Loopback;

impl Resolve for Loopback {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
        Box::pin(async { Ok(vec![IpAddr::from([127, 0, 0, 1])]) })
    }
}
