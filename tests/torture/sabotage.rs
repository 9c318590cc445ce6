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
    /// The monotonic clock, which leases run on, jumps ahead.
    HastyLeases,
}

/// How long clients work between the copy and the kill: each of them has been acknowledged something by then.
const A_WHILE: Duration = Duration::from_secs(1);

impl Sabotage {
    pub async fn commit(self, stage: &mut Stage) {
        sleep(A_WHILE).await;
        match self {
            Self::OldStore => {
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
                if let Some(clocks) = &stage.clocks {
                    clocks.set_monotonic(60_000);
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
