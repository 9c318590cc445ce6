//! What is wrong with a plugin, or worth a thought. Every text says what to do.

use std::fmt;

use mpy6a_plugins::{
    PluginSpec,
    inspect::{Inspection, Need},
};
use serde::Serialize;

use super::Against;

/// Debug information from here on is worth a warning, in bytes. Below it is what a compiler leaves of its own libraries.
pub const DEBUG_BYTES_MAX: u64 = 64 << 10;

/// Names for backtraces from here on are worth one, in bytes. A backtrace is the better for names, and those of a handler with
/// its libraries take less; interpreters come with more of them than anybody reads.
pub const NAME_BYTES_MAX: u64 = 1 << 20;

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What it is, and what to do.
    pub text: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The plugin does not load.
    Error,
    /// It loads, and is not as it should be.
    Warning,
    /// It may be as it should be.
    Note,
}

impl Finding {
    /// Something that keeps the plugin from loading.
    pub fn error(text: impl fmt::Display) -> Self {
        Self { level: Level::Error, text: text.to_string() }
    }

    fn warning(text: impl Into<String>) -> Self {
        Self { level: Level::Warning, text: text.into() }
    }

    fn note(text: impl Into<String>) -> Self {
        Self { level: Level::Note, text: text.into() }
    }
}

/// What does not keep a plugin from loading; `loads` says whether anything else does.
pub(super) fn advice(inspection: &Inspection, spec: &PluginSpec, against: Against, loads: bool) -> Vec<Finding> {
    let mut found: Vec<Finding> = debug_warning(inspection).map(Finding::warning).into_iter().collect();
    if let Some(import) = inspection.imports.iter().find(|import| import.is_newer).filter(|_| loads) {
        found.push(Finding::warning(format!(
            "it was built for {}, which is newer than this host's contract: what that version added fails to load; update the \
             host, or build it with an SDK of this host's version",
            import.name
        )));
    }
    found.extend(grants(inspection, spec, against).map(Finding::note));
    found.extend(settings(inspection, spec, against).map(Finding::note));
    found
}

/// What is to be said of its HTTP.
fn grants(inspection: &Inspection, spec: &PluginSpec, against: Against) -> Option<String> {
    let needs = |need| inspection.imports.iter().any(|import| import.need == Some(need));
    let (to_load, to_send) = (needs(Need::Http), needs(Need::HttpToSend));
    match against {
        Against::Nothing if to_load => Some(
            "it imports wasi:http: its kind has to grant HTTP, with [[kind.plugin.http]] and `allow`, or it does not load"
                .to_owned(),
        ),
        Against::Nothing if to_send => Some(
            "it can send HTTP requests: they are denied unless its kind grants their targets, with [[kind.plugin.http]] and \
             `allow`"
                .to_owned(),
        ),
        Against::Kind if to_send && spec.grants.http.is_empty() => Some(
            "it can send HTTP requests, and its kind grants none: add [[kind.plugin.http]] with `allow` if it is to send any"
                .to_owned(),
        ),
        _ => None,
    }
}

fn settings(inspection: &Inspection, spec: &PluginSpec, against: Against) -> Option<String> {
    let reads = inspection.imports.iter().any(|import| import.name.starts_with("wasi:config/store@"));
    match against {
        Against::Nothing if reads => {
            Some("it can read settings: write those that it asks for under [kind.plugin.settings]".to_owned())
        }
        Against::Kind if reads && spec.settings.is_empty() => Some(
            "it can read settings, and its kind has none: write those that it asks for under [kind.plugin.settings]"
                .to_owned(),
        ),
        _ => None,
    }
}

/// What to do about a plugin that was built for debugging, if it was.
#[must_use]
pub fn debug_warning(inspection: &Inspection) -> Option<String> {
    let (what, bytes) = match (inspection.debug_bytes, inspection.name_bytes) {
        (debug, _) if debug > DEBUG_BYTES_MAX => ("debug information", debug),
        (_, names) if names > NAME_BYTES_MAX => ("names for backtraces", names),
        _ => return None,
    };
    Some(format!(
        "{} KiB of it are {what}, which is read and never used: build it for release and strip it (Rust: --release and \
         strip = true; C: -Os -s, without -g; Go: -ldflags='-s -w')",
        bytes >> 10
    ))
}
