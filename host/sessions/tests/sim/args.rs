//! The command line.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;

use crate::{
    apart,
    disk::FaultKind,
    sabotage::Sabotage,
    sweep::{self, Sweep},
    world::{self, Failure, Plan, Summary, Weather},
};

/// How long a run without arguments takes fresh seeds, beside what it checks of itself.
const SECONDS: u64 = 60;
/// Steps in the storm of a history: enough for some deaths, few enough to be read.
const STEPS: u64 = 60;
/// Steps of a history whose every call of the disk is hit once.
const SWEEP_STEPS: u64 = 9;
/// One sweep for so many histories of fresh seeds: about half of the time each.
const SWEEP_EVERY: u64 = 250;
/// How many histories a sabotage may survive before the simulation counts as blind to it.
const SABOTAGE_SEEDS: u64 = 400;

/// Simulate the state machine on a failing disk. Without arguments: check the simulation itself, then take fresh seeds for
/// a minute.
#[derive(Parser)]
#[command(name = "sim")]
pub struct Args {
    /// Run so many histories of fresh seeds, and one sweep for every 250.
    #[arg(long)]
    seeds: Option<u64>,
    /// Take fresh seeds for so many seconds.
    #[arg(long)]
    seconds: Option<u64>,
    /// Replay one history and print all of it.
    #[arg(long)]
    seed: Option<u64>,
    /// Steps of each history.
    #[arg(long)]
    steps: Option<u64>,
    /// What goes wrong: `storm`, `rot`, or `calm`.
    #[arg(long, default_value = "storm")]
    weather: String,
    /// With --seed: one fault, at one call of the disk, for example `power@123`.
    #[arg(long)]
    fault: Option<String>,
    /// With --seed: hit every call of that history, with every fault.
    #[arg(long)]
    sweep: bool,
    /// Leave out the sweeps between fresh seeds.
    #[arg(long)]
    no_sweeps: bool,
    /// Break a promise on purpose: the run must find it.
    #[arg(long)]
    sabotage: Option<Sabotage>,
    /// List faults and sabotages.
    #[arg(long)]
    list: bool,
    /// Say less.
    #[arg(long, short)]
    quiet: bool,
    /// A test filter, as `cargo test` passes it on: nothing is run unless it fits `sim`.
    filter: Option<String>,
    /// With --seed: print nothing but what the history came to, for the run that asked for it.
    #[arg(long, hide = true)]
    told: bool,
    #[arg(long, hide = true)]
    nocapture: bool,
}

impl Args {
    /// `cargo test some_name` runs every test binary with that name.
    pub fn is_filtered_out(&self) -> bool {
        self.filter.as_ref().is_some_and(|filter| !"sim".contains(filter.as_str()))
    }

    pub fn run(&self) -> ExitCode {
        match self.try_run() {
            Ok(()) => ExitCode::SUCCESS,
            Err(text) => {
                println!("{text}");
                ExitCode::FAILURE
            }
        }
    }

    fn try_run(&self) -> Result<(), String> {
        if self.list {
            list();
            return Ok(());
        }
        match (self.seed, self.seeds, self.seconds) {
            (Some(seed), ..) if self.sweep => self.sweep_one(seed),
            (Some(seed), ..) => self.replay(seed),
            (None, None, None) if self.sabotage.is_none() => self.check_and_explore(),
            (None, seeds, seconds) => {
                let seconds = seconds.unwrap_or(if seeds.is_some() { u64::MAX / 4 } else { SECONDS });
                self.explore(seeds.unwrap_or(u64::MAX), Duration::from_secs(seconds))
            }
        }
    }

    fn plan(&self, seed: u64) -> Result<Plan, String> {
        let weather = match (&self.fault, self.weather.as_str()) {
            (Some(fault), _) => Weather::Fault(Some(parse_fault(fault)?)),
            (None, "storm") => Weather::Storm,
            (None, "rot") => Weather::Rot,
            (None, "calm") => Weather::Fault(None),
            (None, other) => return Err(format!("no weather is called `{other}`: take storm, rot or calm")),
        };
        let steps = if matches!(weather, Weather::Fault(_)) { SWEEP_STEPS } else { STEPS };
        let steps = self.steps.unwrap_or(steps);
        let sabotage = self.sabotage.unwrap_or(Sabotage::None);
        Ok(Plan { seed, steps, weather, sabotage, verbose: false })
    }

