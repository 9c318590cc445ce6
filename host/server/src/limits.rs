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

/// Files that a host has open beside those of connections and runs: the store's, plugins that are read, traces, recordings.
pub const FILES_OWN: u64 = 128;

/// Files that a run of a handler has open: a request under way, and one that is kept for the next.
pub const FILES_OF_RUN: u64 = 2;

/// Most connections of operators at once: people, their dashboards and what scrapes metrics.
pub const ADMIN_CONNECTIONS_MAX: u32 = 64;

/// Most of them from one address, where `limits.connections_per_address` allows as many: one browser opens six.
pub const ADMIN_CONNECTIONS_PER_ADDRESS_MAX: u32 = 32;

const _: () = assert!(ADMIN_CONNECTIONS_PER_ADDRESS_MAX < ADMIN_CONNECTIONS_MAX);

/// Most requests at once on one connection that a config may allow.
pub const REQUESTS_MAX: u32 = 10_000;

/// How much longer than the longest record a message may be, in bytes: what stands around the record takes some 300
/// bytes, and a record that is over the limit should still be refused by name, not as a message too long.
pub const MESSAGE_SLACK_BYTES: usize = 64 << 10;

/// How long a message may be on any host, in bytes, however short its records: clients that know no more pack by this.
pub const MESSAGE_BYTES_MIN: usize = 256 << 10;

/// Longest message of those who need no right, in bytes: a health check has the name of a service. The transport sets aside as much
/// memory as a message says that it has, before it comes.
pub const OPEN_MESSAGE_BYTES_MAX: usize = 4 << 10;

/// Longest message of reflection, in bytes: the name of a file, a method or a type.
pub const REFLECTION_MESSAGE_BYTES_MAX: usize = 4 << 10;

/// Longest message of service `Admin`, in bytes: [`TARGETS_MAX`] targets of two ids take 51 KB, and a few more are still refused by
/// their number.
pub const ADMIN_MESSAGE_BYTES_MAX: usize = 64 << 10;

/// What one handle takes in a `Renew`, at most, in bytes: two indices of ten bytes each, the key, and the tags.
pub const RENEW_HANDLE_BYTES: usize = 40;

/// Most bytes of headers of one request, in however many frames. Ours take some 300, a token and traces included; what is
/// over it ends the connection's part in this before it takes memory.
pub const HEADER_BYTES_MAX: u32 = 16 << 10;

/// Longest HTTP/2 frame to take, in bytes: the least that the standard allows to say. Longer ones would only make others
/// on the connection wait.
pub const FRAME_BYTES_MAX: u32 = 16 << 10;

/// Most requests that a client may have taken back before the host has looked at them; one more ends the connection. A client
/// that gives up now and then has one or two, a flood has hundreds.
pub const RESETS_PENDING_MAX: usize = 20;

/// Most streams that the host may have had to end for a client's mistakes; one more ends the connection.
pub const RESETS_OWN_MAX: usize = 64;

/// How long a peer may take nothing of what it is sent before the connection is given up: a minute is longer than any
/// network that mends itself, and each such peer holds what it was to be sent.
pub const WRITE_STALL_MAX: Duration = Duration::from_secs(60);

/// How long an answer of one message may wait to be taken, or made: twice what a reload takes that compiles plugins. A peer that
/// asks and takes nothing for as long is given up, or answers would pile up.
pub const ANSWER_TAKEN_WITHIN: Duration = Duration::from_secs(240);

/// Most requests at once over all connections of operators. An answer may be a whole session of 8 MiB.
pub const ADMIN_REQUESTS_TOTAL_MAX: u32 = 128;

/// Most of them of callers who may not look at everything: scripts that open sessions and hold streams there must keep no operator
/// out.
pub const ADMIN_REQUESTS_OF_CLIENTS_MAX: u32 = 64;

const _: () = assert!(ADMIN_REQUESTS_OF_CLIENTS_MAX < ADMIN_REQUESTS_TOTAL_MAX);

/// Most of them on one connection, where `limits.requests` allows as many. A client may ask 100 times before it has heard of this bound:
/// those past it, each refused once for its headers and once for its message, must stay below [`RESETS_OWN_MAX`].
pub const ADMIN_REQUESTS_MAX: u32 = 72;

const _: () =
    assert!(ADMIN_REQUESTS_MAX < ADMIN_REQUESTS_TOTAL_MAX && 2 * (100 - ADMIN_REQUESTS_MAX as usize) < RESETS_OWN_MAX);

