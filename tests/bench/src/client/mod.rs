//! Clients of the real host: unary, streamed, and those that only fill it.

pub mod fill;
pub mod stream;
pub mod unary;
