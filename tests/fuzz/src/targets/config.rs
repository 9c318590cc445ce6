//! The config, and with it the allow-list, time spans, sizes and log filters in it.
//!
//! Input: the text of a config file.
//!
//! * Every problem is one line of bounded length, with the place and a remedy.
//! * What is accepted is whole: its values are within their bounds and go together, and a host that runs with it could
//!   put it into service again.
//! * No message repeats the value of a setting, or a password in a URL: they are secrets, and messages are logged.

use std::path::Path;

use mpy6a::{
    config::{Config, ConfigError, Problem},
    limits::{CONFIG_BYTES_MAX, DURATION_MS_MAX},
};

use super::file;
use crate::{Parsed, Target, memory::Bound, words};

/// The target.
pub const TARGET: Target = Target {
    name: "config",
    input_bytes_max: 16384,
    run,
    seeds,
    words: &[
        "listen",
        "[limits]",
        "[admin]",
        "[tls]",
        "certificate",
        "key",
        "client_ca",
        "client_auth",
        "plain_text",
        "open_to_all",
        "[[access]]",
        "token",
        "sha256:",
        "expires",
        "open",
        "administer",
        "record",
        "session",
        "session_records",
        "timeout",
        "queue_operations",
        "queue_bytes",
        "runs",
        "run_memory",
        "connections",
        "requests",
        "shutdown",
        "[store]",
        "path",
        "cache",
        "[log]",
        "level",
        "format",
        "[plugins]",
        "[[kind]]",
        "id",
        "name",
        "lease",
        "delay",
        "jitter",
        "max_repeats",
        "max_running",
        "paused",
        "[kind.backoff]",
        "initial",
        "factor",
        "max",
        "[kind.keep]",
        "attempts",
        "bytes",
        "[kind.rollout]",
        "try_attempts",
        "max_trap_percent",
        "min_runs",
        "window",
        "[kind.plugin]",
        "file",
        "sha256",
        "fuel",
        "memory",
        "time",
        "response",
        "log",
        "[[kind.plugin.http]]",
        "allow",
        "addresses",
        "[kind.plugin.settings]",
        "= \"",
        "KiB\"",
        "MiB\"",
        "GiB\"",
        "ms\"",
        "s\"",
        "d\"",
        "true",
        "http://",
        "@",
        "\\u001b",
        "info,mpy6a=debug",
        "'''",
    ],
};

/// The tree of a file and the report about it.
const MEMORY: Bound = Bound { factor: 256, base: 1 << 20 };

/// Shorter values of settings are also other words of the file.
const SECRET_BYTES_MIN: usize = 8;

fn run(bytes: &[u8]) -> Parsed {
    assert!((TARGET.input_bytes_max as u64) < CONFIG_BYTES_MAX);
    let Ok(text) = std::str::from_utf8(bytes) else { return Parsed::Refused };
    let folder = Path::new("/etc/mpy6a");
    let parsed = MEMORY.hold(bytes.len(), || Config::parse(text, folder));
    match &parsed {
        Ok(config) => {
            assert_eq!(Config::parse(&format!("{text}\n# nothing\n"), folder).as_ref(), Ok(config));
            check_whole(config);
        }
        Err(problems) => check_problems(text, problems),
    }
    Parsed::of(&parsed)
}

fn check_whole(config: &Config) {
    let again = config.clone().within(config).expect("a config fits a host that runs with it");
    assert_eq!(again, (config.clone(), Vec::new()));
    let running: u64 = config.kinds.values().map(|kind| u64::from(kind.policy.max_running)).sum();
    assert!(running <= u64::from(config.fixed.runs_max));
    assert!(config.fixed.limits.record_bytes_max <= config.fixed.limits.session_bytes_max);
    for kind in config.kinds.values() {
        let policy = &kind.policy;
        for ms in [policy.lease_ms, policy.delay_ms, policy.jitter_ms, policy.backoff.initial_ms, policy.backoff.max_ms]
        {
            assert!(ms <= DURATION_MS_MAX);
        }
        assert!(policy.max_repeats > 0 && policy.max_running > 0 && !policy.claimable);
        assert!(kind.plugin.limits.memory_bytes <= config.fixed.run_memory_bytes_max);
        assert!(!kind.plugin.grants.offline, "no config grants what only runs without a host may have");
    }
}

fn check_problems(text: &str, problems: &[Problem]) {
    assert!(!problems.is_empty(), "refused without a problem");
    let lines = text.matches('\n').count() + 1;
    let secrets = secrets(text);
    let error = ConfigError { file: "mpy6a.toml".into(), problems: problems.to_vec() };
    for (problem, line) in problems.iter().zip(error.lines()) {
        assert!(problem.line.is_none_or(|line| (1..=lines).contains(&line)));
        // What is no TOML is said in the words of the TOML parser.
        let check = if problem.message.starts_with("no TOML") { words::check_plain } else { words::check };
        check(&line);
        secrets.iter().for_each(|secret| words::hides(&line, secret));
    }
}

/// Values of settings and passwords in URLs, where they stand nowhere else in the text.
fn secrets(text: &str) -> Vec<String> {
    let Ok(tree) = text.parse::<toml::Table>() else { return Vec::new() };
    let kinds = tree.get("kind").and_then(toml::Value::as_array).into_iter().flatten();
    let plugins = kinds.filter_map(|kind| kind.get("plugin"));
    let mut secrets = Vec::new();
    for plugin in plugins {
        let settings = plugin.get("settings").and_then(toml::Value::as_table).into_iter().flatten();
        secrets.extend(settings.filter_map(|(_, value)| value.as_str()).map(str::to_owned));
        let rules = plugin.get("http").and_then(toml::Value::as_array).into_iter().flatten();
        secrets.extend(rules.filter_map(|rule| password(rule.get("allow")?.as_str()?)));
    }
    secrets.retain(|secret| secret.len() >= SECRET_BYTES_MIN && text.matches(secret.as_str()).count() == 1);
    secrets
}

fn password(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let (user, _) = rest.split_once('@')?;
    let (_, password) = user.split_once(':')?;
    (!password.contains(['/', '?', '#', '\\'])).then(|| password.to_owned())
}

fn seeds() -> Vec<Vec<u8>> {
    const KIND: &str = "[[kind]]\nid = 1\nname = \"one\"\nplugin.file = \"one.wasm\"\n";
    const MORE: &str = "lease = \"1m 30s\"\nbackoff = { initial = \"1s\", factor = 1.5, max = \"1h\" }\npaused = true\n\
         [kind.plugin.settings]\ntoken = \"correct horse\"\n[[kind.plugin.http]]\nallow = \"https://a.example:8443\"\n\
         addresses = [\"10.0.0.0/8\", \"::1\"]\n";
    let host = "listen = \"[::1]:1\"\n[limits]\nrecord = \"64KiB\"\nruns = 0x10\n[log]\nlevel = \"info,mpy6a=debug\"\n";
    let texts = ["".to_owned(), KIND.to_owned(), format!("{host}{KIND}{MORE}")];
    texts.into_iter().map(String::into_bytes).chain([file("docs/mpy6a.toml")]).collect()
}