    fn replay(&self, seed: u64) -> Result<(), String> {
        if self.told {
            return apart::tell(self.plan(seed)?);
        }
        let plan = Plan { verbose: !self.quiet, ..self.plan(seed)? };
        let summary = world::run(plan).map_err(|failure| report(&plan, &failure, false))?;
        println!("seed {seed}: {:?}", Summary { sorts: Vec::new(), ..summary });
        Ok(())
    }

    fn sweep_one(&self, seed: u64) -> Result<(), String> {
        let plan = Plan { weather: Weather::Fault(None), steps: self.steps.unwrap_or(SWEEP_STEPS), ..self.plan(seed)? };
        let Sweep { calls, histories } =
            sweep::run(plan, far_away()).map_err(|(plan, failure)| report(&plan, &failure, true))?;
        println!(
            "seed {seed}: {calls} calls, each hit by every fault that fits: {histories} histories, nothing violated"
        );
        Ok(())
    }

    /// What a run without arguments does: see that the simulation can be believed, then look for what nobody knows yet.
    fn check_and_explore(&self) -> Result<(), String> {
        same_seed_same_history()?;
        for sabotage in Sabotage::ALL {
            find(sabotage)?;
        }
        self.explore(u64::MAX, Duration::from_secs(SECONDS))
    }

    fn explore(&self, seeds: u64, time: Duration) -> Result<(), String> {
        let end = now() + time;
        let first: u64 = rand::random::<u32>().into();
        println!("seeds from {first}");
        let mut total = Total::default();
        for nth in 0..seeds {
            if now() >= end {
                break;
            }
            let mut plan = self.plan(first + nth)?;
            if nth % 8 == 7 && self.weather == "storm" {
                plan.weather = Weather::Rot;
            }
            match apart::run(plan) {
                Ok(summary) => total.add(&summary),
                Err(failure) => return Err(report_shortest(plan, failure)),
            }
            if nth % SWEEP_EVERY == SWEEP_EVERY / 2 && self.sabotage.is_none() && !self.no_sweeps {
                let plan = Plan { weather: Weather::Fault(None), steps: SWEEP_STEPS, ..plan };
                let sweep = sweep::run(plan, end).map_err(|(plan, failure)| report(&plan, &failure, true))?;
                total.sweeps += 1;
                total.sweep_histories += sweep.histories;
            }
        }
        match self.sabotage {
            Some(sabotage) => Err(format!("{sabotage} was not found in {} histories", total.histories)),
            None => {
                println!("{total}");
                Ok(())
            }
        }
    }
}

/// The promise that makes a failing seed worth printing.
fn same_seed_same_history() -> Result<(), String> {
    for weather in [Weather::Storm, Weather::Rot, Weather::Fault(Some((FaultKind::Power, 200)))] {
        let seed: u64 = rand::random::<u32>().into();
        let plan = Plan { seed, steps: STEPS, weather, sabotage: Sabotage::None, verbose: false };
        let hashes = [world::run(plan), world::run(plan)].map(|run| run.map(|summary| summary.hash));
        match hashes {
            [Ok(one), Ok(other)] if one == other => {}
            [Err(failure), _] | [_, Err(failure)] => return Err(report(&plan, &failure, true)),
            _ => return Err(format!("seed {seed} makes two different histories under {weather:?}")),
        }
    }
    println!("the same seed makes the same history");
    Ok(())
}

/// See that a promise broken on purpose is found.
fn find(sabotage: Sabotage) -> Result<(), String> {
    for seed in 0..SABOTAGE_SEEDS {
        let plan = Plan { seed, steps: STEPS, weather: Weather::Storm, sabotage, verbose: false };
        if let Err(failure) = world::run(plan) {
            let first = failure.violation.lines().next().unwrap_or_default().chars().take(100).collect::<String>();
            println!("{sabotage:>12} ({}) is found by seed {seed}: {first}", sabotage.promise());
            return Ok(());
        }
    }
    Err(format!(
        "{sabotage} ({}) was not found in {SABOTAGE_SEEDS} histories: the simulation is blind",
        sabotage.promise()
    ))
}

