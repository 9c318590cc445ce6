//! A second way to the host, over which answers get lost.

use std::{sync::Arc, time::Duration};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use tokio::{task::JoinHandle, time::sleep};

use crate::harness::{LOOK, Proxy};

/// A wire that is cut now and then, so that answers are lost without harm to the host.
pub struct Cutting {
    proxy: Arc<Proxy>,
    scissors: JoinHandle<()>,
}

impl Cutting {
    /// Begin to cut.
    pub fn start(proxy: Proxy, seed: u64) -> Self {
        let mut chance = StdRng::seed_from_u64(!seed);
        let proxy = Arc::new(proxy);
        let cut = Arc::clone(&proxy);
        let scissors = tokio::spawn(async move {
            loop {
                sleep(Duration::from_millis(chance.random_range(100..800))).await;
                cut.cut();
                sleep(LOOK).await;
                cut.mend();
            }
        });
        Self { proxy, scissors }
    }

    /// From now on it holds.
    pub fn hold(&self) {
        self.scissors.abort();
        self.proxy.mend();
    }
}
