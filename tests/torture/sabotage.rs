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
                let (data, copy) = (stage.host.path("."), stage.host.path("copy"));
                stage.host.kill();
                copy_store(&data, &copy);
                stage.launch().await;
                sleep(A_WHILE).await;
                stage.host.kill();
                copy_store(&copy, &data);
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

/// Everything in the folder of a host that its store may consist of: the database file, and whatever lies beside it under a
/// name that begins like it.
fn copy_store(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if !name.to_string_lossy().starts_with("mpy6a.redb") {
            continue;
        }
        let (from, to) = (entry.path(), to.join(&name));
        if from.is_dir() {
            fs::remove_dir_all(&to).ok();
            fs::create_dir_all(&to).unwrap();
            for file in fs::read_dir(&from).unwrap() {
                let file = file.unwrap();
                fs::copy(file.path(), to.join(file.file_name())).unwrap();
            }
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}
