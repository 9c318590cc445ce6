//! A bound for everything in this crate that can grow. What the config sets for each kind is in [`RunLimits`]; the rest are
//! constants.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What one run of a handler may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLimits {
    /// Fuel: about one unit for each Wasm instruction.
    pub fuel: u64,
    /// Linear memories and tables of all its instances together, in bytes.
    pub memory_bytes: u64,
    /// Wall-clock time, waiting for answers included.
    pub time: Duration,
    /// Longest body of an HTTP response, in bytes.
    pub response_bytes: u64,
    /// Most bytes of log lines; what comes after is dropped and counted.
    pub log_bytes: u64,
}

impl Default for RunLimits {
    fn default() -> Self {
        Self {
            // About a second of computing: repeats wait for services, they do not calculate.
            fuel: 1_000_000_000,
            // CPython in Wasm takes 30 MiB before its first line of user code.
            memory_bytes: 64 << 20,
            time: Duration::from_secs(10),
            // Larger than any answer that a repeat decides upon, small against `memory_bytes`.
            response_bytes: 8 << 20,
            log_bytes: 64 << 10,
        }
    }
}

/// Largest plugin file, in bytes: a Python handler takes 18 MB.
pub const PLUGIN_BYTES_MAX: u64 = 128 << 20;

/// Most functions in a plugin. CPython has 13,500; each takes a tenth of a millisecond to compile, and 6 KB meanwhile.
pub const FUNCTIONS_MAX: u64 = 50_000;

/// Most code in a plugin, in bytes. A Go handler has 3 MB, a Python one 7 MB.
pub const CODE_BYTES_MAX: u64 = 32 << 20;

/// Most code in one function, in bytes. CPython's longest has 430 KB.
pub const FUNCTION_BYTES_MAX: u64 = 1 << 20;

/// Most blocks within each other in one function: the time to compile it grows with their square. CPython has 780.
pub const BLOCK_DEPTH_MAX: u64 = 2_000;

/// Most branches in one function: the time to compile it grows with their square. CPython has 5,500.
pub const BRANCHES_PER_FUNCTION_MAX: u64 = 20_000;

/// Most bytes in the names of what a plugin's modules import, written out for each import. CPython's have 30 KB. A file may name
/// a module once for a million imports, and everybody who reads it keeps a copy of the name for each.
pub const IMPORT_NAMES_BYTES_MAX: u64 = 4 << 20;

/// Most instances in a plugin, of modules and of components, before it is compiled; far more than [`CORE_INSTANCES_PER_RUN`],
/// which the engine asks of the result. wasmtime takes some 300 bytes for each.
pub const INSTANCES_MAX: u64 = 10_000;

/// Most memory that a kind may be given, in bytes: what a 32-bit address reaches.
pub const MEMORY_BYTES_MAX: u64 = 4 << 30;

/// Most runs at once in one process. Each reserves some 16 GiB of address space ([`MEMORIES_PER_RUN`]); 47 bits hold 8,000.
pub const RUNS_MAX: u32 = 4096;

/// How many plugins are loaded at once; each takes part in the pool, like a run, while it is tried out. Reloads of many kinds
/// queue up rather than take the machine from the runs.
pub const LOADS_MAX: u32 = 2;

/// Core instances in one component: componentize-py makes 38, most others fewer than 5. They are small; the pool only counts
/// them.
pub const CORE_INSTANCES_PER_RUN: u32 = 64;

/// Linear memories in one component. Toolchains make one; components composed of several bring one each. Each costs 4 GiB of
/// address space, and real memory only where it is touched.
pub const MEMORIES_PER_RUN: u32 = 4;

/// Tables in one component: one for each core module that has one, and one for each shim of `wit-component`.
pub const TABLES_PER_RUN: u32 = 16;

/// Elements of one table, about one for each function whose address is taken. CPython has some 15,000. At 8 bytes each a slot
/// takes 512 KiB of address space.
pub const TABLE_ELEMENTS_MAX: usize = 1 << 16;

