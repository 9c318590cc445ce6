//! `mpy6a kind`: kinds of a running host.

use std::process::ExitCode;

use clap::Subcommand;
use mpy6a_proto::v1;

use super::{
    out::print_json,
    remote::{Host, Remote, Trouble},
    session::Output,
    table::{KIND_COLUMNS, Table, cut, span},
};
use crate::{json, limits::REPORT_COLUMNS, time::now_ms};

/// What to do with kinds.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List kinds: their sessions by state, and whether they are repeated.
    ///
    /// Exit codes: 0 listed, 1 refused, 2 wrong command line, 3 no host.
    Ls {
        /// How they are printed.
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Repeat no session of a kind any more, over restarts too, until it is resumed. Runs under way go on.
    ///
    /// Exit codes: 0 done, 1 refused, 2 wrong command line, 3 no host.
    Pause {
        /// The kind, by name or number.
        kind: String,
    },
    /// Repeat the sessions of a paused kind again.
    ///
    /// Exit codes: 0 done, 1 refused, 2 wrong command line, 3 no host.
    Resume {
        /// The kind, by name or number.
        kind: String,
    },
}

/// Run one.
pub fn run(command: Command, remote: &Remote) -> ExitCode {
    match command {
        Command::Ls { output } => remote.run(async |host| list(output, host).await),
        Command::Pause { kind } => remote.run(async |host| pause(&kind, host).await),
        Command::Resume { kind } => remote.run(async |host| resume(&kind, host).await),
    }
}

async fn list(output: Output, host: Host) -> Result<ExitCode, Trouble> {
    let kinds = host.kinds().await?.kinds;
    match output {
        Output::Table => out!("{}", table(&kinds).text(Some(REPORT_COLUMNS))),
        Output::Json => kinds.iter().for_each(|kind| print_json(&json::kind(kind))),
    }
    Ok(ExitCode::SUCCESS)
}

async fn pause(kind: &str, host: Host) -> Result<ExitCode, Trouble> {
    let kind = host.kind(kind).await?;
    let request = v1::PauseKindRequest { kind: kind.id };
    host.admin.clone().pause_kind(request).await.map_err(|status| host.trouble(&status))?;
    outln!("paused: {} ({} stored sessions wait)", kind.name, kind.stored);
    Ok(ExitCode::SUCCESS)
}

async fn resume(kind: &str, host: Host) -> Result<ExitCode, Trouble> {
    let kind = host.kind(kind).await?;
    let request = v1::ResumeKindRequest { kind: kind.id };
    host.admin.clone().resume_kind(request).await.map_err(|status| host.trouble(&status))?;
    let still = kind.paused && kind.paused_since_ms.is_none();
    let but = if still { ": but the config has paused = true for it" } else { "" };
    outln!("resumed: {}{but}", kind.name);
    Ok(ExitCode::SUCCESS)
}

/// A line for each kind.
pub fn table(kinds: &[v1::Kind]) -> Table {
    let mut table = Table::new(&["KIND", " ID", " ACTIVE", " STORED", " RUNS", " PARKED", " LATE", "REPEATED"]);
    for kind in kinds {
        let late = kind.first_due_ms.map(|due_ms| now_ms().saturating_sub(due_ms)).filter(|late_ms| *late_ms >= 1_000);
        table.row(vec![
            cut(if kind.name.is_empty() { "(not in the config)" } else { &kind.name }, Some(KIND_COLUMNS)),
            kind.id.to_string(),
            kind.active.to_string(),
            kind.stored.to_string(),
            format!("{}/{}", kind.repeating, kind.workers),
            kind.parked.to_string(),
            late.map_or_else(|| "-".to_owned(), span),
            repeated(kind),
        ]);
    }
    table
}

/// A kind's name; its number where the config does not name it.
pub fn name(kind: &v1::Kind) -> String {
    if kind.name.is_empty() { kind.id.to_string() } else { kind.name.clone() }
}

/// Whether sessions of a kind are repeated, and why not.
fn repeated(kind: &v1::Kind) -> String {
    if let Some(since_ms) = kind.paused_since_ms {
        return format!("no: paused {} ago", span(now_ms().saturating_sub(since_ms)));
    }
    let trouble = kind.trouble.lines().next().unwrap_or_default();
    match (kind.paused, &kind.plugin) {
        (true, _) => "no: config pauses it".to_owned(),
        (false, None) => format!("no: {trouble}"),
        (false, Some(_)) if !trouble.is_empty() => format!("by old plugin: {trouble}"),
        (false, Some(_)) => "yes".to_owned(),
    }
}
