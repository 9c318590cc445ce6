//! Bad input gets a clear error on the wire: the right code, a reason for programs, a remedy for people.
//!
//! | file | what is wrong |
//! |---|---|
//! | [`operations`] | the operation: its session, its key, its number |
//! | [`sizes`] | too much of something |
//! | [`transport`] | what is not an operation at all; and the standard services |

mod operations;
pub mod sizes;
mod transport;
