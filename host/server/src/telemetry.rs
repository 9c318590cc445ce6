//! Logging: structured events through `tracing`, to stderr, as text or as one JSON object a line.
//!
//! Keys of sessions hide themselves, and settings of plugins, which may be secrets, are logged nowhere.

use std::{
    env,
    io::{self, IsTerminal as _},
};

use tracing::warn;
use tracing_subscriber::{
    EnvFilter, Layer as _, Registry, layer::SubscriberExt as _, reload, util::SubscriberInitExt as _,
};

use crate::config::LogFormat;

/// The environment variable that overrides the config's `log.level`.
pub const LEVEL_VARIABLE: &str = "RUST_LOG";

/// The log of this process. Its level can change while it runs.
#[derive(Clone, Debug)]
pub struct Telemetry {
    filter: reload::Handle<EnvFilter, Registry>,
}

impl Telemetry {
    /// Start to log. Once for each process; a second time changes nothing.
    #[must_use]
    pub fn start(format: LogFormat, level: &str) -> Self {
        let (filter, handle) = reload::Layer::new(filter(env::var(LEVEL_VARIABLE).ok(), level));
        let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
        let lines = match format {
            LogFormat::Text => lines.boxed(),
            LogFormat::Json => lines.json().flatten_event(true).boxed(),
        };
        // Fails where something else logs for this process already, a test for example: then that goes on.
        let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
        Self { filter: handle }
    }

    /// Log at another level from now on.
    pub fn set_level(&self, level: &str) {
        if let Err(error) = self.filter.reload(filter(env::var(LEVEL_VARIABLE).ok(), level)) {
            warn!(%error, "the level of the log stays as it was");
        }
    }
}

/// The variable, where it is set and right; the config otherwise.
fn filter(variable: Option<String>, level: &str) -> EnvFilter {
    let variable = variable.filter(|text| !text.is_empty());
    let variable = variable.and_then(|text| EnvFilter::builder().parse(text).ok());
    // The config has checked its level; the log must go on in any case.
    variable.unwrap_or_else(|| EnvFilter::builder().parse_lossy(level))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_overrides_the_config_where_it_is_set_and_right() {
        let chosen = |variable: Option<&str>| filter(variable.map(str::to_owned), "warn").to_string();
        assert_eq!(chosen(None), "warn");
        assert_eq!(chosen(Some("")), "warn");
        assert_eq!(chosen(Some("debug")), "debug");
        assert_eq!(chosen(Some("a=b=c")), "warn");
    }
}
