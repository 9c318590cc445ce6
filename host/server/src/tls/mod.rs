//! TLS: our certificate, and the names in those of whoever connects.
//!
//! | file | its job |
//! |---|---|
//! | [`files`] | reads certificate, key and authorities, and says what is wrong with them |
//! | [`names`] | what a verified client certificate says |
//! | [`slot`] | what is in service, replaced while the host runs |
//!
//! Invariant: what is in service was whole once. Files that cannot be used change nothing, and are named in the log.

pub mod files;
pub mod names;
pub mod slot;

pub use self::{
    files::{ClientAuth, TlsError, TlsFiles},
    slot::Slot,
};
