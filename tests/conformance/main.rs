//! The same handler in every language does the same: each example, in each language, in the real host, against one table.
//!
//! | file | what is in it |
//! |---|---|
//! | [`story`] | what became of a session, as seen from outside: repeats, HTTP calls, records, log lines |
//! | [`create_user`] | what the example `create-user` does, case by case |
//! | [`reminder`] | what the example `reminder` does, case by case |
//! | [`killed`] | what both do when their host is killed half-way |
//!
//! The tables know nothing of languages: what they expect is what [`languages!`] holds each of them to. The handlers must
//! be built: `make handlers`. One whose file is missing fails, and says so.
//!
//! `cargo test --workspace --test conformance -- --nocapture` also prints what the runs in each language took of their
//! limits: the examples' configs go by that.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod create_user;
#[path = "../harness/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the black-box tests use the rest")]
mod harness;
mod killed;
mod reminder;
mod story;

/// A module for each language, with the tests that hold its handlers to the tables.
macro_rules! languages {
    ($($language:ident)*) => {$(
        mod $language {
            const LANGUAGE: &str = stringify!($language);

            #[tokio::test]
            async fn create_user() {
                crate::create_user::conforms(LANGUAGE).await;
            }

            #[tokio::test]
            async fn reminder() {
                crate::reminder::conforms(LANGUAGE).await;
            }

            #[tokio::test]
            async fn create_user_is_repeated_when_its_host_is_killed_in_a_call() {
                crate::killed::in_a_call(LANGUAGE).await;
            }

            #[tokio::test]
            async fn reminder_goes_on_when_its_host_is_killed_between_repeats() {
                crate::killed::between_repeats(LANGUAGE).await;
            }
        }
    )*};
}

// One line for each language.
languages! {
    rust
    js
    python
    c
    go
}
