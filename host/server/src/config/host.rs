//! The sections about the host as a whole: where it listens, what it keeps where, and its limits.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use mpy6a_plugins::limits::{MEMORY_BYTES_MAX, RUNS_MAX};
use mpy6a_sessions::{Limits, limits::RetryLimits};
use toml::de::DeValue;
use tracing_subscriber::EnvFilter;

use super::{
    exposure::{self, Exposure},
    reader::{Parsed, Table},
    traces::{self, Traces},
    values::{duration_ms, duration_s, integer, nonempty, one_of, path, size, socket_address, string},
};
use crate::{
    grpc::pulse::Patience,
    limits::{
        CONNECTIONS_MAX, FIRST_REQUEST_MS_MIN, IDLE_MS_MIN, REMEMBERED_SESSIONS_MAX, REQUESTS_MAX, REQUESTS_TOTAL_MAX,
    },
};

/// What stays as it is until the host is restarted: sockets, files and memory are taken at start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// Where clients connect.
    pub listen: SocketAddr,
    /// Where operators connect.
    pub admin_listen: SocketAddr,
    /// How clients are met there.
    pub exposure: Exposure,
    /// How operators are.
    pub admin_exposure: Exposure,
    /// The database file.
    pub store_path: PathBuf,
    /// Memory for the database's pages, in bytes.
    pub store_cache_bytes: u64,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// The limits of the state machine.
    pub limits: Limits,
    /// Most handler runs at once, over all kinds.
    pub runs_max: u32,
    /// Most memory that any kind may grant a run, in bytes.
    pub run_memory_bytes_max: u64,
    /// Most connections at once.
    pub connections_max: u32,
    /// Most connections at once from one address.
    pub connections_per_address_max: u32,
    /// Most requests at once on one connection.
    pub requests_max: u32,
    /// Most requests at once over all connections of clients.
    pub requests_total_max: u32,
    /// How long connections may rest.
    pub patience: Patience,
    /// Where compiled plugins are kept; none: nowhere.
    pub plugin_cache: Option<PathBuf>,
    /// Where traces go.
    pub traces: Traces,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Port 7340, for clients of the same machine: whoever can connect can open sessions, so other machines are invited
/// by name.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7340);

/// Port 7341, for operators of the same machine.
const ADMIN_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7341);

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Read what is [`Fixed`].
pub(super) fn read(root: &Table<'_, '_>, limits: &Table<'_, '_>, log: &Table<'_, '_>, folder: &Path) -> Fixed {
    let store = root.table("store");
    let plugins = root.table("plugins");
    let admin = root.table("admin");
    let patience = Patience {
        first_request: Duration::from_millis(limits.or("first_request", 10_000, duration_ms(FIRST_REQUEST_MS_MIN))),
        idle: Duration::from_millis(limits.or("idle", 15 * 60_000, duration_ms(IDLE_MS_MIN))),
    };
    let connections_max = limits.or("connections", 1024, integer(2..=CONNECTIONS_MAX));
    let requests_total_max = limits.or("requests_total", 8192, integer(2..=REQUESTS_TOTAL_MAX));
    let fixed = Fixed {
        listen: root.or("listen", LISTEN, socket_address),
        admin_listen: admin.or("listen", ADMIN_LISTEN, socket_address),
        exposure: exposure::read(root, folder),
        admin_exposure: exposure::read(&admin, folder),
        store_path: store.or("path", folder.join("mpy6a.redb"), path(folder)),
        store_cache_bytes: store.or("cache", 64 * MIB, size(MIB..=1024 * GIB)),
        log_format: log.or("format", LogFormat::Text, one_of(&[("text", LogFormat::Text), ("json", LogFormat::Json)])),
        limits: read_limits(limits),
        runs_max: limits.or("runs", 64, integer(1..=RUNS_MAX)),
        run_memory_bytes_max: limits.or("run_memory", 256 * MIB, size(MIB..=MEMORY_BYTES_MAX)),
        connections_max,
        connections_per_address_max: limits.or(
            "connections_per_address",
            share(256, connections_max),
            integer(1..=CONNECTIONS_MAX),
        ),
        requests_max: limits.or("requests", share(512, requests_total_max), integer(1..=REQUESTS_MAX)),
        requests_total_max,
        patience,
        plugin_cache: plugins.or("cache", Some(folder.join("mpy6a.cache")), cache(folder)),
        traces: traces::read(root),
    };
    store.done();
    plugins.done();
    admin.done();
    fixed
}

/// The default of a bound on one of many that protects a bound on all of them: half of that at most.
fn share(default: u32, total: u32) -> u32 {
    default.min(total / 2)
}

fn read_limits(limits: &Table<'_, '_>) -> Limits {
    let default = Limits::default();
    let remembered =
        limits.or("remembered_sessions", default.retries.unnamed_max, integer(1..=REMEMBERED_SESSIONS_MAX));
    Limits {
        retries: RetryLimits { unnamed_max: remembered, named_max: remembered, ..default.retries },
        record_bytes_max: limits.or("record", default.record_bytes_max, size(KIB..=64 * MIB)),
        session_bytes_max: limits.or("session", default.session_bytes_max, size(KIB..=GIB)),
        session_records_max: limits.or("session_records", default.session_records_max, integer(1..=1_000_000)),
        timeout_s_max: limits.or("timeout", default.timeout_s_max, duration_s),
        queue_ops_max: limits.or("queue_operations", default.queue_ops_max, integer(1..=1 << 20)),
        queue_bytes_max: limits.or("queue_bytes", default.queue_bytes_max, |value| {
            size(KIB..=64 * GIB)(value).and_then(|bytes| usize::try_from(bytes).map_err(|error| error.to_string()))
        }),
    }
}

fn cache(folder: &Path) -> impl Fn(&DeValue<'_>) -> Parsed<Option<PathBuf>> {
    move |value| string(value).map(|text| (!text.is_empty()).then(|| folder.join(text)))
}

/// A filter in the form of `RUST_LOG`: a level, or levels for parts of the program.
pub(super) fn log_level(value: &DeValue<'_>) -> Parsed<String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let text = nonempty(value)?;
    // A mistyped level would pass for the name of a part of the program, and nothing at all would be logged.
    let mistyped = text.split(',').find(|part| !part.contains(['=', '[']) && !LEVELS.contains(part));
    let parsed = EnvFilter::builder().parse(&text);
    if mistyped.is_some() || parsed.is_err() {
        return Err(format!(
            "`{}` is no level: write error, warn, info, debug or trace, or for example \"info,mpy6a_plugins=debug\"",
            mistyped.unwrap_or(&text)
        ));
    }
    Ok(text)
}
