//! Configs and plugins are replaced while the host runs: in service within a second or two, without a dropped session, and a
//! broken one keeps the old one in service and says so.
//!
//! | file | what is replaced |
//! |---|---|
//! | [`under_load`] | a plugin file, while its kind's sessions are repeated at full rate |
//! | [`versions`] | a plugin file, by broken ones and back |
//! | [`rollout`] | a plugin file, by one that traps: tried first, taken back after |
//! | [`config`] | the config: by its file, by SIGHUP |

mod config;
mod rollout;
mod under_load;
mod versions;

use mpy6a_proto::v1::Kind as Listed;
use sha2::{Digest as _, Sha256};

use crate::harness::{Config, GuestFile, Host, Kind};

/// A host whose kind 1 is repeated by this file, which the test replaces. Nothing is compiled before.
async fn serving(wasm: &[u8]) -> (Host, GuestFile) {
    let mut host = Host::prepare(&Config::of([]));
    let file = GuestFile(host.path("handler.wasm"));
    file.copy_over(wasm);
    let kind = Kind::misbehave(1).set("plugin.file", "handler.wasm").set("max_running", 8);
    host.reconfigure(&Config::of([kind]).set("plugins.cache", ""));
    host.launch().await;
    (host, file)
}

fn digest(wasm: &[u8]) -> String {
    hex::encode(Sha256::digest(wasm))
}

fn serves(kind: &Listed, digest: &str) -> bool {
    kind.plugin.as_ref().is_some_and(|plugin| plugin.digest == digest) && kind.trouble.is_empty()
}
