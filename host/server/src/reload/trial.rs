//! Trying a changed plugin on attempts that are kept, before it takes over.
//!
//! Each is replayed, which has no effect on anything. What counts is whether the plugin is ended: by a trap, a limit, or a breach of the
//! contract, where the run of then returned. Whether it does the same is not asked: it was changed to do otherwise.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use mpy6a_kit::{offline, replay::replay};
use mpy6a_plugins::{Plugin, Recording};
use mpy6a_sessions::Outcome;
use tracing::{info, subscriber::NoSubscriber};

use crate::{limits::TRIAL_TIME_MAX, recordings::Recordings};

/// A plugin to be tried.
#[derive(Clone)]
pub struct Trial {
    /// Where the attempts are.
    pub recordings: Recordings,
    /// Whose.
    pub kind: u32,
    /// How many of the last.
    pub attempts: u32,
    /// What is in service: it needs no trial.
    pub in_service: [u8; 32],
}

impl Trial {
    /// Try it. It takes as long as the attempts compute, and no longer than [`TRIAL_TIME_MAX`] and a run.
    ///
    /// # Errors
    ///
    /// What it did, and what to do.
    pub async fn of(self, plugin: &Arc<Plugin>) -> Result<(), String> {
        if self.attempts == 0 || plugin.digest() == self.in_service {
            return Ok(());
        }
        let plugin = Arc::clone(plugin);
        let kind = self.kind;
        let tried = tokio::task::spawn_blocking(move || self.on_each(&plugin)).await;
        let tried =
            tried.map_err(|error| format!("the host panicked while trying it, please report it: {error}"))??;
        info!(kind, attempts = tried, "a changed plugin was tried on attempts that are kept");
        Ok(())
    }

    fn on_each(&self, plugin: &Plugin) -> Result<usize, String> {
        let recordings = self.recordings.newest(self.kind, self.attempts as usize);
        let began = Instant::now();
        // What it logs meanwhile did not happen.
        tracing::subscriber::with_default(NoSubscriber::default(), || {
            let runtime = offline::runtime().map_err(|error| error.to_string())?;
            let mut tried = 0;
            for recording in recordings.iter().filter(|recording| is_fit(recording)) {
                if began.elapsed() > TRIAL_TIME_MAX {
                    break;
                }
                let replayed = runtime.block_on(replay(plugin, recording, Duration::ZERO));
                judge(plugin, recording, &replayed.did.report.outcome)?;
                tried += 1;
            }
            Ok(tried)
        })
    }
}

/// Whether an attempt says anything about a plugin: the handler of then was not ended, and nothing of it is missing.
fn is_fit(recording: &Recording) -> bool {
    recording.lacks.is_none() && recording.did.report.outcome.is_returned()
}

fn judge(plugin: &Plugin, recording: &Recording, outcome: &Outcome) -> Result<(), String> {
    if outcome.is_returned() {
        return Ok(());
    }
    let (session, then) = (&recording.given.session, recording.did.report.outcome.name());
    Err(format!(
        "version {} is refused: tried on repeat {} of session {}, it ended with {outcome}, where that of then ended with {then}. Mend it: \
         `mpy6a session replay {} {} --plugin FILE` shows what it does; or set kind.rollout.try_attempts to 0",
        super::short(plugin.digest()),
        session.repeats,
        session.id,
        session.id,
        session.repeats,
    ))
}
