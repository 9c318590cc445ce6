//! Which program this is: its version, the commit that it was built from, and the engine in it.
//!
//! `build.rs` finds out the commit. Two builds of one commit say the same.

use std::sync::LazyLock;

/// The version and the commit: `0.1.0 (5df9df5 2026-11-23)`. The date is the commit's.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("MPY6A_BUILD"), ")");

/// The same, and in a second line what runs the handlers.
#[must_use]
pub fn long() -> &'static str {
    static LONG: LazyLock<String> = LazyLock::new(|| format!("{VERSION}\n{}", mpy6a_plugins::ENGINE));
    &LONG
}
