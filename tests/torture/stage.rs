//! One host under torture, with all that stands around it.

use std::fmt;

use rand::rngs::StdRng;

use crate::{
    clock::Clocks,
    disk::Disk,
    harness::{Exit, Host, serve, until},
    load::{Field, KindOf},
    outside::Outside,
    setting::{KINDS, Setting, puppet},
};

/// Everything of one round.
pub struct Stage {
    pub host: Host,
    pub outside: Outside,
    pub field: Field,
    pub chance: StdRng,
    /// The config that serves; what faults write in its place is mended before the next start.
    pub setting: Setting,
    /// Where its wall clock can be set.
    pub clocks: Option<Clocks>,
    /// Where its store has a disk of its own.
    pub disk: Option<Disk>,
    pub counts: Counts,
}

/// What was done to the host.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub kills: u32,
    /// Of those, while it recovered.
    pub kills_in_recovery: u32,
    pub freezes: u32,
    pub stops: u32,
    pub reloads: u32,
    pub clock_steps: u32,
    pub disks_full: u32,
}

impl Stage {
    /// Put a config and a plugin in place that serve.
    pub fn mend(&mut self) {
        self.setting.plugin.rename_over(&puppet());
        self.host.reconfigure(&self.setting.config());
    }

    /// Start the host and wait until it serves.
    pub async fn launch(&mut self) {
        self.mend();
        if let Err(exit) = self.try_launch().await {
            panic!("the host did not start: {exit:?}");
        }
    }

    /// Start the host, which may not serve.
    pub async fn try_launch(&mut self) -> Result<(), Exit> {
        let command = || self.clocks.as_ref().map_or_else(serve, Clocks::command);
        self.host.try_launch(command).await
    }

    /// Wait until every kind is served as the config says.
    pub async fn served(&mut self) {
        self.mend();
        until("every kind is served", async || {
            let kinds = self.host.kinds().await;
            let served = |kind: &KindOf| {
                kinds.get(&kind.id).is_some_and(|it| it.trouble.is_empty() && it.plugin.is_some() && !it.paused)
            };
            KINDS.iter().all(served).then_some(())
        })
        .await;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, kills_in_recovery, freezes, stops, reloads, clock_steps, disks_full } = self;
        let all = [
            (*kills, "kills"),
            (*kills_in_recovery, "of them in recovery"),
            (*freezes, "freezes"),
            (*stops, "stops"),
            (*reloads, "reloads"),
            (*clock_steps, "clock steps"),
            (*disks_full, "full disks"),
        ];
        let some: Vec<String> =
            all.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        f.write_str(&some.join(", "))
    }
}