/// The same seed with fewer steps is the same history, cut short: find the shortest that fails.
fn report_shortest(plan: Plan, failure: Failure) -> String {
    let shorter = (1..plan.steps).map(|steps| Plan { steps, ..plan });
    let shortest = shorter.filter_map(|plan| apart::run(plan).err().map(|failure| (plan, failure))).next();
    let (plan, failure) = shortest.unwrap_or((plan, failure));
    report(&plan, &failure, true)
}

/// What a person is shown of a failure.
fn report(plan: &Plan, failure: &Failure, tail: bool) -> String {
    let mut text = String::new();
    if tail {
        text.push_str("the end of the history:\n");
        for line in &failure.tail {
            text.push_str(&format!("  {line}\n"));
        }
    }
    let weather = match plan.weather {
        Weather::Storm => String::new(),
        Weather::Rot => " --weather rot".into(),
        Weather::Fault(None) => " --weather calm".into(),
        Weather::Fault(Some((kind, call))) => format!(" --fault {kind}@{call}"),
    };
    let sabotage = match plan.sabotage {
        Sabotage::None => String::new(),
        sabotage => format!(" --sabotage {sabotage}"),
    };
    text.push_str(&format!("VIOLATED by seed {}: {}\n", plan.seed, failure.violation));
    text.push_str(&format!(
        "replay: cargo test -p mpy6a-sessions --test sim -- --seed {}{weather}{sabotage} --steps {}",
        plan.seed, plan.steps
    ));
    text
}

fn parse_fault(text: &str) -> Result<(FaultKind, u64), String> {
    let (kind, call) = text.split_once('@').ok_or("a fault is written KIND@CALL, for example power@123")?;
    Ok((kind.parse()?, call.parse().map_err(|error| format!("{call}: {error}"))?))
}

fn list() {
    println!("faults:\n  {}", FaultKind::ALL.map(|kind| kind.to_string()).join("\n  "));
    println!("sabotages, each with the promise that it breaks:");
    for sabotage in Sabotage::ALL {
        println!("  {sabotage:<12} {}", sabotage.promise());
    }
}

/// The time that a person waits: the one clock here that is real.
#[allow(clippy::disallowed_methods)]
fn now() -> Instant {
    Instant::now()
}

fn far_away() -> Instant {
    now() + Duration::from_secs(1 << 30)
}

/// What many histories came to.
#[derive(Default)]
struct Total {
    histories: u64,
    sweeps: u64,
    sweep_histories: u64,
    sum: Summary,
}

impl Total {
    fn add(&mut self, summary: &Summary) {
        self.histories += 1;
        let sum = &mut self.sum;
        sum.calls += summary.calls;
        sum.operations += summary.operations;
        sum.claims += summary.claims;
        sum.births += summary.births;
        sum.failed_births += summary.failed_births;
        sum.power_cuts += summary.power_cuts;
        sum.kills += summary.kills;
        sum.faults += summary.faults;
        sum.in_flight_kept += summary.in_flight_kept;
        sum.in_flight_lost += summary.in_flight_lost;
        sum.refused += summary.refused;
        sum.missed += summary.missed;
    }
}

impl std::fmt::Display for Total {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Summary { calls, operations, claims, births, failed_births, power_cuts, kills, faults, .. } = &self.sum;
        let Summary { in_flight_kept, in_flight_lost, refused, missed, .. } = &self.sum;
        write!(
            f,
            "{} histories and {} sweeps of {} more: nothing violated\n\
             {operations} operations acknowledged, {claims} runs, {calls} calls of the disk\n\
             {births} starts ({failed_births} failed), {power_cuts} power cuts, {kills} kills, {faults} faults\n\
             batches in flight at a death: {in_flight_kept} kept whole, {in_flight_lost} lost whole\n\
             damage: {refused} times refused, {missed} times seen only by verifying",
            self.histories, self.sweeps, self.sweep_histories
        )
    }
}
