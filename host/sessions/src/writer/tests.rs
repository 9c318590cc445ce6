//! The writer, driven without a thread over a store in memory and clocks that stand still until told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod admin;
mod claims;
mod fixture;
mod leases;
mod pipelines;
mod promises;
mod queue;
mod restart;
mod retries;
