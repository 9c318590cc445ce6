//! mpy6a measured: every figure a ratio to something that was measured in the same run, in turns with it.
//!
//! ```text
//! make bench                                  what fits in about ten minutes
//! make bench ARGS="--only peers --seconds 3"  one section, in longer slices
//! make bench ARGS="--all --write-docs"        everything, into docs/performance.md and docs/bench/
//! ```
//!
//! | part | what it does |
//! |---|---|
//! | `sections/` | one file for each table that is printed; the order and the texts are in `sections/mod.rs` |
//! | `peers/` | one file for each system that it is measured beside |
//! | `client/` | clients of the real host |
//! | `load`, `rounds` | drive workers for a slice of time; drive two things in turns |
//! | `host`, `echo`, `floor` | what is measured, and what it is measured by: the real host, gRPC alone, the disk alone |
//! | `daemon` | other programs, ended with the bench however it ends |
//! | `report/` | tables, results as JSON, charts, the docs, and what the project set out to reach |
//!
//! Host, peer and load share the machine's cores, so take ratios, not absolutes.

mod args;
mod client;
mod daemon;
mod echo;
mod ended;
mod floor;
mod host;
mod load;
mod peers;
mod report;
mod rounds;
mod sections;

use std::{error::Error, process::ExitCode};

use args::Args;
use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

/// What may fail. The text of an error says what to do about it.
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let ended = match args.serve_echo {
        Some(address) => echo::serve(address, args.delete_at.as_deref()).await,
        None => tokio::select! {
            ended = sections::run(&args) => ended,
            // Dropping the sections ends what they started.
            interrupted = interrupted() => interrupted,
        },
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn interrupted() -> Outcome<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        ended = tokio::signal::ctrl_c() => ended?,
        _ = terminate.recv() => {}
    }
    Err("interrupted".into())
}
