//! What no right host does, done behind its back, so that the checker must complain: a torture that cannot fail holds
//! nothing.

use std::{fs, path::Path, time::Duration};

use tokio::time::sleep;

use crate::stage::Stage;

/// A way to break a promise without touching the host's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// The host is killed, and its store is put back to what it was a while ago.
    OldStore,
    /// The monotonic clock, which leases run on, jumps ahead, again and again from the first session on: whatever is claimed
    /// then was claimed too early, while one jump into a busy host finds all workers at what was due before.
    HastyLeases,
}

/// How long clients work between the copy and the kill: each of them has been acknowledged something by then.
const A_WHILE: Duration = Duration::from_secs(1);
/// How far the monotonic clock jumps each time: further than any lease.
const JUMP_MS: i64 = 2_000;
/// How often it jumps, and how long runs have between two jumps to be handed their session.
const JUMPS: i64 = 10;
const BETWEEN_JUMPS: Duration = Duration::from_millis(100);

impl Sabotage {
    pub async fn commit(self, stage: &mut Stage) {
        match self {
            Self::OldStore => {
                sleep(A_WHILE).await;
                let (data, copy) = (stage.setting.data.clone(), stage.host.path("copy"));
                stage.host.kill();
                copy_over(&data, &copy);
                stage.launch().await;
                sleep(A_WHILE).await;
                stage.host.kill();
                copy_over(&copy, &data);
                stage.launch().await;
            }
            Self::HastyLeases => {
                let clocks = stage.clocks.as_ref().expect("a round with this sabotage has clocks of its own");
                for jump in 1..=JUMPS {
                    sleep(BETWEEN_JUMPS).await;
                    clocks.set_monotonic(jump * JUMP_MS);
                }
            }
        }
    }
}

/// Put a folder in the place of another.
fn copy_over(from: &Path, to: &Path) {
    // The first copy has nothing to replace.
    let _ = fs::remove_dir_all(to);
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_over(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
