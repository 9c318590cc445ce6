//! Tests of the config as a whole: the documented file, and what is said about wrong ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;

use super::*;
use crate::limits::CONFIG_BYTES_MAX;

const DOCUMENTED: &str = include_str!("../../../../docs/mpy6a.toml");
const FOLDER: &str = "/etc/mpy6a";

/// A kind that is right, to build upon.
pub(super) const KIND: &str = "[[kind]]\nid = 1\nname = \"one\"\nplugin.file = \"one.wasm\"\n";

pub(super) fn read(text: &str) -> (Config, Vec<String>) {
    super::parse(text, Path::new(FOLDER)).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

pub(super) fn problems(text: &str) -> String {
    let problems = Config::parse(text, Path::new(FOLDER)).expect_err("a wrong config was taken");
    ConfigError { file: "x.toml".into(), problems }.to_string()
}

/// The documented file with every key and table in it that is commented out: those lines have no space after the `#`.
fn every_key() -> String {
    let uncommented = DOCUMENTED.lines().map(|line| match line.strip_prefix('#') {
        Some(key) if key.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => key,
        _ => line,
    });
    uncommented.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_documented_config_is_right_as_it_is() {
    let (config, _) = read(DOCUMENTED);
    assert_eq!(config.kinds[&1].name, "create-user");
    assert_eq!(config.kinds[&1].plugin.file, Path::new("/etc/mpy6a/create_user_handler.wasm"));
}

#[test]
fn the_documented_config_names_every_key_there_is() {
    let (_, absent) = read(&every_key());
    assert_eq!(absent, Vec::<String>::new(), "docs/mpy6a.toml does not name these keys");
}

#[test]
fn the_documented_config_states_the_true_defaults() {
    let (mut stated, _) = read(&every_key());
    let (bare, _) = read("[[kind]]\nid = 1\nname = \"create-user\"\nplugin.file = \"create_user_handler.wasm\"");
    // Examples of what has no default.
    let plugin = &mut stated.kinds.get_mut(&1).unwrap().plugin;
    (plugin.sha256, plugin.grants, plugin.settings) = Default::default();
    let entry = stated.access.remove(0);
    assert_eq!((entry.tokens.len(), entry.read, entry.administer), (2, false, false));
    for exposure in [&mut stated.fixed.exposure, &mut stated.fixed.admin_exposure] {
        assert_eq!(exposure.tls.take().unwrap().client_auth, crate::tls::ClientAuth::default());
    }
    assert_eq!(stated, bare);
}

#[test]
fn an_empty_config_is_right() {
    let (config, _) = read("");
    assert!(config.kinds.is_empty());
    assert_eq!(config.fixed.listen.to_string(), "127.0.0.1:7340");
    assert_eq!(config.fixed.store_path, Path::new("/etc/mpy6a/mpy6a.redb"));
}

/// What is wrong, where it is said to be, and what is advised: input, then parts of the message.
const WRONG: &[(&str, &[&str])] = &[
    ("listen = ", &["x.toml:1: no TOML"]),
    ("lisen = \"127.0.0.1:1\"", &["x.toml:1: lisen: unknown key: write `listen`"]),
    ("[nothing]\nx = 1", &["nothing: unknown key: here may be", "limits"]),
    ("listen = \"localhost\"", &["listen: `localhost` is no address", "127.0.0.1:7340"]),
    ("listen = 7340", &["listen: an integer where text is due"]),
    ("store = \"x\"", &["store: a string where a table is due"]),
    ("[store]\npath = \"\"", &["x.toml:2: store.path: empty"]),
    ("[log]\nformat = \"xml\"", &["log.format: `xml` is unknown: write \"text\" or \"json\""]),
    ("[log]\nlevel = \"inof\"", &["log.level: `inof` is no level"]),
    ("[limits]\nrecord = \"1MB\"", &["limits.record: `1MB` is no size", "\"8MiB\""]),
    ("[limits]\nrecord = 1024", &["limits.record: an integer: write a whole number and a unit in quotes"]),
    ("[limits]\nrecord = \"1GiB\"", &["limits.record: `1GiB` is out of range: write from \"1KiB\" to \"64MiB\""]),
    ("[limits]\nrecord = \"99999999999GiB\"", &["limits.record: `99999999999GiB` is no size"]),
    ("[limits]\nrecord = \"16MiB\"", &["limits.record: 16MiB is over `session`, 8MiB"]),
    ("[limits]\nqueue_bytes = \"1KiB\"", &["limits.queue_bytes: 1KiB holds not even one record of 1MiB"]),
    ("[limits]\ntimeout = \"1500ms\"", &["limits.timeout: finer than a second"]),
    ("[limits]\nruns = 0", &["limits.runs: 0 is out of range: write a whole number from 1 to"]),
    ("[limits]\nruns = -1", &["limits.runs: -1 is out of range"]),
    ("[limits]\nruns = \"8\"", &["limits.runs: a string: write a whole number", "without quotes"]),
    ("[limits]\nshutdown = \"0s\"", &["limits.shutdown: `0s` is too short"]),
    ("[tls]\nkey = \"k.pem\"", &["tls.certificate: missing: add for example `certificate = "]),
    ("[tls]\ncertificate = \"c.pem\"", &["x.toml:1: tls.key: missing: add for example `key = "]),
    ("[admin.tls]\ncert = \"c.pem\"", &["admin.tls.cert: unknown key: here may be certificate, key"]),
    (
        "[tls]\ncertificate = \"c\"\nkey = \"k\"\nclient_auth = \"optional\"",
        &["tls.client_auth: there is nobody to trust: add `client_ca`"],
    ),
    (
        "[tls]\ncertificate = \"c\"\nkey = \"k\"\nclient_ca = \"a\"\nclient_auth = \"maybe\"",
        &["tls.client_auth: `maybe` is unknown: write \"required\" or \"optional\""],
    ),
    ("tls = true", &["tls: true or false where a table is due"]),
    ("listen = \"0.0.0.0:1\"", &["listen: 0.0.0.0:1 is beyond this machine", "add [tls]", "`plain_text = true`"]),
    (
        "[admin]\nlisten = \"[::]:1\"",
        &["admin.listen: [::]:1 is beyond", "add [admin.tls]", "`admin.plain_text = true`"],
    ),
    (
        "listen = \"10.0.0.1:1\"\nplain_text = true",
        &["listen: 10.0.0.1:1 is beyond this machine, and anybody", "[[access]]", "`open_to_all = true`"],
    ),
    ("plain_text = \"yes\"", &["plain_text: a string: write true or false"]),
    ("[limits]\nconnections_per_address = 0", &["limits.connections_per_address: 0 is out of range"]),
    ("[limits]\nrequests_total = 1000001", &["limits.requests_total: 1000001 is out of range"]),
    ("[limits]\nconnections = 1", &["limits.connections: 1 is out of range: write a whole number from 2"]),
    ("[limits]\nrequests_total = 1", &["limits.requests_total: 1 is out of range: write a whole number from 2"]),
    (
        "[limits]\nconnections = 256\nconnections_per_address = 256",
        &[
            "x.toml:3: limits.connections_per_address: 256 is not below `connections`, 256",
            "one address could take every place: lower it, or raise `connections`",
        ],
    ),
    (
        "[limits]\nrequests_total = 100\nrequests = 512",
        &[
            "x.toml:3: limits.requests: 512 is not below `requests_total`, 100",
            "one connection could take every place: lower it, or raise `requests_total`",
        ],
    ),
    ("[limits]\nfirst_request = \"1ms\"", &["limits.first_request: `1ms` is too short: write at least \"100ms\""]),
    ("[limits]\nidle = \"0s\"", &["limits.idle: `0s` is too short: write at least \"1000ms\""]),
    ("access = \"*\"", &["access: a string where a list of tables is due: write `[[access]]`"]),
    ("[[access]]\nread = true", &["access.name: missing", "access: nothing to know them by", "mpy6a token new"]),
    ("[[access]]\nname = \"a b\"\nread = true", &["access.name: `a b` is no name"]),
    (
        "[traces]\nendpoint = \"collector:4317\"",
        &["traces.endpoint: `collector:4317` is no collector", "http://127.0.0.1:4317"],
    ),
    ("[traces]\nendpoint = \"https://c:4317\"", &["traces.endpoint: `https://c:4317` is no collector", "without TLS"]),
    ("[traces]\nendpoint = \"http://c\"", &["traces.endpoint: `http://c` is no collector", "with its port"]),
    ("[traces]\nendpoint = 4317", &["traces.endpoint: an integer where text is due"]),
    ("[traces]\nsample = \"all\"", &["traces.sample: a string: write a number from 0 to 1"]),
    ("[traces]\nsample = 1.5", &["traces.sample: 1.5 is out of range"]),
    ("[traces]\nsample = -0.1", &["traces.sample: -0.1 is out of range"]),
    ("[traces]\nsample = nan", &["traces.sample: nan is out of range"]),
    ("[traces]\nsample = 0.0000001", &["traces.sample: 0.0000001 is finer than a millionth"]),
    ("kind = 1", &["kind: an integer where a list of tables is due: write `[[kind]]`"]),
    ("[[kind]]\nname = \"x\"\nplugin.file = \"x\"", &["x.toml:1: kind.id: missing: add for example `id = 1`"]),
    ("[[kind]]\nid = 1\nplugin.file = \"x\"", &["kind.name: missing"]),
    ("[[kind]]\nid = 1\nname = \"x\"", &["x.toml:1: kind.plugin.file: missing: add for example `file = "]),
    ("[[kind]]\nid = 0\nname = \"x\"\nplugin.file = \"x\"", &["x.toml:2: kind.id: 0 is out of range"]),
    ("[[kind]]\nid = 4294967296\nname = \"x\"\nplugin.file = \"x\"", &["kind.id: 4294967296 is out of range"]),
    ("[[kind]]\nid = 1\nname = \"a b\"\nplugin.file = \"x\"", &["kind.name: `a b` is no name"]),
];

/// The same for keys of a kind: a line to add to a right kind.
const WRONG_IN_KIND: &[(&str, &[&str])] = &[
    ("lease = \"10\"", &["x.toml:5: kind.lease: `10` is no time span", "\"10s\""]),
    ("lease = 10", &["kind.lease: an integer: write a number and a unit in quotes"]),
    ("lease = \"0s\"", &["kind.lease: `0s` is too short: write at least \"50ms\""]),
    ("lease = \"500us\"", &["kind.lease: `500us` is finer than a millisecond"]),
    ("delay = \"401d\"", &["kind.delay: `401d` is too long: write at most \"400d\""]),
    ("delay = \"99999999999999999999d\"", &["kind.delay: `99999999999999999999d` is no time span"]),
    ("max_repeats = 0", &["kind.max_repeats: 0 is out of range: write a whole number from 1"]),
    ("max_running = 0", &["kind.max_running: 0 is out of range"]),
    ("max_running = 65", &["kind: the kinds' `max_running` add up to 65, over `limits.runs`, 64"]),
    ("paused = \"no\"", &["kind.paused: a string: write true or false"]),
    ("backoff.factor = 0.5", &["kind.backoff.factor: 0.5 is out of range: write a number from 1.0 to 100"]),
    ("backoff.factor = inf", &["kind.backoff.factor: inf is out of range"]),
    ("backoff.factor = nan", &["kind.backoff.factor: nan is out of range"]),
    ("backoff.factor = 1.234", &["kind.backoff.factor: 1.234 is finer than a hundredth"]),
    ("backoff.initial = \"0s\"", &["kind.backoff.initial: `0s` is too short"]),
    ("backoff.max = \"500ms\"", &["kind.backoff.max: 500 ms is below `initial`, 1000 ms"]),
    ("backoff.step = \"1s\"", &["kind.backoff.step: unknown key: here may be initial, factor, max"]),
    ("keep.attempts = -1", &["kind.keep.attempts: -1 is out of range: write a whole number from 0 to 1000"]),
    ("keep.attempts = \"all\"", &["kind.keep.attempts: a string: write a whole number"]),
    ("keep.bytes = \"1KiB\"", &["kind.keep.bytes: `1KiB` is out of range: write from \"64KiB\" to \"1GiB\""]),
    ("keep.bytes = 8", &["kind.keep.bytes: an integer: write a whole number and a unit in quotes"]),
    ("keep.all = true", &["kind.keep.all: unknown key: here may be attempts, bytes"]),
    ("rollout.try_attempts = 1001", &["kind.rollout.try_attempts: 1001 is out of range"]),
    ("rollout.max_trap_percent = 101", &["kind.rollout.max_trap_percent: 101 is out of range", "from 0 to 100"]),
    ("rollout.max_trap_percent = 0.5", &["kind.rollout.max_trap_percent: a number with a fraction"]),
    ("rollout.min_runs = 0", &["kind.rollout.min_runs: 0 is out of range: write a whole number from 1"]),
    ("rollout.window = \"1ms\"", &["kind.rollout.window: `1ms` is too short: write at least \"1000ms\""]),
    ("plugin.sha256 = \"abc\"", &["kind.plugin.sha256: `abc` is no SHA-256: write the 64 hex digits"]),
    ("plugin.memory = \"512MiB\"", &["kind 1 grants a run 512MiB of memory, over `limits.run_memory`, 256MiB"]),
    ("plugin.memory = \"5GiB\"", &["kind.plugin.memory: `5GiB` is out of range"]),
    ("plugin.fuel = 0", &["kind.plugin.fuel: 0 is out of range"]),
    (
        "plugin.http = [{ alow = \"http://x\" }]",
        &["kind.plugin.http.alow: unknown key: write `allow`", "http.allow: missing"],
    ),
    ("plugin.http = [{ allow = \"ftp://x\" }]", &["kind.plugin.http.allow: `ftp://x` is no target"]),
    (
        "plugin.http = [{ allow = \"http://x\", addresses = [\"ten\"] }]",
        &["kind.plugin.http.addresses: `ten` is no range"],
    ),
    ("plugin.http = [{ allow = \"http://x\", addresses = \"10.0.0.0/8\" }]", &["addresses: write a list of texts"]),
    ("plugin.settings.a = 1", &["kind.plugin.settings.a: settings are texts: write the value in quotes"]),
];

pub(super) fn check(text: &str, parts: &[&str]) {
    let message = problems(text);
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in:\n{message}\nthe config was:\n{text}");
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place_and_its_remedy() {
    WRONG.iter().for_each(|(text, parts)| check(text, parts));
    WRONG_IN_KIND.iter().for_each(|(line, parts)| check(&format!("{KIND}{line}"), parts));
}

#[test]
fn a_share_that_is_not_stated_is_below_its_total() {
    let (config, _) = read("[limits]\nconnections = 100\nrequests_total = 2");
    assert_eq!((config.fixed.connections_per_address_max, config.fixed.requests_max), (50, 1));
}

#[test]
fn numbers_and_names_of_kinds_are_unique() {
    let other = KIND.replace("one", "two");
    check(&format!("{KIND}{other}"), &["x.toml:6: kind.id: 1 is the number of kind `one` already"]);
    let other = KIND.replace("id = 1", "id = 2");
    check(&format!("{KIND}{other}"), &["x.toml:7: kind.name: `one` is the name of kind 1 already"]);
}

#[test]
fn more_kinds_than_a_host_serves_are_refused() {
    let kind = |id| format!("[[kind]]\nid = {id}\nname = \"k{id}\"\nplugin.file = \"x\"\nmax_running = 1\n");
    let text: String = (1..=mpy6a_sessions::limits::KINDS_MAX + 1).map(kind).collect();
    check(&text, &["kind: 1025 kinds: a host serves at most 1024"]);
}

#[test]
fn everything_that_is_wrong_is_said_at_once_in_the_order_of_the_lines() {
    let message = problems(&format!("listen = \"here\"\n{KIND}lease = 1\nbackof = {{}}\n[limits]\nruns = 0\n"));
    let keys: Vec<&str> = message.lines().filter_map(|line| line.split(": ").nth(1)).collect();
    assert_eq!(keys, ["listen", "kind.lease", "kind.backof", "limits.runs"], "{message}");
}

#[test]
fn no_message_repeats_a_setting() {
    let message = problems(&format!("{KIND}lease = 1\nplugin.settings.password = [\"hunter2\"]"));
    assert!(message.contains("password") && !message.contains("hunter2"), "{message}");
}

#[test]
fn a_kind_without_a_plugin_in_service_or_paused_is_not_claimable() {
    let two = KIND.replace("one", "two").replace("id = 1", "id = 2");
    let three = KIND.replace("one", "three").replace("id = 1", "id = 3") + "paused = true\n";
    let (config, _) = read(&format!("{KIND}{two}{three}"));
    let policies = config.policies(|kind| kind != 2);
    let claimable: Vec<(u32, bool)> = policies.0.iter().map(|(id, policy)| (*id, policy.claimable)).collect();
    assert_eq!(claimable, [(1, true), (2, false), (3, false)]);
}

#[test]
fn a_running_host_keeps_what_needs_a_restart_and_names_it() {
    let (old, _) = read("");
    let (new, _) = read(&format!("listen = \"127.0.0.1:1\"\n[limits]\nruns = 9\nshutdown = \"1s\"\n{KIND}"));
    let (taken, waiting) = new.within(&old).unwrap();
    assert_eq!(waiting, ["listen", "limits.runs"]);
    assert_eq!(taken.fixed, old.fixed);
    assert_eq!((taken.kinds.len(), taken.shutdown), (1, Duration::from_secs(1)));
}

#[test]
fn a_running_host_refuses_kinds_that_need_limits_it_does_not_have() {
    let (old, _) = read("");
    let (new, _) = read(&format!("[limits]\nruns = 200\n{KIND}max_running = 100\n"));
    let message = new.within(&old).unwrap_err();
    assert!(message.contains("add up to 100") && message.contains("restart"), "{message}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = |file: &Path| Config::load(file).unwrap_err().to_string();
    assert!(error(&folder.path().join("none.toml")).contains("none.toml: cannot read the config"));
    assert!(error(folder.path()).contains("cannot read the config"));
    let file = folder.path().join("x.toml");
    fs::write(&file, [0xFF, 0xFE]).unwrap();
    assert!(error(&file).contains("not UTF-8"));
    fs::write(&file, " ".repeat(CONFIG_BYTES_MAX as usize + 1)).unwrap();
    assert!(error(&file).contains("longer than"));
}
