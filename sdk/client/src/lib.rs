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
//! * An operation that failed without [`Error::maybe_applied`] was not applied and will not be. After any other failure the
//!   same call resumes it.
//! * The client learns that its lease is over before the host may act on it, unless its clock stands still.

mod builder;
mod call;
mod client;
mod error;
mod identity;
mod index;
mod lease;
mod limits;
mod line;
mod numbers;
mod opening;
mod operate;
mod outage;
mod record;
mod room;
mod secure;
mod session;
mod unfinished;

/// What a status says: no part of the interface, but for the tests that try made-up ones.
#[doc(hidden)]
pub use self::call::{Proves, Refusal, Verdict};
pub use self::{
    builder::Builder,
    client::Client,
    error::{Cause, Error, TooLarge},
    index::{Index, NotAnIndex},
    opening::Opening,
    record::IntoRecord,
    session::Session,
    unfinished::Unfinished,
};

/// Mistakes that must not compile, each beside what it should have been.
///
/// A record that is neither bytes nor text:
///
/// ```compile_fail,E0277
/// async fn record(mut session: mpy6a_client::Session) { session.append(42).await.ok(); }
/// ```
/// ```no_run
/// async fn record(mut session: mpy6a_client::Session) { session.append(42.to_string()).await.ok(); }
/// ```
///
/// A session that is left to its handler as soon as it is opened, because nothing holds it:
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// async fn open(client: mpy6a_client::Client) -> Result<(), mpy6a_client::Error> {
///     client.new_session(1).await?;
///     Ok(())
/// }
/// ```
/// ```no_run
/// #![deny(unused_must_use)]
/// async fn open(client: mpy6a_client::Client) -> Result<(), mpy6a_client::Error> {
///     let _session = client.new_session(1).await?;
///     Ok(())
/// }
/// ```
///
/// An operation that is never asked:
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// async fn forget(mut session: mpy6a_client::Session) { session.append("a"); }
/// ```
/// ```no_run
/// #![deny(unused_must_use)]
/// async fn forget(mut session: mpy6a_client::Session) { session.append("a").await.ok(); }
/// ```
///
/// A session that was deleted:
///
/// ```compile_fail,E0382
/// async fn delete(mut session: mpy6a_client::Session) {
///     session.delete().await.ok();
///     session.append("a").await.ok();
/// }
/// ```
#[cfg(doctest)]
struct Mistakes;
