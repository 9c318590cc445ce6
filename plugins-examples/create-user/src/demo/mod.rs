//! The demonstration: a list of users, created all at once while everything goes wrong; then the check.
//!
//! ```text
//! set the stage          a folder, a config, free ports; services A and B and the host as processes
//! create all users       some at a time; A and B fail; some clients die; the host is killed and comes back
//! wait                   until the host has no session left but parked ones
//! ask and check          A and B over HTTP, B by every attribute, with the faults turned off
//! report                 a table, and JSON if asked
//! ```
//!
//! | part | its job |
//! |---|---|
//! | [`args`], [`language`] | the command line |
//! | [`stage`], [`program`], [`config`] | everything that runs beside this program, and ends with it |
//! | [`users_csv`] | the list |
//! | [`drive`], [`death`] | the clients, and how some of them die |
//! | [`admin`] | what the host says of its sessions |
//! | [`ask`], [`check`] | what A and B say in the end, and the judgement over it |
//! | [`latency`] | how quick the repeats were, from the host's log |
//! | [`progress`], [`report`], [`table`] | what is shown |
//! | [`by_hand`] | the same stage, for one's own hands |

pub mod admin;
pub mod args;
pub mod ask;
pub mod by_hand;
pub mod check;
pub mod config;
pub mod death;
pub mod drive;
pub mod language;
pub mod latency;
pub mod program;
pub mod progress;
pub mod report;
pub mod stage;
pub mod table;
pub mod users_csv;

use std::{
    error::Error,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::signal::unix::{SignalKind, signal};

use self::{args::Args, drive::Outcome, progress::Board, report::Report, stage::Stage, users_csv::Users};
use crate::{client::Creator, service::faults::Setting};

/// How long the host stays dead.
const HOST_DEAD_FOR: Duration = Duration::from_millis(500);
/// How many rows of the list that cannot become users are shown; the others are only counted.
const BAD_ROWS_SHOWN: usize = 5;

/// Any error of the demonstration, in words for the person who runs it.
pub type Trouble = Box<dyn Error + Send + Sync>;

/// The whole program.
pub async fn run(args: Args) -> ExitCode {
    let done = if args.serve {
        by_hand::serve(&args).await
    } else {
        tokio::select! {
            done = demonstrate(&args) => done,
            stopped = told_to_stop() => Err(stopped.err().unwrap_or_else(|| "stopped; everything was ended".into())),
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("\ndemo: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Returns when somebody wants this program to end. Dropping the stage then kills the other programs.
async fn told_to_stop() -> Result<(), Trouble> {
    let (mut terminate, mut hang_up) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
        _ = terminate.recv() => Ok(()),
        _ = hang_up.recv() => Ok(()),
    }
}

/// From the list to the table. Whether everything was right.
async fn demonstrate(args: &Args) -> Result<bool, Trouble> {
    let began = Instant::now();
    let users = users_csv::read_file(&args.users)?;
    show_bad_rows(&users);
    let mut stage = Stage::set(args).await?;
    let board = Arc::new(Board::new(users.rows.len()));
    let drawing = progress::show(Arc::clone(&board));

    let within = Duration::from_secs(args.within);
    let finished = tokio::time::timeout(within, finish(args, &users, &mut stage, &board)).await;
    drawing.stop().await;
    let finished = finished.unwrap_or_else(|_| Err(format!("not finished within {} s", args.within).into()));
    let (outcomes, verdict) = finished.map_err(|why| stage.keep_and_explain(&why))?;

    let mut report = Report::new(&users, &outcomes, verdict);
    report.ask(&stage).await?;
    report.seconds = began.elapsed().as_secs_f64();
    println!("{}", table::render(&report));
    if let Some(path) = &args.json {
        std::fs::write(path, serde_json::to_string_pretty(&report)?)
            .map_err(|why| format!("{} cannot be written: {why}", path.display()))?;
    }
    let right = report.wrong.is_empty();
    if !right || args.keep {
        println!("Everything is kept in {}", stage.keep().display());
    }
    Ok(right)
}

/// Create all users, wait until the host is done with them, ask and check.
async fn finish(
    args: &Args,
    users: &Users,
    stage: &mut Stage,
    board: &Arc<Board>,
) -> Result<(Vec<Outcome>, check::Verdict), Trouble> {
    let faults = Setting { share: args.share, hang_ms: args.hang_ms, seed: args.seed, ..Setting::default() };
    stage.set_faults(&faults).await?;
    let creator = Creator {
        truba: mpy6a_client::Client::connect(stage.host_url())?,
        kind: config::KIND,
        a: stage.a.clone(),
        b: stage.b.clone(),
    };
    let plan = drive::Plan { in_flight: args.in_flight, die: args.die, seed: args.seed };
    let clients = drive::create_all(creator, &users.rows, plan, Arc::clone(board));
    let (outcomes, killed) = tokio::join!(clients, kill_host_half_way(stage, board));
    killed?;
    board.say("");
    admin::wait_until_none_left(stage, board).await?;

    board.say("checking");
    stage.set_faults(&Setting::default()).await?;
    let findings = ask::findings(stage, &users.rows).await?;
    let fates: Vec<check::Fate> = outcomes.iter().map(|outcome| outcome.fate.clone()).collect();
    Ok((outcomes, check::check(&users.rows, &fates, &findings)))
}

/// When half of the clients have ended, and the next are in the middle of their work: SIGKILL, a pause, a new start.
async fn kill_host_half_way(stage: &mut Stage, board: &Board) -> Result<(), Trouble> {
    board.half_done().await;
    board.say("host killed");
    stage.kill_host().await?;
    tokio::time::sleep(HOST_DEAD_FOR).await;
    stage.start_host().await?;
    board.say("host is back");
    Ok(())
}

fn show_bad_rows(users: &Users) {
    for bad in users.bad.iter().take(BAD_ROWS_SHOWN) {
        println!("row {}: left out: {}", bad.number, bad.why);
    }
    let more = users.bad.len().saturating_sub(BAD_ROWS_SHOWN);
    if more > 0 {
        println!("… and {more} more rows were left out.");
    }
}
