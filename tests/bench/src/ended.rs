//! The repeats that a host has ended, as its own log tells them.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    time::{Duration, Instant, SystemTime},
};

use serde::Deserialize;

use crate::{Outcome, host::Host};

/// How long to wait for repeats that are to end: a bench that hangs is worse than one that fails.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(50);

/// One line `repeat ended`.
#[derive(Deserialize)]
struct Line {
    message: String,
    timestamp: String,
    #[serde(default)]
    ended: String,
    #[serde(default)]
    lag_us: u64,
    #[serde(default)]
    run_us: u64,
    #[serde(default)]
    commit_us: u64,
    #[serde(default)]
    total_us: u64,
}

/// One repeat.
pub struct Ended {
    /// When its end was durable.
    pub at: SystemTime,
    pub lag_us: u64,
    pub run_us: u64,
    pub commit_us: u64,
    pub total_us: u64,
}

impl Ended {
    /// When it fell due.
    pub fn due(&self) -> SystemTime {
        self.at - Duration::from_micros(self.total_us)
    }
}

/// All repeats after the first `skip`, once there are `wanted` of them. Each must have ended as the handler was asked to: with its
/// session deleted.
pub async fn wait(host: &Host, skip: usize, wanted: usize) -> Outcome<Vec<Ended>> {
    let deadline = Instant::now() + PATIENCE;
    // Cheap looks first: the log is read when there can be as many.
    host.kind_until(crate::host::DUE, |kind| kind.active + kind.stored + kind.repeating == 0).await?;
    loop {
        let ended = read(host)?;
        if ended.len() >= skip + wanted {
            return Ok(ended.into_iter().skip(skip).collect());
        }
        if Instant::now() > deadline {
            return Err(format!("{} of {wanted} repeats ended within {PATIENCE:?}", ended.len() - skip).into());
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn read(host: &Host) -> Outcome<Vec<Ended>> {
    let mut all = Vec::new();
    for text in BufReader::new(File::open(host.log())?).lines() {
        // The last line may be half there; others are not about repeats.
        let Ok(line) = serde_json::from_str::<Line>(&text?) else { continue };
        if line.message != "repeat ended" {
            continue;
        }
        if line.ended != "deleted" {
            return Err(format!("a repeat was to delete its session, and {}", line.ended).into());
        }
        let Line { lag_us, run_us, commit_us, total_us, .. } = line;
        let at = humantime::parse_rfc3339(&line.timestamp)?;
        all.push(Ended { at, lag_us, run_us, commit_us, total_us });
    }
    Ok(all)
}