/// Metadata of one core instance, in bytes: it grows with the number of functions, and 1 MiB (wasmtime's default) is near what
/// the largest interpreters need.
pub const CORE_INSTANCE_BYTES_MAX: usize = 4 << 20;

/// Stack for Wasm, in bytes. Twice wasmtime's default, since interpreters recurse; past it the guest traps.
pub const WASM_STACK_BYTES: usize = 1 << 20;

/// The whole stack of a run, in bytes: the rest is for host functions that the guest calls, of which a TLS handshake is the
/// deepest.
pub const RUN_STACK_BYTES: usize = 3 << 20;

/// Most bytes that a guest can have the host allocate in one call. A record or an HTTP body longer than this ends the run;
/// the sandbox raises it where the host allows longer records, so that those are answered with an error value.
pub const HOSTCALL_BYTES_MAX: usize = 16 << 20;

/// Most host resources (streams, requests, pollables) that a guest may hold at once. A request in flight takes about six.
pub const HOST_RESOURCES_MAX: usize = 1024;

/// Most bytes that one call for random bytes may ask for: wasmtime's own default of 64 MiB is more than a whole run may have.
pub const RANDOM_BYTES_MAX: u64 = 1 << 20;

/// How often a guest that computes gives way to the other tasks of its thread. Ten milliseconds is an eternity for a message
/// between tasks and nothing for a computation; the ticker's thread sleeps while nothing runs.
pub const TICK: Duration = Duration::from_millis(10);

/// How many tasks the runtime of the runs may poll before it looks for events: timers that fired, answers that came. A guest that
/// computes holds its thread for a [`TICK`] at each poll, so with tokio's 61 everybody else's answers, and the guest's own
/// deadline, would be 0.6 s late. Looking costs a microsecond, a run 30 or more.
pub const EVENT_INTERVAL: u32 = 1;

/// Longest log line, in bytes; the rest is cut off.
pub const LOG_LINE_BYTES_MAX: usize = 4096;

/// Longest cause made from a trap, in bytes, and how many frames of its backtrace go into it.
pub const TRAP_BYTES_MAX: usize = 900;

/// Frames of a backtrace that a cause names, innermost first.
pub const TRAP_FRAMES_MAX: usize = 5;

/// Most allow rules of one kind: every request looks through them.
pub const RULES_MAX: usize = 256;

/// Longest URL, in bytes; servers commonly refuse longer ones.
pub const URL_BYTES_MAX: usize = 8 << 10;

/// Most headers in a request or a response, and most bytes of a head: what servers commonly take.
pub const HEADERS_MAX: usize = 100;

/// Most bytes in the head of a response, and so the size of the read buffer of a connection.
pub const HEAD_BYTES_MAX: usize = 64 << 10;

/// How much of a request's body a stream of `wasi:http` takes at a time, in bytes; one such part waits in the host, besides one
/// that is being sent. A run can hold some 340 bodies that it never sends ([`HOST_RESOURCES_MAX`]), and wasmtime's own megabyte
/// would be all of a small host's memory.
pub const BODY_CHUNK_BYTES_MAX: usize = 64 << 10;

/// Longest name of a step, in bytes.
pub const STEP_BYTES_MAX: usize = 128;

/// How long to look for a connection (name, TCP, TLS) before the target counts as unreachable.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection without a request is kept. Short: most servers close theirs after 5 s or more, and a request on a
/// connection that is being closed ends as `broken`.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(3);

/// Connections without a request that are kept for each target of a plugin.
pub const IDLE_PER_TARGET_MAX: usize = 8;

/// Size of the compile cache, in bytes; past it the least recently used entries go. A Rust handler compiles to 200 KB, a
/// Python one to 60 MB.
pub const CACHE_BYTES_MAX: u64 = 1 << 30;

/// How long a plugin file must have been left alone before it is read: whoever copies a file writes in shorter steps.
pub const QUIET: Duration = Duration::from_millis(50);

/// How often a plugin file is looked at again while it is being written.
pub const READS_MAX: u32 = 20;
