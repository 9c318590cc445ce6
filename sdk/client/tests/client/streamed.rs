//! Every promise, over the stream.

use crate::peer::Way;

/// How the clients of these tests ask.
const WAY: Way = Way::Streamed;

#[path = "leases.rs"]
mod leases;
#[path = "operations.rs"]
mod operations;
#[path = "retries.rs"]
mod retries;
#[path = "scenarios.rs"]
mod scenarios;
#[path = "tcp.rs"]
mod tcp;
