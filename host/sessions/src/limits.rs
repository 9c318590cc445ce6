//! A bound for everything in this crate that can grow. What a host may set is in [`Limits`]; the rest are constants.

use serde::{Deserialize, Serialize};

/// How many attempts a session keeps: enough to see whether a cause is steady or changes, and at [`CAUSE_BYTES_MAX`] and
/// [`LOG_TAIL_BYTES_MAX`] each no more than 40 KiB for a session.
pub const ATTEMPTS_MAX: u32 = 8;

/// Longest cause kept with an attempt, in bytes: a reason or a trap's message with the top of its backtrace.
pub const CAUSE_BYTES_MAX: usize = 1024;

/// Longest tail of a run's log kept with an attempt, in bytes.
pub const LOG_TAIL_BYTES_MAX: usize = 4096;

/// Longest request id, in bytes: a UUID as text takes 36.
pub const REQUEST_ID_BYTES_MAX: usize = 64;

/// Longest traceparent, in bytes: version 00 of the W3C form takes 55, and later versions may add.
pub const TRACEPARENT_BYTES_MAX: usize = 128;

/// How many sessions that are gone are remembered for callers that do not name themselves, so that a repeated `New`, `Delete`
/// or `Store` gets its first answer. Counted, not timed: no operation ages while the host is down. At about 300 bytes each,
/// 40 MB of memory.
pub const REMEMBERED_MAX: usize = 1 << 17;

/// How many are remembered for named clients: what all of them together have under way, and what they did not settle yet.
/// Two full streams of each of some sixteen clients; past it they are remembered as those without a name are.
pub const REMEMBERED_NAMED_MAX: usize = 1 << 17;

/// How many named clients are known at once, at some 200 bytes each. A service is one, or one a process.
pub const CLIENTS_MAX: usize = 1 << 15;

/// How many kinds a config may name: each keeps a few numbers in memory, and a claim looks at each once.
pub const KINDS_MAX: usize = 1024;

/// How many sessions one `Renew` may name: 24 bytes each, so 240 KB of a message.
pub const RENEW_MAX: usize = 10_000;

/// How many sessions of a list are read at once. Each takes the writer some microseconds, so operations that come meanwhile wait
/// for a few hundred.
pub const LIST_MAX: usize = 64;

/// How many operations one commit may hold. Beyond a few hundred the fsync is already shared out (the design's section 8),
/// and a larger batch only makes its first operation wait longer.
pub const BATCH_OPS_MAX: usize = 1024;

/// How many record bytes one commit may hold before it closes, so that a commit stays a matter of milliseconds.
pub const BATCH_BYTES_MAX: usize = 16 << 20;

/// Most operations of one pipeline without an answer; past it the host reads no more of them until answers have left. With
/// some 300 bytes for an operation or its answer, about a megabyte; and four times what one commit takes, so that a single
/// client can keep the writer busy.
pub const PIPELINE_OPS_MAX: usize = 4096;

/// Most record bytes of one pipeline without an answer, likewise. A single record may be longer.
pub const PIPELINE_BYTES_MAX: usize = 1 << 20;

/// Most sessions at once that were opened on one pipeline: some 150 bytes each, so 10 MB. A client with more opens some by
/// other ways.
pub const PIPELINE_SESSIONS_MAX: usize = 1 << 16;

/// How many sessions that the host took from their client a pipeline still knows by their local numbers, so that the client
/// is told `LEASE_LOST`. Beyond, the oldest is forgotten: its client was silent for longest.
pub const PIPELINE_LOST_MAX: usize = 1024;

/// How many operations of a pipeline travel to the writer as one message: enough to share out lock and wake-up, and a
/// quarter of [`BATCH_OPS_MAX`], so that several pipelines share a commit.
pub const TURN_OPS_MAX: usize = 256;

const _: () = assert!(TURN_OPS_MAX <= BATCH_OPS_MAX && BATCH_OPS_MAX <= PIPELINE_OPS_MAX);

/// How much is remembered of sessions that are gone, to answer retries. Constants of a host; a test sets smaller ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryLimits {
    /// Sessions of callers without a name, a count.
    pub unnamed_max: usize,
    /// Sessions of named clients, a count. Past it the oldest of the access with most counts as one without a name.
    pub named_max: usize,
    /// Named clients, a count. Past it, of the access with most, the one that was silent for longest is forgotten.
    pub clients_max: usize,
    /// Forgotten sessions that rows may still hold beside as many as are remembered, a count. Past it, rows at least half of which
    /// is forgotten are written anew.
    pub forgotten_in_rows_max: usize,
}

impl Default for RetryLimits {
    fn default() -> Self {
        Self {
            unnamed_max: REMEMBERED_MAX,
            named_max: REMEMBERED_NAMED_MAX,
            clients_max: CLIENTS_MAX,
            // What a few dozen commits leave.
            forgotten_in_rows_max: 16 * BATCH_OPS_MAX,
        }
    }
}

/// The limits that a host sets for all kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Longest record, in bytes.
    pub record_bytes_max: u64,
    /// Most bytes of records in one session.
    pub session_bytes_max: u64,
    /// Most records in one session.
    pub session_records_max: u32,
    /// Longest timeout that `Store` may ask for, in seconds.
    pub timeout_s_max: u32,
    /// Most operations waiting for the writer. Past it a client is refused at once with [`Error::Overloaded`].
    ///
    /// [`Error::Overloaded`]: crate::Error::Overloaded
    pub queue_ops_max: usize,
    /// Most record bytes waiting for the writer; past it, likewise.
    pub queue_bytes_max: usize,
    /// What is remembered to answer retries. No matter to a run, and not in its recording.
    #[serde(skip)]
    pub retries: RetryLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // An intent is a few hundred bytes; a payload of megabytes belongs into a blob store, its name into the intent.
            record_bytes_max: 1 << 20,
            // A claim reads the whole session into memory and the sandbox gets a copy.
            session_bytes_max: 8 << 20,
            session_records_max: 10_000,
            // One leap year.
            timeout_s_max: 366 * 24 * 3600,
            // At 25,000 operations a second a third of a second of work: longer queues only add latency.
            queue_ops_max: 8192,
            queue_bytes_max: 64 << 20,
            retries: RetryLimits::default(),
        }
    }
}
