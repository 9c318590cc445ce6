//! The deterministic simulation of the state machine: the real writer, rules, scheduler and store, over a simulated disk and
//! clock, driven by a seed. A failing seed replays exactly.
//!
//! ```text
//!            seed
//!             |
//!   chance ---+--- world ---- people (clients, runs, config) -- messages --> host: Writer::step
//!                    |                                                        |      |
//!                    |   model <-- judges messages, answers, commit, claims --+    store (watched)
//!                    |     |                                                         |
//!                    |     +------- compares with everything that was found <--------+
//!                    |                                                               |
//!                    +-- faults, deaths, births -------------------------------> disk, clock
//! ```
//!
//! | part | job |
//! |---|---|
//! | `args`, here | the command line, and what is run without one |
//! | `world` | one history: storm, deaths, recoveries, calm |
//! | `disk`, `clock`, `chance`, `baton` | the machine, simulated: its disk, time, chance and threads |
//! | `host`, `watched` | the real thing, and a witness in between |
//! | `model` | what must be true |
//! | `sweep` | one fault at every call of the disk, one after another |
//! | `sabotage`, `sabotage.sh` | promises broken on purpose: each must be found |
//! | `history`, `words` | what happened, to compare and to read |
//!
//! `docs/testing.md` says how to run it, what it covers and what it does not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod apart;
mod args;
mod baton;
mod chance;
mod clock;
mod disk;
mod history;
mod host;
mod model;
mod sabotage;
mod sweep;
mod watched;
mod words;
mod world;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Args;

fn main() -> ExitCode {
    // A panic of the code under test is caught and judged; it need not be shown a thousand times.
    std::panic::set_hook(Box::new(|info| {
        if info.location().is_some_and(|at| at.file().contains("tests/sim")) {
            eprintln!("{info}");
        }
    }));
    let args = Args::parse();
    if args.is_filtered_out() {
        return ExitCode::SUCCESS;
    }
    args.run()
}
