//! Configs, plugins, stores and disks that are not as they should be: each is named, with what to do about it.
//!
//! | file | what is wrong |
//! |---|---|
//! | [`config`] | the config file: the host does not start |
//! | [`folders`] | folders of the host that are open to others, or another user's |
//! | [`plugin`] | a plugin file: the host starts, and that kind waits |
//! | [`store`] | the database file, or the port: the host does not start, and touches nothing |
//! | [`disk`] | the disk, while the host serves |

mod config;
mod disk;
mod folders;
mod plugin;
mod store;

use std::process::Command;

use crate::harness::Host;

/// What `mpy6a check` says of a host's config.
struct Checked {
    right: bool,
    /// What it printed, with every gap one space wide: it is wrapped at 80 columns.
    text: String,
}

/// Run `mpy6a check`.
fn check(host: &Host) -> Checked {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mpy6a"));
    let output = command.args(["check", "--config"]).arg(host.path("mpy6a.toml")).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let code = output.status.code();
    assert!(matches!(code, Some(0 | 1)), "exit code {code:?}: {text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "wider than 80 columns:\n{text}");
    Checked { right: code == Some(0), text: one_spaced(&text) }
}

fn one_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
