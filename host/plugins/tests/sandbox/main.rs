//! The sandbox against real Wasm: guests written by hand as core modules, which the sandbox makes components of.
//!
//! Each module here holds promises of one kind; [`rig`] has what they share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../common/mod.rs"]
mod common;
mod egress;
mod guests;
mod limits;
mod loading;
mod proposals;
mod session;
mod starting;
mod wasi;
mod words;

use common::{guest, rig};
