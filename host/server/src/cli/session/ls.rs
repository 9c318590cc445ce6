//! `mpy6a session ls`.

use std::{collections::BTreeMap, process::ExitCode};

use clap::Args;
use mpy6a_proto::v1;

use super::{Output, filter};
use crate::{
    cli::{
        out::print_json,
        remote::{Host, Trouble},
        table::{KIND_COLUMNS, Table, cut, span},
    },
    json::{self, kind_name, reason, shown, state_name},
    limits::REPORT_COLUMNS,
    time::now_ms,
};

#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    filter: filter::Which,
    /// Most sessions to list; 0 for all.
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: usize,
    /// How they are printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    /// Say in full what each waits for, however long the lines.
    #[arg(long)]
    wide: bool,
}

/// List them.
pub async fn run(arguments: &Arguments, host: Host) -> Result<ExitCode, Trouble> {
    let limit = if arguments.limit == 0 { usize::MAX } else { arguments.limit };
    let names = host.kind_names().await?;
    let mut pages = filter::Pages::new(arguments.filter.filter(&host).await?, 0);
    let (mut table, mut count, mut more) = (head(), 0, false);
    while let Some(page) = pages.next(&host).await? {
        for session in page {
            if count == limit {
                more = true;
                break;
            }
            count += 1;
            match arguments.output {
                Output::Table => table.row(row(&session, &names, arguments.wide)),
                Output::Json => print_json(&json::summary(&session, &names)),
            }
        }
        if more {
            break;
        }
    }
    if arguments.output == Output::Table {
        let columns = (!arguments.wide).then_some(REPORT_COLUMNS);
        out!("{}", if count == 0 { "no such sessions\n".to_owned() } else { table.text(columns) });
        if more {
            outln!("and more: --limit 0 lists all");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The head of a list.
pub fn head() -> Table {
    Table::new(&["ID", "KIND", "STATE", " AGE", " REPEATS", "WAITS FOR"])
}

/// A session in a list. `wide`: with all that is known of why it waits.
pub fn row(session: &v1::SessionSummary, names: &BTreeMap<u32, String>, wide: bool) -> Vec<String> {
    let waiting = session.waiting.clone().unwrap_or_default();
    let columns = (!wide).then_some(KIND_COLUMNS);
    vec![
        shown(session.id),
        cut(&kind_name(session.kind, names), columns),
        state_name(session.state()).to_owned(),
        span(now_ms().saturating_sub(session.created_ms)),
        session.repeats.to_string(),
        if wide { waiting.words.replace('\n', " ") } else { short(session, &waiting) },
    ]
}

/// What it waits for, the word that matters most first; then how its last repeat ended, if it had any.
fn short(session: &v1::SessionSummary, waiting: &v1::Waiting) -> String {
    let reason = match session.state() {
        v1::SessionState::Stored if session.due_ms > now_ms() => format!("due in {}", span(session.due_ms - now_ms())),
        _ => reason(waiting.reason()),
    };
    let last = match session.last_cause.is_empty() {
        true => &session.last_outcome,
        false => &session.last_cause,
    };
    match session.state() {
        v1::SessionState::Stored | v1::SessionState::Parked if session.repeats > 0 && !last.is_empty() => {
            format!("{reason}: {}", last.replace('\n', " "))
        }
        _ => reason,
    }
}
