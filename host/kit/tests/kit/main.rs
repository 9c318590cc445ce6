//! Handlers tried out offline, and the crash kit on handlers that get it wrong. The handlers are real ones, built by
//! `.ci/build-guests`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod careless;
mod examples;
mod format;
mod life;
mod rig;
