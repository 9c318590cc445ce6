//! The sandbox of mpy6a: repeat handlers as WebAssembly components, loaded while the host runs, run within limits.
//!
//! # Parts
//!
//! | module | job |
//! |---|---|
//! | [`sandbox`] | one per process: the engine, the pool of instances, the linker, the compile cache |
//! | [`load`] | a plugin file becomes a [`Plugin`]: read, digest, componentize, check, compile, pre-link, try out |
//! | [`registry`] | which plugin serves which kind; swapped in one step |
//! | [`run`] | one run of a handler over one claimed session |
//! | `host` | what one run keeps on the host's side: session, log, memory account, host resources |
//! | `bindings` | one file for each import that a guest may call |
//! | [`egress`] | HTTP out of the sandbox: allow-list, address check, connector, client |
//! | `outcome` | how the end of a run becomes a typed cause |
//! | [`barrier`] | the write-ahead barrier towards the state machine |
//! | [`surroundings`] | another clock, chance and network for a run, and somebody who watches it |
//! | [`recording`] | a run written down, and the surroundings to run it again in |
//! | [`shown`] | texts from elsewhere, made fit for a message |
//! | [`limits`] | every bound, with its unit and reason |
//!
//! # The way of a run
//!
//! ```text
//! Job -> RepeatData -> fresh instance -> handle() --+--> session ops -> Draft ----------------+
//!                                                   |                                          |
//!                                                   +--> http.send -> allowed? -> Barrier -> network
//!                                                                                              |
//! RunEnd { what is still buffered, Report } <--- Outcome <--- returned, trapped, limit, time <--+
//! ```
//!
//! # Invariants
//!
//! * This crate is the only place that names wasmtime.
//! * A guest touches one session: the one in its [`Job`]. There is one session resource in a run and its number means nothing.
//! * Nothing leaves the host before everything that the handler asked earlier is durable ([`barrier`]).
//! * Nothing in a run outlives it: dropping the run's store aborts its requests and frees its resources.
//! * Whatever a guest can make grow is bounded in [`limits`], and every bound ends in a typed [`Outcome`] or an error value.
//! * A plugin that fails to load changes nothing; a plugin that was replaced stays whole until its last run ended.
//!
//! Absent on purpose: files, sockets, environment variables, arguments, threads, and any way from one run to another.
//!
//! [`Outcome`]: mpy6a_sessions::Outcome

pub mod barrier;
mod bindings;
pub mod egress;
mod engine;
mod host;
pub mod limits;
pub mod load;
mod outcome;
pub mod plugin;
pub mod recording;
pub mod registry;
pub mod run;
pub mod sandbox;
pub mod shown;
pub mod surroundings;
mod ticker;

pub use barrier::Barrier;
pub use egress::{HttpRule, Resolve, RuleError, Transport};
pub use limits::RunLimits;
pub use load::{Cost, LoadError, inspect};
pub use plugin::{Grants, Plugin, PluginSpec};
pub use recording::{Recorder, Recording, Replayer};
pub use registry::Registry;
pub use run::{Job, RunEnd};
pub use sandbox::{Sandbox, SandboxConfig, SandboxError};
pub use surroundings::Surroundings;

/// What runs the handlers, and its version: `wasmtime 48.0.8`.
pub const ENGINE: &str = concat!("wasmtime ", env!("MPY6A_WASMTIME"));