/// Most streams at once on one connection that need no right: watches of the host's health. A client needs one. Each takes some 10 KiB,
/// and [`OPEN_MESSAGE_BYTES_MAX`] while its message has not come.
pub const OPEN_STREAMS_MAX: u32 = 2;

/// Most calls at once on one connection that need no right: health checks, which take no time unless their message does not come. Each
/// takes some 10 KiB, and [`OPEN_MESSAGE_BYTES_MAX`] until then.
pub const OPEN_CALLS_MAX: u32 = 8;

/// Most pages at once on one connection that need no right, and refusals whose words its peer has not taken: the files of the console,
/// which a browser asks for together. Each takes some 2 KiB.
pub const OPEN_PAGES_MAX: u32 = 32;

/// Most requests at once over all connections that a config may allow.
pub const REQUESTS_TOTAL_MAX: u32 = 1_000_000;

/// When to try again, for a request over that bound: some commits later.
pub const CROWD_RETRY: Duration = Duration::from_millis(100);

/// Longest file of certificates or keys, in bytes: a bundle of a few hundred authorities.
pub const PEM_BYTES_MAX: u64 = 1 << 20;

/// Most names of a client certificate that are looked at.
pub const CERTIFICATE_NAMES_MAX: usize = 64;

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

/// Longest body that the console sends, in bytes: [`TARGETS_MAX`] targets of two ids of 41 characters each, with their names.
pub const CONSOLE_BODY_BYTES_MAX: usize = 256 << 10;

/// How much of each record the console gets with a session, in bytes: a screen or two. It asks for a whole one by itself.
pub const RECORD_PREVIEW_BYTES: usize = 4 << 10;

/// How many records the console gets with a session: with [`RECORD_PREVIEW_BYTES`], in hex, that is 800 KiB at most.
pub const RECORDS_LISTED_MAX: usize = 100;

/// Bytes of a backup in one message.
pub const BACKUP_CHUNK_BYTES: usize = 256 << 10;

/// When to ask again for a backup while another is under way: copying takes a minute or so for a million sessions.
pub const BACKUP_RETRY: Duration = Duration::from_secs(10);

/// Kinds whose runs are counted by themselves: four times as many as a host serves at once, for kinds that come and go with the
/// config.
pub const KINDS_COUNTED_MAX: usize = 4 * mpy6a_sessions::limits::KINDS_MAX;

/// How long whoever looks at the metrics waits for the writer: some hundred commits on a good disk, and far below the ten seconds
/// that Prometheus waits for a scrape.
pub const LOOK_TIME_MAX: Duration = Duration::from_secs(2);

/// Spans on their way to the collector; past it they are dropped and counted. At a hundredth of 25,000 operations a second with two
/// spans each this is eight seconds of them; each takes about half a KiB.
pub const TRACE_QUEUE_MAX: usize = 4_096;

/// Spans in one message to the collector: some 200 KiB, far below the 4 MiB that gRPC servers take by default.
pub const TRACE_BATCH_MAX: usize = 512;

/// How long spans may wait for others to share a message with.
pub const TRACE_DELAY: Duration = Duration::from_secs(1);

/// How long the collector may take for one message.
pub const TRACE_SEND_TIME_MAX: Duration = Duration::from_secs(3);

/// How long the last spans may take at the end of the host.
pub const TRACE_STOP_TIME_MAX: Duration = Duration::from_secs(2);

/// Most that `limits.remembered_sessions` may be: at some 300 bytes each, 5 GB.
pub const REMEMBERED_SESSIONS_MAX: usize = 1 << 24;

/// Sessions whose trace is remembered for their clients' next operations: each takes some 100 bytes, and at a hundredth of all
/// sessions this is a million and a half of them at once.
pub const TRACED_SESSIONS_MAX: usize = 16_384;

/// How often the config and the plugin files are looked at. With [`SETTLE`], and the time to compile a small handler, a
/// changed plugin is in service well within a second; a look costs a microsecond or two a file.
pub const POLL: Duration = Duration::from_millis(200);

/// How long a changed plugin has to lie still before it is read: copying writes in shorter steps.
pub const SETTLE: Duration = Duration::from_millis(100);

/// How long a changed config, certificate, key or authority has to lie still before it is read. Editors leave a file empty or
/// half-written for half a second, and the first half of such a file can be a whole one. With [`POLL`], a change is in service within
/// two seconds.
pub const CONFIG_SETTLE: Duration = Duration::from_secs(1);

/// How long a changed config that looks cut off has to stay so before it is read: longer than editors pause, and short enough for
/// an operator who removes the last `[[access]]` because its token was stolen.
pub const CUT_OFF_SETTLE: Duration = Duration::from_secs(10);

