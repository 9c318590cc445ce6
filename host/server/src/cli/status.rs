//! `mpy6a status`, `mpy6a top`, `mpy6a reload`: a running host as a whole.

use std::{process::ExitCode, time::Duration};

use clap::Args;
use mpy6a_proto::v1;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};

use super::{
    kind,
    out::{complain, print_own},
    remote::{Host, Trouble, refused},
    report::Report,
};
use crate::limits::REPORT_COLUMNS;

/// What to ask.
#[derive(Args, Debug)]
pub struct Status {
    /// Ask only whether it serves, as containers are asked: parked sessions and paused kinds are no reason to end a host. It
    /// takes no rights. Ends with 1 where the host answers and does not serve.
    #[arg(long)]
    serving: bool,
}

/// How to watch.
#[derive(Args, Debug)]
pub struct Top {
    /// How often it is drawn again: 1s, 500ms.
    #[arg(long, value_name = "SPAN", value_parser = humantime::parse_duration, default_value = "1s")]
    every: Duration,
    /// Draw so many times, and end; without, until Ctrl-C.
    #[arg(long, value_name = "COUNT")]
    count: Option<u64>,
}

/// `status`: is all well? Ends with 1 if not.
pub async fn status(arguments: &Status, host: Host) -> Result<ExitCode, Trouble> {
    if arguments.serving {
        return serving(host).await;
    }
    let answer = host.kinds().await?;
    out!("{}", text(&answer));
    let troubles = troubles(&answer.kinds);
    let mut report = Report::default();
    troubles.iter().for_each(|trouble| report.line("! ", trouble));
    out!("{}", report.text);
    Ok(if troubles.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `status --serving`: what health says of the whole host.
async fn serving(mut host: Host) -> Result<ExitCode, Trouble> {
    let answer = host.health.check(HealthCheckRequest::default()).await;
    let health = answer.map_err(|status| host.trouble(&status))?.into_inner().status();
    if health == ServingStatus::Serving {
        outln!("serving");
        return Ok(ExitCode::SUCCESS);
    }
    Err(refused("the host answers and does not serve: it starts, or stops, or its store failed; look into its log"))
}

/// `top`: the same, again and again.
pub async fn top(arguments: &Top, host: Host) -> Result<ExitCode, Trouble> {
    let mut drawn = 0;
    loop {
        let answer = host.kinds().await?;
        // To the upper left corner, and everything below it away: nothing flickers.
        print_own("\x1b[H\x1b[J");
        out!("{}", text(&answer));
        drawn += 1;
        if arguments.count == Some(drawn) {
            return Ok(ExitCode::SUCCESS);
        }
        tokio::time::sleep(arguments.every).await;
    }
}

/// `reload`: ends with 1 if something is wrong with what was read.
pub async fn reload(host: Host) -> Result<ExitCode, Trouble> {
    let answer = host.admin.clone().reload(v1::ReloadRequest {}).await;
    let answer = answer.map_err(|status| host.trouble(&status))?.into_inner();
    let wrong = answer.kinds.iter().filter(|kind| !kind.name.is_empty() && !kind.trouble.is_empty());
    let mut report = Report::default();
    if !answer.config_trouble.is_empty() {
        report.line("", "the config or a certificate is wrong, and the old one stays in service:");
        answer.config_trouble.lines().for_each(|line| report.line("  ", line));
    } else {
        for kind in wrong {
            report.line(&format!("{}: ", kind.name), &kind.trouble);
        }
    }
    if report.text.is_empty() {
        outln!("in service: the config and every plugin as they are now");
        return Ok(ExitCode::SUCCESS);
    }
    complain(&report.text);
    Ok(ExitCode::FAILURE)
}

fn text(answer: &v1::ListKindsResponse) -> String {
    let kinds = &answer.kinds;
    let sum = |count: fn(&v1::Kind) -> u64| kinds.iter().map(count).sum::<u64>();
    let all = sum(|kind| kind.active) + sum(|kind| kind.stored) + sum(|kind| kind.repeating) + sum(|kind| kind.parked);
    format!("term {}, {all} sessions\n\n{}", answer.term, kind::table(kinds).text(Some(REPORT_COLUMNS)))
}

/// What a person should look at.
fn troubles(kinds: &[v1::Kind]) -> Vec<String> {
    let mut troubles = Vec::new();
    for kind in kinds {
        let name = kind::name(kind);
        if kind.parked > 0 {
            let parked = kind.parked;
            let how = format!("mpy6a session ls --kind {name} --state parked");
            troubles.push(format!("{name}: {parked} parked: `{how}` shows why"));
        }
        if !kind.trouble.is_empty() {
            troubles.push(format!("{name}: {}", kind.trouble));
        }
        if kind.paused && kind.stored > 0 {
            troubles.push(format!("{name}: paused, and {} stored sessions wait", kind.stored));
        }
    }
    troubles
}
