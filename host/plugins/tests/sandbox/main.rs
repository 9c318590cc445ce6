//! The sandbox against real Wasm: guests written by hand as core modules, which the sandbox makes components of.
//!
//! Each module here holds promises of one kind; [`rig`] has what they share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod egress;
mod guest;
mod guests;
mod limits;
mod loading;
mod rig;
mod session;
mod wasi;
