//! The client against a scripted peer: a gRPC server in this process, over in-memory connections and paused time, that
//! keeps to the protocol and on demand does what a real host cannot be made to do on time: lose answers, hang, die and
//! come back. The tests against the real host are in `tests/blackbox`.
//!
//! * [`peer`]: the server.
//! * `operations`, `retries`, `leases`: what is promised, one module each; `tcp`: that it holds over real sockets and real
//!   time. Each runs twice, in [`streamed`] and in [`unary`].
//! * `scenarios`: the table `tests/scenarios.toml`, which is to hold for clients in all languages; runs twice, too.
//! * [`line`]: what is promised of the stream alone. [`errors`], [`limits`], [`unreachable`], [`words`]: what Rust users see.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::duplicate_mod, reason = "the same tests over both ways")]

mod errors;
mod limits;
mod line;
mod peer;
mod streamed;
mod unary;
mod unreachable;
mod words;
