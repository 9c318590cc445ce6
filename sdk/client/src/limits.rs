//! A bound for everything in this crate that grows or waits, with its unit and its reason.
//!
//! What is not here is bounded by the caller: a client keeps about 300 bytes for each session that the caller holds.

use std::time::Duration;

/// How many sessions one `Renew` names: the host's own limit.
pub(crate) const RENEW_MAX: usize = 10_000;

/// A lease is renewed when this part of it has passed since the last sign of life: then two whole thirds are left for
/// tries that fail.
pub(crate) const RENEW_AFTER_DIVISOR: u64 = 3;

/// When one session is due for renewal, those that will be within this part of their leases go along: so that many
/// sessions cost one request, and at most this many requests are made in one lease.
pub(crate) const RENEW_EARLY_DIVISOR: u64 = 12;

/// The part of a lease kept back at its end: a caller that is told then has this long to stop. It also covers what
/// clocks differ: two that drift apart by 0.1 % part by a hundredth of it.
pub(crate) const STOP_EARLY_DIVISOR: u64 = 10;

/// Shortest pause between two rounds of renewals, whatever leases a host grants.
pub(crate) const RENEW_PAUSE_MIN: Duration = Duration::from_millis(10);

/// Shortest time that one try of a `Renew` gets, however short the leases.
pub(crate) const RENEW_TRY_MIN: Duration = Duration::from_millis(50);

/// How long an operation is tried at least, if the caller has set nothing: a host that was killed is back within.
pub(crate) const OPERATION_TIMEOUT_MIN: Duration = Duration::from_secs(10);

/// How long one try waits for its answer by default. A commit takes milliseconds; a disk that is busy may take a second
/// or two; after three seconds another try costs nothing, for operations are numbered.
pub(crate) const TRY_TIMEOUT: Duration = Duration::from_secs(3);

/// How long a connection may take to be made by default.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// After this long without a frame from the host it is sent a ping.
pub(crate) const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(2);

/// A host that does not answer a ping for this long is held to be dead, and the next try connects anew. Together
/// with the interval well below the usual lease of ten seconds.
pub(crate) const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(2);

/// The first pause between two tries, before jitter.
pub(crate) const BACKOFF_FIRST: Duration = Duration::from_millis(20);

/// The longest pause between two tries, before jitter: how much later than the host itself its clients are back.
pub(crate) const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// How long before its end an operation is tried a last time, where the next pause would outlast it: a healthy host answers well
/// within.
pub(crate) const LAST_TRY: Duration = Duration::from_millis(200);

/// How many operations of one client may be under way, or wait for the host, by default; as many again may wait for their
/// place while the host answers. Some 2 KiB each beside their records: at most 256 MiB, however long the host is away. What
/// a client asks of a host that is well is far below.
pub(crate) const OPERATIONS_MAX: usize = 65_536;

/// How many bytes their records may have together, by default; as many again in those that wait for their place.
pub(crate) const OPERATION_BYTES_MAX: usize = 64 << 20;

/// How long a host that does not serve the stream is asked by single calls before it is asked for the stream again.
pub(crate) const STREAM_RETRY: Duration = Duration::from_secs(30);

/// At which try of an operation it is an outage that connections break: two may be a restart.
pub(crate) const BROKEN_TRIES: u32 = 3;

/// The longest root cause in a message, in characters: some of it comes from the other side.
pub(crate) const CAUSE_CHARS_MAX: usize = 1024;

/// Operations that wait to be sent over the stream; callers beyond wait for room. A few messages' worth.
pub(crate) const LINE_QUEUE_MAX: usize = 1024;

/// Most operations in one message: what the host hands to its writer in one go.
pub(crate) const MESSAGE_OPERATIONS_MAX: usize = 256;

/// Most bytes of records in one message, and in one operation over the stream; longer records go by a call of their own. So
/// a message is never over a host's limit, and a record that is over it ends its own call and not the stream of everybody
/// else: every host takes messages of 256 KiB, and what stands around 256 records takes no more than 80 KiB.
pub(crate) const MESSAGE_RECORD_BYTES_MAX: usize = 32 << 10;

/// At how many operations under way it is first looked for those whose callers have given up.
pub(crate) const LINE_SWEEP_MIN: usize = 4096;

/// The longest `Store` timeout that the wire can carry, in seconds. The host's own limit is lower.
pub(crate) const STORE_TIMEOUT_S_MAX: u64 = u32::MAX as u64;
