//! Clients, many at once, each with one session after another, that write down all they ask and are answered.
//!
//! | file | what is in it |
//! |---|---|
//! | [`transport`] | how a request reaches the host: the only place that knows of gRPC |
//! | [`raw`] | a client that numbers and retries by hand, and does what a good one would not |
//! | [`library`] | one that uses the crate `mpy6a-client` |

mod library;
mod raw;
mod transport;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use mpy6a_proto::v1::admin_client::AdminClient;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use tokio::{sync::watch, task::JoinHandle, time::Instant};
use tonic::transport::Channel;

pub use self::transport::{Told, Transport, operators};
use crate::{
    history::{At, History, Record, Tag},
    setting::KINDS,
};

/// Clients that speak raw gRPC, and those that use the library.
const RAW: u64 = 40;
const LIBRARY: u64 = 8;

/// What all clients of a round share.
#[derive(Clone)]
pub struct Field {
    /// Where the host is: twice, the second over a wire that is cut now and then.
    pub urls: [String; 2],
    /// As its operators ask it.
    pub admin: AdminClient<Channel>,
    pub watch: Watch,
    /// The longest record, in bytes.
    pub record_max: Arc<AtomicU32>,
    tags: Arc<AtomicU32>,
    /// Acknowledged operations, to be read while clients work.
    pub acknowledged: Arc<AtomicU64>,
    stop: watch::Sender<bool>,
}

/// A kind of sessions.
#[derive(Clone, Copy, Debug)]
pub struct KindOf {
    pub id: u32,
    pub lease: Duration,
    pub delay: Duration,
    /// Runs at once, which clients cannot know.
    pub workers: u32,
}

/// The monotonic clock of a round.
#[derive(Clone, Copy)]
pub struct Watch(Instant);

impl Watch {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    pub fn now(&self) -> At {
        self.0.elapsed()
    }
}

impl Field {
    pub fn new(urls: [String; 2], watch: Watch, record_max: u32) -> Self {
        let stop = watch::channel(false).0;
        let (tags, acknowledged) = (Arc::default(), Arc::default());
        let record_max = Arc::new(AtomicU32::new(record_max));
        // Where that is shows when the host is started.
        let admin = transport::operators("http://127.0.0.1:1");
        Self { urls, admin, watch, record_max, tags, acknowledged, stop }
    }

    /// Set them all to work.
    pub fn start(&self, seed: u64) -> Vec<JoinHandle<Vec<History>>> {
        let raw = (0..RAW).map(|name| tokio::spawn(raw::work(self.clone(), chance(seed, name))));
        let library = (0..LIBRARY).map(|name| tokio::spawn(library::work(self.clone(), chance(seed, RAW + name))));
        raw.chain(library).collect()
    }

    /// Let them come to an end with what they have in hand.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// A history to be, of a kind drawn by chance.
    fn new_session(&self, chance: &mut StdRng) -> History {
        let KindOf { id: kind, lease, delay, .. } = KINDS[chance.random_range(0..KINDS.len())];
        let tag: Tag = self.tags.fetch_add(1, Ordering::Relaxed);
        History { tag, kind, lease, delay, calls: Vec::new(), handed: Vec::new(), looks: Vec::new() }
    }

    /// A record that this session has not had yet.
    fn record(&self, history: &History, chance: &mut StdRng) -> Record {
        let serial = u32::try_from(history.calls.len()).unwrap();
        // Mostly small ones, as intents are.
        let longest = self.record_max.load(Ordering::Relaxed);
        let len = if chance.random_ratio(1, 10) { longest } else { longest.min(200) };
        Record { session: history.tag, serial, len: chance.random_range(0..=len) }
    }

    fn acknowledge(&self) {
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
    }
}

/// Chance of its own for each client, the same for the same seed.
fn chance(seed: u64, name: u64) -> StdRng {
    StdRng::seed_from_u64(seed ^ name.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}
