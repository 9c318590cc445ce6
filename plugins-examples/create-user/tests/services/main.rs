//! Services A and B over real HTTP, in this process: what they promise to their callers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod faults;
mod fences;
mod harness;
mod service_a;
mod service_b;
