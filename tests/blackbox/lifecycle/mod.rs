//! What clients and handlers do arrives, once and whole.
//!
//! | file | through |
//! |---|---|
//! | [`wire`] | the raw protocol: every operation, numbers, request ids |
//! | [`client`] | the Rust client |
//! | [`retries`] | the raw protocol, late and beside load; two accesses |
//! | [`handler`] | a repeat: what the handler is given, what it does to its session |

mod client;
mod handler;
pub mod retries;
mod wire;
