//! The promises of mpy6a, asked of the real binary: real gRPC, real plugins, a real `kill -9`.
//!
//! | module | what it holds the host to |
//! |---|---|
//! | [`lifecycle`] | what clients and handlers do arrives, once and whole |
//! | [`operate`] | the stream keeps every promise of single calls, and its own |
//! | [`errors`] | bad input gets a clear error on the wire |
//! | [`startup`] | configs, plugins, stores and disks that are not as they should be |
//! | [`kill`] | nothing acknowledged is lost to SIGKILL |
//! | [`restart`] | what a killed host was repeating is repeated at once, and not for ever |
//! | [`manager`] | a service manager is told the truth, in time |
//! | [`shutdown`] | SIGTERM lets finish what is under way |
//! | [`plugin`] | the author of a handler is told what to do |
//! | [`misbehave`] | no handler harms anything but its own run |
//! | [`barrier`] | effects never precede their intent |
//! | [`replay`] | attempts are kept, and run again to the same fuel |
//! | [`reload`] | configs and plugins are replaced without a dropped session |
//! | [`leases`] | one operator at a time |
//! | [`admin`] | people find what is stuck, learn why, and act on it |
//! | [`console`] | the web page shows what is wrong, and steers the host for nobody but who sits before it |
//! | [`security`] | only the right people can |
//! | [`hostile_wire`] | peers that mean the host no good |
//! | [`telemetry`] | metrics, dashboard, alerts and traces say what is |
//! | [`offline`] | handlers tried out without a host |
//! | [`printing`] | what commands print, where nobody reads it |
//! | [`version`] | a program says which commit it is built from |
//!
//! The [`harness`] makes a test a few lines. Tests wait for conditions, never for a time to pass; only where a promise
//! is about time do they look at the clock. They need the guests in `target/guests`: run `.ci/build-guests` first.
//!
//! Most tests wait more than they work: `cargo test -p mpy6a --test blackbox -- --test-threads 8` uses the cores better
//! than the default. `MPY6A_KILL_ROUNDS=100` kills the host a hundred times instead of ten.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod admin;
mod barrier;
mod console;
#[path = "../torture/disk.rs"]
#[allow(dead_code, reason = "the torture fills it")]
mod disk;
mod errors;
#[path = "../harness/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the conformance suite uses the rest")]
mod harness;
mod hostile_wire;
mod kill;
mod leases;
mod lifecycle;
mod manager;
mod misbehave;
mod offline;
mod operate;
mod plugin;
mod printing;
mod reload;
mod replay;
mod restart;
mod security;
mod shutdown;
mod startup;
mod telemetry;
mod version;
