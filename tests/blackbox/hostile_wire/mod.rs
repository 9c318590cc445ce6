//! Peers that mean the host no good, on the wire itself: raw sockets, raw HTTP/2.
//!
//! | file | what they do |
//! |---|---|
//! | [`floods`] | requests opened and taken back, headers without end or measure |
//! | [`idlers`] | thousands of connections that say nothing, or no more; a TLS handshake that stalls |
//! | [`slow`] | ask and do not read |
//! | [`crowd`] | too many requests at once |
//! | [`strangers`] | without a token, hold what needs none, and refusals that they do not take |
//!
//! Each time the host must stay small, go on serving others, and be rid of them. The tests watch its memory and what others are
//! answered, not the time.

pub mod crowd;
pub mod floods;
pub mod idlers;
pub mod raw;
pub mod slow;
pub mod strangers;

use std::fs;

use crate::harness::{Config, Host, Kind, wat};

/// A host for clients that keep their sessions.
fn config() -> Config {
    Config::of([Kind::new(1, wat("bare-delete")).set("delay", "1h").set("lease", "1h")])
}

/// How much memory the host has, in bytes.
fn memory(host: &Host) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", host.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// Somebody else is served.
async fn others_go_on(host: &Host) {
    let handle = host.connect().open(1, "somebody else").await;
    host.connect().delete(handle, 1).await.unwrap();
}
