//! `mpy6a session repeat`, `park`, `redrive`, `delete`: of sessions by id, or of all that a filter lets through.
//!
//! By id it is done at once. By filter it is first counted, what it would do is shown, and `--yes` does it: to what was
//! listed, as it was when it was listed. A session that changed meanwhile is left alone.

use std::{collections::BTreeMap, process::ExitCode};

use clap::Args;
use mpy6a_proto::v1::{self, Action, acted::Outcome};

use super::{filter, id, ls};
use crate::{
    cli::remote::{Host, Trouble, refused},
    grpc::admin::act::states_for,
    json::kind_name,
    limits::{REPORT_COLUMNS, TARGETS_MAX},
};

/// How many sessions a dry run shows.
const SHOWN: usize = 10;

#[derive(Args, Debug)]
pub struct Arguments {
    /// The sessions: 3-1042 and so on.
    ids: Vec<String>,
    #[command(flatten)]
    filter: filter::Which,
    /// Every session in a state in which this can be done, without a filter.
    #[arg(long)]
    all: bool,
    /// Do it, to what the filter lets through. Without it that is only counted and shown.
    #[arg(long)]
    yes: bool,
    /// Also where a client holds a session: it is taken from the client. Never where a run does.
    #[arg(long)]
    force: bool,
}

/// Do it, or show what would be done.
pub async fn run(action: Action, arguments: &Arguments, host: Host) -> Result<ExitCode, Trouble> {
    if arguments.ids.is_empty() {
        return by_filter(action, arguments, host).await;
    }
    if arguments.all || !arguments.filter.is_empty() {
        return Err(refused("name sessions by id or by a filter, not by both"));
    }
    let target = |text: &String| Ok(v1::Target { id: Some(id(text)?), unchanged_since: None });
    let targets = arguments.ids.iter().map(target).collect::<Result<Vec<_>, Trouble>>()?;
    let mut tally = Tally::default();
    tally.act(action, targets, arguments.force, &host).await?;
    Ok(tally.tell(action))
}

async fn by_filter(action: Action, arguments: &Arguments, host: Host) -> Result<ExitCode, Trouble> {
    if arguments.filter.is_empty() && !arguments.all {
        return Err(refused(
            "this is about every session of the host: name some by id, narrow it by a filter (--kind, --state, --older, \
             --outcome and so on), or say --all",
        ));
    }
    let mut filter = arguments.filter.filter(&host).await?;
    let possible = states_for(action, arguments.force);
    if filter.states.is_empty() {
        filter.states = possible.iter().map(|state| (*state).into()).collect();
    }
    if arguments.yes { do_all(action, filter, arguments.force, host).await } else { show(action, filter, host).await }
}

async fn show(action: Action, filter: v1::Filter, host: Host) -> Result<ExitCode, Trouble> {
    let names = host.kind_names().await?;
    let (mut table, mut count) = (ls::head(), 0);
    let mut by_kind: BTreeMap<u32, usize> = BTreeMap::new();
    let mut pages = filter::Pages::new(filter, 0);
    while let Some(page) = pages.next(&host).await? {
        for session in page {
            if count < SHOWN {
                table.row(ls::row(&session, &names, false));
            }
            count += 1;
            *by_kind.entry(session.kind).or_default() += 1;
        }
    }
    if count == 0 {
        outln!("no such sessions: nothing to do");
        return Ok(ExitCode::SUCCESS);
    }
    out!("{}", table.text(Some(REPORT_COLUMNS)));
    if count > SHOWN {
        outln!("and {} more", count - SHOWN);
    }
    let of: Vec<_> = by_kind.iter().map(|(kind, count)| format!("{count} {}", kind_name(*kind, &names))).collect();
    outln!("\nwould {} {count} sessions ({}): say --yes to do it", verb(action), of.join(", "));
    Ok(ExitCode::SUCCESS)
}

async fn do_all(action: Action, filter: v1::Filter, force: bool, host: Host) -> Result<ExitCode, Trouble> {
    // Listed whole before anything is done: what is done changes what is listed.
    let mut targets = Vec::new();
    let mut pages = filter::Pages::new(filter, u32::MAX);
    while let Some(page) = pages.next(&host).await? {
        let target = |session: v1::SessionSummary| v1::Target { id: session.id, unchanged_since: session.change_id };
        targets.extend(page.into_iter().map(target));
    }
    let mut tally = Tally::default();
    while !targets.is_empty() {
        let rest = targets.split_off(targets.len().min(TARGETS_MAX));
        tally.act(action, std::mem::replace(&mut targets, rest), force, &host).await?;
    }
    Ok(tally.tell(action))
}

/// What became of it.
#[derive(Default)]
struct Tally {
    done: usize,
    refused: usize,
    /// The first of those that were refused for each reason, and how many more.
    reasons: BTreeMap<String, (String, usize)>,
}

impl Tally {
    async fn act(&mut self, action: Action, targets: Vec<v1::Target>, force: bool, host: &Host) -> Result<(), Trouble> {
        let request = v1::ActOnSessionsRequest { action: action.into(), targets, force };
        let answer = host.admin.clone().act_on_sessions(request).await;
        for acted in answer.map_err(|status| host.trouble(&status))?.into_inner().results {
            match acted.outcome {
                Some(Outcome::Refused(it)) => {
                    self.refused += 1;
                    self.reasons.entry(it.reason).or_insert((it.message, 0)).1 += 1;
                }
                Some(Outcome::Done(_)) | None => self.done += 1,
            }
        }
        Ok(())
    }

    fn tell(&self, action: Action) -> ExitCode {
        outln!("{} {}", past(action), sessions(self.done));
        for (message, count) in self.reasons.values() {
            let more = if *count > 1 { format!(" (and {} more like it)", count - 1) } else { String::new() };
            errln!("refused: {message}{more}");
        }
        if self.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

fn sessions(count: usize) -> String {
    if count == 1 { "1 session".to_owned() } else { format!("{count} sessions") }
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::Repeat => "repeat",
        Action::Park => "park",
        Action::Redrive => "redrive",
        Action::Delete => "delete",
        Action::Unspecified => "do nothing to",
    }
}

fn past(action: Action) -> &'static str {
    match action {
        Action::Repeat => "due now:",
        Action::Park => "parked:",
        Action::Redrive => "redriven:",
        Action::Delete => "deleted:",
        Action::Unspecified => "nothing done to",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::json::shown;

    #[test]
    fn an_id_reads_back_as_it_is_shown() {
        let index = v1::Index { term: 3, index: 1042 };
        assert_eq!(id(&shown(Some(index))).unwrap(), index);
        assert!(id("1042").is_err() && id("3-").is_err());
    }
}
