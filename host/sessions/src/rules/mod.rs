//! The rules.
pub use size::{Size, check_timeout};
mod size;
