//! The systems that people would use instead, each doing the nearest thing to the same workflow: keep 200 bytes, keep 200 more,
//! forget both.
//!
//! Each is started by the bench, with its data on the same disk, as a user without rights, and told to sync before it
//! acknowledges. Each is driven the way that serves it best: as many connections as it likes, prepared statements, pipelining
//! where its client does that by itself.
//!
//! One more peer is one more file with a [`Peer`] in it, and a line in `sections/peers.rs`.

pub mod beanstalkd;
pub mod nats;
pub mod postgresql;
pub mod redis;
pub mod restate;

use std::future::Future;

use crate::{Outcome, load::Worker};

/// One of the systems.
pub trait Peer: Sized {
    /// How tables call it.
    const NAME: &str;
    /// The key of its figures.
    const KEY: &str;
    /// What the workflow is for it, and how it is told to sync.
    const HOW: &str;
    /// How many connections may be worth trying; the best is reported. Empty: its client uses as many as it likes.
    const CONNECTIONS: &[usize] = &[];
    type Worker: Worker;

    /// Start it, empty.
    fn start() -> impl Future<Output = Outcome<Self>>;

    /// So many workflows in flight, over at most so many connections.
    fn workers(&self, in_flight: usize, connections: usize) -> impl Future<Output = Outcome<Vec<Self::Worker>>>;
}
