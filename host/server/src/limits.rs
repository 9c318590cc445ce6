//! Bounds of this crate that no config changes.

use std::time::Duration;

/// Longest time span in a config, in milliseconds: 400 days. Longer waits are mistakes of a unit, and this keeps
/// every sum of times far from overflow.
pub const DURATION_MS_MAX: u64 = 400 * 86_400_000;

/// Shortest lease, in milliseconds: a client has to renew several times within it, each a round trip through the
/// writer.
pub const LEASE_MS_MIN: u64 = 50;

/// Largest backoff factor, in hundredths: 100.
pub const FACTOR_HUNDREDTHS_MAX: u32 = 10_000;

/// Largest number of repeats before a session is parked: a million, at one a second eleven days.
pub const REPEATS_MAX: u32 = 1_000_000;

/// Longest name of a kind, in bytes: it stands in every log line about the kind.
pub const NAME_BYTES_MAX: usize = 64;

/// Longest config file, in bytes: 1,024 kinds at 1 KiB each.
pub const CONFIG_BYTES_MAX: u64 = 1 << 20;

/// Most settings of a kind, and the most bytes of them: a run gets a copy.
pub const SETTINGS_MAX: usize = 256;
/// See [`SETTINGS_MAX`].
pub const SETTINGS_BYTES_MAX: usize = 64 << 10;

/// Most connections that a config may allow, each a file descriptor and some 20 KiB.
pub const CONNECTIONS_MAX: u32 = 100_000;

/// Most connections of operators at once: people, their dashboards and what scrapes metrics.
pub const ADMIN_CONNECTIONS_MAX: u32 = 64;

/// Most requests at once on one connection that a config may allow.
pub const REQUESTS_MAX: u32 = 10_000;

/// How much longer than the longest record a message may be, in bytes: what stands around the record takes some 300
/// bytes, and a record that is over the limit should still be refused by name, not as a message too long.
pub const MESSAGE_SLACK_BYTES: usize = 64 << 10;

/// How long a message may be on any host, in bytes, however short its records: clients that know no more pack by this.
pub const MESSAGE_BYTES_MIN: usize = 256 << 10;

/// What one handle takes in a `Renew`, at most, in bytes: two indices of ten bytes each, the key, and the tags.
pub const RENEW_HANDLE_BYTES: usize = 40;

/// How long a connection may be silent before the host asks whether its peer is still there.
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);

/// How long the peer may take to answer that.
pub const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// When to try again, for a client that was refused because the host is shutting down: about what a restart takes.
pub const SHUTDOWN_RETRY: Duration = Duration::from_secs(1);

/// How long answers may take to reach their clients after the last commit, before their connections are cut.
pub const REPLY_GRACE: Duration = Duration::from_secs(1);

/// Sessions of a page where a listing does not say, and most where it does.
pub const LIST_PAGE: usize = 100;
/// See [`LIST_PAGE`].
pub const LISTED_MAX: usize = 1_000;

/// Sessions that one call of a listing looks at before it answers with what it has, some tens of milliseconds' work: a filter that
/// lets nearly nothing through must not keep a caller waiting for all of ten million.
pub const LIST_LOOKS_MAX: usize = 4_096;

/// How much of an attempt's cause a listing shows, in bytes: two lines of a terminal.
pub const LISTED_CAUSE_BYTES_MAX: usize = 200;

/// Sessions that one call may act on: they wait in the writer's queue together.
pub const TARGETS_MAX: usize = 1_000;

/// Bytes of a backup in one message.
pub const BACKUP_CHUNK_BYTES: usize = 256 << 10;

/// When to ask again for a backup while another is under way: copying takes a minute or so for a million sessions.
pub const BACKUP_RETRY: Duration = Duration::from_secs(10);

/// How often the config and the plugin files are looked at. With [`SETTLE`], and the time to compile a small handler, a
/// change is in service well within a second; a look costs a microsecond or two a file.
pub const POLL: Duration = Duration::from_millis(200);

/// How long a changed file has to lie still before it is read: whoever copies a file writes it in shorter steps.
pub const SETTLE: Duration = Duration::from_millis(100);

/// Width of printed reports, in columns.
pub const REPORT_COLUMNS: usize = 80;

/// How often the service manager is told how the host is, at most: for people who look at `systemctl status`.
pub const MANAGER_STATUS_INTERVAL: Duration = Duration::from_secs(10);

/// Messages that may wait for a service manager that is slow to listen; further ones are not said.
pub const MANAGER_MESSAGES_MAX: usize = 16;

/// How long a host that stops waits for its service manager to hear of it.
pub const MANAGER_PATIENCE: Duration = Duration::from_secs(1);

/// Shortest time within which a service manager may want to hear of the writer; what is shorter, a disk cannot keep, and is
/// taken for a mistake.
pub const MANAGER_WATCHDOG_MIN: Duration = Duration::from_millis(100);

/// How much longer than `limits.shutdown` stopping may take, as the service manager is told: the last commit, the last
/// answers, and a checkpoint of the store.
pub const STOP_SLACK: Duration = Duration::from_secs(60);
