//! What services A and B share. Each of them is an [`axum::Router`] over one SQLite file, served by [`serve`].
//!
//! ```text
//! connection -> serve -> fault_layer -> router -> Db::transact -> fences -> the service's own rows
//!                 ^          |
//!                 +- closes the connection where the layer says that the answer is to be lost
//! ```
//!
//! | part | its job |
//! |---|---|
//! | [`faults`] | which call fails, and how: a pure draw from a seed |
//! | [`fault_layer`] | carries that out, around every call |
//! | [`fences`] | refuses the late call of an operator that has lost its session |
//! | [`db`] | one SQLite file, one transaction for each call |
//! | [`refusal`] | every answer that is not a success |
//! | [`serve`] | HTTP connections, bounded |
//! | [`program`] | the command line that both programs share |

pub mod db;
pub mod fault_layer;
pub mod faults;
pub mod fences;
pub mod program;
pub mod refusal;
pub mod serve;

/// The longest request body, in bytes. The largest user is some 1.6 kB of JSON; anything longer is a mistake.
pub const BODY_BYTES_MAX: usize = 16 * 1024;
/// How many rows one listing or search returns at most.
pub const PAGE_ROWS_MAX: u32 = 1_000;
/// How many rows one listing or search returns where the caller names no number.
pub const PAGE_ROWS_DEFAULT: u32 = 100;

/// How many rows to return: as asked, within the bounds.
pub fn page_rows(asked: Option<u32>) -> u32 {
    asked.unwrap_or(PAGE_ROWS_DEFAULT).clamp(1, PAGE_ROWS_MAX)
}
