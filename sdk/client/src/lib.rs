//! The Rust client of mpy6a, a durable log of intents.
//!
//! A service records what it is about to do in a *session*, does it, and deletes the session. When it fails half-way,
//! or dies, the session stays, and mpy6a runs the repeat handler for that kind of work with everything that was
//! recorded.
//!
//! ```no_run
//! # async fn create(nick: &str) -> Result<u64, Box<dyn std::error::Error>> { Ok(nick.len() as u64) }
//! # async fn index(id: u64) -> Result<(), Box<dyn std::error::Error>> { let _ = id; Ok(()) }
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use mpy6a_client::Client;
//!
//! let client = Client::connect("http://127.0.0.1:7340")?;
//! let mut session = client.new_session(1).await?;
//! session.append("create user мария").await?; // durable from here on
//! let id = create("мария").await?; // on error the session is dropped, and repeated
//! session.append(format!("created {id}")).await?;
//! index(id).await?;
//! session.delete().await?; // all is done: nothing to repeat
//! # Ok(())
//! # }
//! ```
//!
//! # Where to look
//!
//! * [`Client`]: one connection, any number of sessions. [`Builder`]: its options.
//! * [`Session`]: the operations, the lease, what dropping means.
//! * [`Error`]: by what to do next.
//!
//! # What holds
//!
//! * An operation that returned `Ok` is durable, and was applied once, however often it was tried.
//! * No operation is accepted from a client whose session was claimed by a repeat: it gets [`Error::LeaseLost`].
//! * A number is never sent with two contents.
//! * The client learns that its lease is over before the host may act on it, unless its clock stands still.

mod builder;
mod call;
mod client;
mod error;
mod index;
mod lease;
mod limits;
mod line;
mod numbers;
mod opening;
mod operate;
mod secure;
mod session;
mod unfinished;

/// What a status says: no part of the interface, but for the tests that try made-up ones.
#[doc(hidden)]
pub use self::call::{Refusal, Verdict};
pub use self::{
    builder::Builder,
    client::Client,
    error::{Cause, Error, TooLarge},
    index::{Index, NotAnIndex},
    opening::Opening,
    session::Session,
    unfinished::Unfinished,
};