/// How long a reload that was asked for waits for the config and the files of certificates to lie still for [`SETTLE`].
pub const ASKED_SETTLE_MAX: Duration = Duration::from_secs(5);

/// Shortest time to the first request that a config may ask for, in milliseconds: a TLS handshake takes two round trips.
pub const FIRST_REQUEST_MS_MIN: u64 = 100;

/// Shortest rest between requests that a config may ask for, in milliseconds: connecting anew costs more than resting.
pub const IDLE_MS_MIN: u64 = 1_000;

/// Most `[[access]]` entries: each request without an open stream is compared with all of their tokens, some microseconds.
pub const ACCESS_MAX: usize = 256;

/// Most tokens of one entry: the old and the new one while it changes, and some to spare.
pub const ACCESS_TOKENS_MAX: usize = 8;

/// Longest token to look at, in bytes; ours have 70. Longer ones are nobody's.
pub const TOKEN_BYTES_MAX: usize = 512;

/// Shortest token that `mpy6a token hash` takes, in bytes: 22 letters and digits of chance have the 128 bits that nobody can
/// try out, and a shorter one is a password.
pub const TOKEN_BYTES_MIN: usize = 22;

/// Longest name in a certificate to know somebody by, in bytes: what SPIFFE allows.
pub const CERTIFICATE_NAME_BYTES_MAX: usize = 2048;

/// Handles with which nothing was found, at once, of one access and address: as many as one renewal names, so that a client whose
/// sessions were all deleted by an operator is told so.
pub const MISSES_MAX: f64 = mpy6a_sessions::limits::RENEW_MAX as f64;

/// How many of them are forgiven in a second: a client that is late has a few.
pub const MISSES_PER_SECOND: f64 = 100.0;

/// When to ask again, past that.
pub const MISSES_RETRY: Duration = Duration::from_secs(1);

/// Pairs of access and address that are remembered for it, some 100 bytes each.
pub const MISSES_CALLERS_MAX: usize = 4_096;

/// Most log lines about those who were turned away, and about connections that a bound kept out, in each [`DENIAL_WINDOW`]; the others are counted.
pub const DENIAL_LINES_MAX: u32 = 10;
/// See [`DENIAL_LINES_MAX`].
pub const DENIAL_WINDOW: Duration = Duration::from_secs(1);

/// How long an open stream may rest before it is looked at whether its credentials have run out by the wall clock, which may
/// have been set.
pub const EXPIRY_LOOK_MAX: Duration = Duration::from_secs(60);

/// Width of printed reports, in columns.
pub const REPORT_COLUMNS: usize = 80;

/// Most attempts of a kind that a config may have kept: each is a file, and the next host looks at all of them.
pub const KEPT_ATTEMPTS_MAX: u32 = 1_000;

/// Recordings that wait to be written. Writing one takes a millisecond or so, and what comes faster is dropped.
pub const KEPT_QUEUE: usize = 64;

/// Bytes of recordings that wait to be written: a few large ones.
pub const KEPT_QUEUE_BYTES_MAX: u64 = 32 << 20;

/// Attempts of which it is remembered why they are not kept: the last ones are those that people ask about.
pub const KEPT_REASONS: usize = 1_024;

/// Bytes of plugin files that are kept for recordings: some hundred handlers, or ten with an interpreter in them.
pub const KEPT_PLUGINS_BYTES_MAX: u64 = 256 << 20;

/// Bytes of a recording in one message.
pub const RECORDING_CHUNK_BYTES: usize = 256 << 10;

/// How long whoever asks for a recording waits for one that is being written, and how often it is looked for meanwhile.
pub const RECORDING_WAIT_MAX: Duration = Duration::from_secs(2);
/// See [`RECORDING_WAIT_MAX`].
pub const RECORDING_LOOK: Duration = Duration::from_millis(20);

/// How long a changed plugin is tried on kept attempts, at most: whoever changed it waits for it to be in service.
pub const TRIAL_TIME_MAX: Duration = Duration::from_secs(30);

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

/// Log lines that wait to be written, at most: a second's at full speed. Further ones are dropped, counted and told.
pub const LOG_QUEUE_LINES_MAX: usize = 8_192;

/// Bytes of log lines that wait to be written, at most: of lines as long as most, [`LOG_QUEUE_LINES_MAX`].
pub const LOG_QUEUE_BYTES_MAX: usize = 2 << 20;

/// How long a process that ends waits for its last log lines to be written.
pub const LOG_FLUSH_MAX: Duration = Duration::from_secs(1);
