//! The sandbox, attacked: every hostile guest ends as it should, in bounded memory, and holds up nobody else.
//!
//! Each attack is run again and again, by as many tasks as the runtime has threads, while a well-behaved neighbour goes on
//! in the same sandbox. Of each attack three things are asserted: how its runs end (the typed outcome, and what its text
//! says), how far the memory of this process grows meanwhile, and that the neighbour makes progress. What is only measured,
//! the time to the end and the neighbour's latency beside its latency on a quiet machine, is printed:
//!
//! ```text
//! cargo test --workspace --test hostile -- --nocapture
//! ```
//!
//! | part | job |
//! |---|---|
//! | [`attack`] | what an attack is, and how it has to end |
//! | [`neighbour`] | the well-behaved one, and its latency |
//! | [`watch`] | the memory of this process |
//! | [`row`] | one attack beside the neighbour: the assertions |
//! | [`table`] | all of them: the set-up, and the table |
//! | [`wasi`] | guests that call WASI, which the contract's prelude cannot |
//! | the others | the attacks, by what they try |
//!
//! Two attacks at once would blur each other's figures, so the tests of this binary run one after the other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod attack;
mod bombs;
#[path = "../common/mod.rs"]
mod common;
mod computing;
mod contract;
mod floods;
mod http;
mod memory;
mod neighbour;
mod resources;
mod row;
mod starts;
mod table;
mod tenants;
mod waits;
mod wasi;
mod watch;

use common::{guest, rig};
