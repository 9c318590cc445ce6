//! The host's config for the demonstration.

use std::path::Path;

use toml::Value;

/// The number of the kind of session that creates a user.
pub const KIND: u32 = 1;

/// What the config depends on.
#[derive(Debug)]
pub struct Facts<'a> {
    /// Where the host listens.
    pub listen: &'a str,
    /// Where it listens for operators.
    pub admin_listen: &'a str,
    /// The store's file.
    pub store: &'a Path,
    /// The repeat handler's file.
    pub handler: &'a Path,
    /// Base URLs of the services.
    pub service_a: &'a str,
    /// As above.
    pub service_b: &'a str,
    /// `json` to be read by [`super::latency`], `text` for a person.
    pub log_format: &'a str,
}

/// The config, as TOML.
///
/// Times are short, so that one can watch. A real host would give a client a lease of some tens of seconds and wait
/// longer before a repeat; nothing here depends on that.
///
/// The limits are the host's defaults, and fit every language: over the records of `tests/conformance`, of up to 64 KiB,
/// a run takes at most 80 million of fuel (QuickJS) and 13 MiB (CPython).
pub fn render(facts: &Facts<'_>) -> String {
    let Facts { listen, admin_listen, service_a, service_b, log_format, .. } = facts;
    let (store, handler) = (quoted(facts.store), quoted(facts.handler));
    format!(
        r#"listen = "{listen}"

[admin]
listen = "{admin_listen}"

[store]
path = {store}

[log]
format = "{log_format}"
level = "info"

[[kind]]
id = {KIND}
name = "create-user"
lease = "2s"          # a client that is silent for so long may lose its session
delay = "500ms"       # from then, or from an explicit Store, until the repeat
jitter = "250ms"      # and up to so much more, at random
max_repeats = 30      # then it is parked
max_running = 64      # many, for a run whose call hangs holds its place
backoff = {{ initial = "200ms", factor = 1.5, max = "1s" }}

[kind.plugin]
file = {handler}
fuel = 1_000_000_000
memory = "64MiB"
time = "10s"

[[kind.plugin.http]]
allow = "{service_a}"

[[kind.plugin.http]]
allow = "{service_b}"

[kind.plugin.settings]
service_a = "{service_a}"
service_b = "{service_b}"
"#
    )
}

/// A path as a TOML string, whatever characters it holds.
fn quoted(path: &Path) -> String {
    Value::String(path.to_string_lossy().into_owned()).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn paths_with_odd_characters_survive() {
        let facts = Facts {
            listen: "127.0.0.1:1",
            admin_listen: "127.0.0.1:4",
            store: Path::new("/tmp/a \"b\"\\c/мир.redb"),
            handler: Path::new("/h.wasm"),
            service_a: "http://127.0.0.1:2",
            service_b: "http://127.0.0.1:3",
            log_format: "json",
        };
        let config: toml::Table = render(&facts).parse().unwrap();
        assert_eq!(config["store"]["path"].as_str(), Some("/tmp/a \"b\"\\c/мир.redb"));
        assert_eq!(config["kind"][0]["plugin"]["http"][1]["allow"].as_str(), Some("http://127.0.0.1:3"));
    }
}
