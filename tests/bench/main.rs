//! A quick bench of the real binary, every figure beside one that was measured in the same run.
//!
//! ```text
//! cargo bench -p mpy6a                 (the Rust guests must be built: .ci/build-guests)
//! cargo bench -p mpy6a -- --seconds 5  (longer measurements)
//! ```
//!
//! What it prints: the workflow New, Append, Delete over unary gRPC, every operation fsynced before it is answered, at 1, 16
//! and 64 in flight, beside a bare tonic echo of the same messages; one fdatasync; and how long a repeat takes from its
//! due time to its commit. Host, echo server and load are three processes on one machine, so the two cores are shared by
//! all of them: take ratios, not absolutes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod disk;
mod echo;
mod host;
mod load;
mod repeats;

use std::time::Duration;

const IN_FLIGHT: [usize; 3] = [1, 16, 64];
/// Host and echo are measured in turns, so that a neighbour's burst of work strikes both.
const ROUNDS: usize = 5;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(address) = after(&arguments, echo::FLAG) {
        return echo::serve(address).await;
    }
    let seconds = after(&arguments, "--seconds").map_or(2.0, |text| text.parse().expect("--seconds takes a number"));
    let slice = Duration::from_secs_f64(seconds);

    println!("one fdatasync of a 300-byte append: {} µs (median of 500)\n", disk::fdatasync_us());
    let echo = echo::Server::start().await;
    let host = host::Host::start().await;
    println!(
        "{:>9} {:>14} {:>12} {:>12} {:>7} {:>10} {:>10}",
        "in flight", "workflows/s", "ops/s", "echo/s", "ratio", "p50 ms", "p99 ms"
    );
    for in_flight in IN_FLIGHT {
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let echoed = load::run(&echo.url, in_flight, slice, load::Kind::Echo).await;
            let worked = load::run(&host.url, in_flight, slice, load::Kind::Workflow).await;
            rounds.push((worked, echoed));
        }
        print_row(in_flight, rounds);
    }
    println!(
        "\n(medians of {ROUNDS} rounds of {seconds} s each; latencies are of one operation; ratio = ops/s : echo/s)\n"
    );
    repeats::run(&host).await;
}

fn print_row(in_flight: usize, mut rounds: Vec<(load::Measured, load::Measured)>) {
    let ratio = |(worked, echoed): &(load::Measured, load::Measured)| worked.per_second / echoed.per_second;
    rounds.sort_by(|a, b| ratio(a).total_cmp(&ratio(b)));
    let median = &rounds[ROUNDS / 2];
    let (worked, echoed) = median;
    println!(
        "{in_flight:>9} {:>14.0} {:>12.0} {:>12.0} {:>7.2} {:>10.2} {:>10.2}",
        worked.per_second / 3.0,
        worked.per_second,
        echoed.per_second,
        ratio(median),
        worked.p50_ms,
        worked.p99_ms,
    );
}

fn after<'a>(arguments: &'a [String], flag: &str) -> Option<&'a str> {
    let at = arguments.iter().position(|argument| argument == flag)?;
    arguments.get(at + 1).map(String::as_str)
}
