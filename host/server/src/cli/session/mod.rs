//! `mpy6a session`: sessions of a running host, for people and scripts.
//!
//! | file | its job |
//! |---|---|
//! | [`ls`], [`show`] | looking |
//! | [`replay`] | running an attempt again |
//! | [`act`] | repeating, parking, redriving, deleting: by id, or all that a filter lets through |
//! | [`script`] | being a client: new, append, replace, store, finish |
//! | [`filter`] | which sessions |

mod act;
mod filter;
mod ls;
mod replay;
mod script;
mod show;

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use mpy6a_proto::v1;

use super::remote::{Remote, Trouble, refused};

/// What to do with sessions.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List sessions, and say what each waits for.
    ///
    /// Exit codes: 0 listed, 1 refused, 2 wrong command line, 3 no host.
    Ls(ls::Arguments),
    /// Show one session whole: its records, its attempts, what it waits for.
    ///
    /// Exit codes: 0 shown, 1 there is none, 2 wrong command line, 3 no host.
    Show(show::Arguments),
    /// Run an attempt of a session again, here, out of what it got from outside then, and compare: nothing is sent and no
    /// session is touched.
    ///
    /// Exit codes: 0 it did the same, 1 it did not or cannot be replayed, 2 wrong command line, 3 no host.
    Replay(replay::Arguments),
    /// Repeat stored sessions now, whatever they wait for.
    ///
    /// Exit codes, as for all that act: 0 all done, 1 some refused, 2 wrong command line, 3 no host.
    Repeat(act::Arguments),
    /// Keep sessions from being repeated until you redrive or delete them.
    Park(act::Arguments),
    /// Repeat parked sessions, as ones that never were: after their handler was mended, most likely.
    Redrive(act::Arguments),
    /// Forget sessions and everything that they recorded, for ever.
    Delete(act::Arguments),
    /// Open a session, and print its handle: what the commands below need.
    New(script::New),
    /// Append a record.
    Append(script::Record),
    /// Drop all records and keep this one.
    Replace(script::Record),
    /// Close the session and have it repeated after a timeout.
    Store(script::Store),
    /// The work is done: forget the session.
    Finish(script::Finish),
}

/// How an answer is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people, in columns.
    #[default]
    Table,
    /// For programs: one JSON value a line.
    Json,
}

/// Run one.
pub fn run(command: Command, remote: &Remote) -> ExitCode {
    use v1::Action;
    match command {
        Command::Ls(arguments) => remote.run(async |host| ls::run(&arguments, host).await),
        Command::Show(arguments) => remote.run(async |host| show::run(&arguments, host).await),
        Command::Replay(arguments) => replay::run(&arguments, remote),
        Command::Repeat(arguments) => remote.run(async |host| act::run(Action::Repeat, &arguments, host).await),
        Command::Park(arguments) => remote.run(async |host| act::run(Action::Park, &arguments, host).await),
        Command::Redrive(arguments) => remote.run(async |host| act::run(Action::Redrive, &arguments, host).await),
        Command::Delete(arguments) => remote.run(async |host| act::run(Action::Delete, &arguments, host).await),
        Command::New(arguments) => remote.run(async |host| script::open(&arguments, host).await),
        Command::Append(arguments) => remote.run(async |host| script::append(&arguments, host).await),
        Command::Replace(arguments) => remote.run(async |host| script::replace(&arguments, host).await),
        Command::Store(arguments) => remote.run(async |host| script::store(&arguments, host).await),
        Command::Finish(arguments) => remote.run(async |host| script::finish(&arguments, host).await),
    }
}

/// A session's id from the command line.
fn id(text: &str) -> Result<v1::Index, Trouble> {
    let parsed = text.parse::<mpy6a_sessions::Index>();
    let index = parsed.map_err(|_| refused(format!("{text:?} is no session's id: they look like 3-1042")))?;
    Ok(v1::Index { term: index.term, index: index.index })
}
