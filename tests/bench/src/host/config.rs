//! The config of the bench's host: two kinds, one that is never due and one that sections set as they need it.

use std::{fmt::Write as _, net::SocketAddr};

use crate::{Outcome, daemon};

/// The kind of ordinary workflows: nothing of it is ever due within a run of the bench.
pub const PLAIN: u32 = 1;
/// The kind whose sessions fall due together.
pub const DUE: u32 = 2;

/// How many handler runs the bench lets a kind have at once: enough for one commit to carry many of their ends.
const RUNS: u32 = 64;

/// What a section wants of the kind [`DUE`].
#[derive(Clone, Copy)]
pub struct Due {
    pub lease_s: u32,
    pub delay_s: u32,
    pub jitter_s: u32,
    pub paused: bool,
}

impl Default for Due {
    fn default() -> Self {
        Self { lease_s: 30, delay_s: 0, jitter_s: 0, paused: false }
    }
}

/// The whole file.
pub fn text(address: SocketAddr, admin: SocketAddr, due: Due) -> Outcome<String> {
    let guest = daemon::build_folder()?.join("guests/misbehave.wasm");
    if !guest.exists() {
        return Err(format!("{} is missing: .ci/build-guests builds it", guest.display()).into());
    }
    let mut text = format!(
        "listen = \"{address}\"\n[admin]\nlisten = \"{admin}\"\n[log]\nformat = \"json\"\n[limits]\nruns = {}\n",
        RUNS + 8
    );
    let plain = Due { lease_s: 3600, delay_s: 3600, jitter_s: 0, paused: false };
    for (id, name, due, runs) in [(PLAIN, "plain", plain, 8), (DUE, "due", due, RUNS)] {
        let Due { lease_s, delay_s, jitter_s, paused } = due;
        write!(
            text,
            "[[kind]]\nid = {id}\nname = \"{name}\"\nlease = \"{lease_s}s\"\ndelay = \"{delay_s}s\"\n\
             jitter = \"{jitter_s}s\"\npaused = {paused}\nmax_running = {runs}\n\
             [kind.plugin]\nfile = {guest:?}\n\
             # The guest imports wasi:http, though it is not asked to send anything here.\n\
             [[kind.plugin.http]]\nallow = \"http://127.0.0.1:9\"\n"
        )?;
    }
    Ok(text)
}
