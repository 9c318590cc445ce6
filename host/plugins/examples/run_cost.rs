//! What a whole run costs: instance, call, two session operations, end; without a commit.
//!
//! ```text
//! cargo run --release -p mpy6a-plugins --example run_cost [handler.wasm [runs]]
//! ```
//!
//! Without a file it runs a handler in the text format that appends a record and stores the session. The handler must not
//! send requests, since nothing is granted.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::{env, path::PathBuf, sync::Arc, time::Duration, time::Instant};

use bytes::Bytes;
use mpy6a_plugins::{Barrier, Job, PluginSpec, Sandbox, SandboxConfig, barrier::Committing};
use mpy6a_sessions::{Claimed, Client, Due, Handle, Index, Key, Limits, Session, SessionOp, Standing, State};

const HANDLER: &str = r#"(module
  (import "mpy6a:handler/types@1.0.0" "[method]session.append" (func $append (param i32 i32 i32 i32)))
  (import "mpy6a:handler/types@1.0.0" "[method]session.store" (func $store (param i32 i32 i32 i32)))
  (memory (export "memory") 17)
  (global $free (mut i32) (i32.const 4096))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "handle") (param $data i32) (result i32)
    (call $append (i32.load offset=8 (local.get $data)) (i32.const 0) (i32.const 100) (i32.const 3000))
    (call $store (i32.load offset=8 (local.get $data)) (i32.const 1) (i32.const 60) (i32.const 3000))
    (i32.const 2048)))"#;

struct Free;

impl Barrier for Free {
    fn commit(&self, _: Handle, _: Vec<SessionOp>) -> Committing<'_> {
        Box::pin(async { Ok(()) })
    }
}

#[tokio::main]
async fn main() {
    let mut arguments = env::args().skip(1);
    let dir = tempfile::tempdir().unwrap();
    let file = arguments.next().map_or_else(
        || {
            let file = dir.path().join("handler.wasm");
            std::fs::write(&file, wat::parse_str(HANDLER).unwrap()).unwrap();
            file
        },
        PathBuf::from,
    );
    let runs: u32 = arguments.next().map_or(10_000, |runs| runs.parse().unwrap());

    let config =
        SandboxConfig { runs_max: 64, memory_bytes_max: 256 << 20, cache_dir: None, limits: Limits::default() };
    let begun = Instant::now();
    let sandbox = Sandbox::new(config).unwrap();
    println!("sandbox   {:>9.1?}", begun.elapsed());
    let begun = Instant::now();
    let mut spec = PluginSpec { file, ..PluginSpec::default() };
    spec.limits.memory_bytes = 256 << 20;
    let plugin = sandbox.load(&spec).await.unwrap();
    println!("load      {:>9.1?}", begun.elapsed());

    let barrier: Arc<dyn Barrier> = Arc::new(Free);
    let mut times: Vec<Duration> = Vec::new();
    let mut outcome = None;
    for _ in 0..runs {
        let job = job();
        let begun = Instant::now();
        let end = plugin.run(job, Arc::clone(&barrier)).await;
        times.push(begun.elapsed());
        outcome = Some((end.report.outcome, end.ops.len(), end.report.fuel, end.report.memory_peak_bytes));
    }
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!(
        "run       {:>9.1?} p50, {:.1?} p99, {:.1?} mean of {runs}",
        at(0.5),
        at(0.99),
        times.iter().sum::<Duration>() / runs
    );
    println!("last      {outcome:?}");
}

fn job() -> Job {
    let index = |index| Index { term: 1, index };
    let due = Due { at_ms: 5_000, stored: index(8) };
    let session = Session {
        id: index(7),
        kind: 3,
        change_id: index(9),
        fence: index(9),
        client: Client { key: Key(1), lease_ms: 0, standing: Standing::GaveUp, last: None },
        state: State::Repeating { key: Key(2), due, since_ms: 6_000 },
        created_ms: 1_000,
        stored_ms: 2_000,
        repeats: 2,
        records: 1,
        bytes: 200,
        attempts: 1,
        traceparent: None,
    };
    let claimed = Claimed {
        handle: Handle { id: session.id, key: Key(2) },
        session,
        records: vec![Bytes::from(vec![b'x'; 200])],
        due,
        claimed_ms: 6_000,
        late: Duration::ZERO,
        claimed_at: Duration::ZERO,
    };
    Job { claimed, kind_name: "example".to_owned(), max_repeats: 10 }
}
