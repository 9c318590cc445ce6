//! `mpy6a plugin test`: scenarios, and the host dying everywhere in them.

use std::{fmt::Write as _, path::PathBuf, process::ExitCode};

use clap::Args;
use mpy6a_kit::{
    crash::{Crashes, Fault},
    offline::{self, KitError, Workbench},
    scenario::{self, Scenario, Tried},
};
use serde_json::{Value, json};

use super::{Output, grouped, handler::Handler, json_text};
use crate::cli::report::Report;

/// What the scenarios of a project are called.
const SCENARIOS: &str = "scenarios.toml";

/// The handler, and what it is tried on.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    handler: Handler,
    /// The scenarios; of a project, its scenarios.toml.
    scenarios: Option<PathBuf>,
    /// Try only scenarios with this in their name.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// How to print what happened.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Try them. Ends with 0 if all is as expected.
pub fn run(arguments: &Arguments) -> ExitCode {
    match carry_out(arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => super::failed(&trouble),
    }
}

fn carry_out(arguments: &Arguments) -> Result<bool, String> {
    let setup = arguments.handler.setup()?;
    let scenarios = scenarios(arguments)?;
    let runtime = offline::runtime().map_err(|error| error.to_string())?;
    let bench = runtime.block_on(Workbench::open(setup)).map_err(|error: KitError| error.to_string())?;
    let (mut failed, mut all) = (0, Vec::new());
    for scenario in &scenarios {
        let tried = runtime.block_on(scenario.try_on(&bench));
        let tried = tried.map_err(|error| format!("the scenario `{}`: {error}", scenario.name))?;
        failed += usize::from(!tried.passed());
        match arguments.output {
            Output::Text => out!("{}", report(&scenario.name, &tried)),
            Output::Json => all.push(json_of(scenario, &tried)),
        }
    }
    match arguments.output {
        Output::Text => outln!("\n{}", summary(scenarios.len(), failed)),
        Output::Json => outln!("{}", json_text(&json!({ "passed": failed == 0, "scenarios": all }))),
    }
    Ok(failed == 0)
}

fn scenarios(arguments: &Arguments) -> Result<Vec<Scenario>, String> {
    let path = match &arguments.scenarios {
        Some(path) => path.clone(),
        None if arguments.handler.file.is_dir() => arguments.handler.file.join(SCENARIOS),
        None => return Err(format!("which scenarios? Name a file after the plugin's, such as {SCENARIOS}")),
    };
    let mut scenarios = scenario::read(&path).map_err(|error| error.to_string())?;
    if let Some(only) = &arguments.only {
        scenarios.retain(|scenario| scenario.name.contains(only));
        if scenarios.is_empty() {
            return Err(format!("{} has no scenario with `{only}` in its name", path.display()));
        }
    }
    Ok(scenarios)
}

fn summary(all: usize, failed: usize) -> String {
    match (all, failed) {
        (1, 0) => "The scenario passed.".to_owned(),
        (all, 0) => format!("All {all} scenarios passed."),
        (all, failed) => format!("{failed} of {all} scenarios FAILED."),
    }
}

fn report(name: &str, tried: &Tried) -> String {
    let mut report = Report::default();
    report.line(if tried.passed() { "  ok    " } else { "  FAIL  " }, name);
    report.line("        ", &gist(tried));
    for mismatch in &tried.mismatches {
        mismatch.lines().for_each(|line| report.line("        ", line));
    }
    for fault in tried.crashes.iter().flat_map(|crashes| &crashes.faults) {
        report.line("        ", &format!("when the host dies {}:", places(fault)));
        report.line("          ", &format!("{} (in {} lives)", fault.why, grouped(fault.lives as u64)));
    }
    report.text
}

/// One line on what happened.
fn gist(tried: &Tried) -> String {
    let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    let mut text = tried.life.outcome().to_owned();
    if tried.life.runs.last().is_some_and(|run| run.ending == "unfinished") {
        let _ = write!(text, " ({})", tried.life.cause());
    }
    let _ = write!(text, " after {}", count(tried.life.runs.len(), "run"));
    if !tried.life.outside.requests.is_empty() {
        let _ = write!(text, ", {}", count(tried.life.outside.requests.len(), "request"));
    }
    if let Some(Crashes { points, lives, left_out, .. }) = tried.crashes {
        let _ = write!(text, "; the host died in {}, {} lives", count(points, "place"), grouped(lives as u64));
        if left_out > 0 {
            let _ = write!(text, " ({} pairs of places left out)", grouped(left_out as u64));
        }
    }
    text
}

fn places(fault: &Fault) -> String {
    fault.cuts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", and again ")
}

fn json_of(scenario: &Scenario, tried: &Tried) -> Value {
    let fault = |fault: &Fault| {
        let places: Vec<String> = fault.cuts.iter().map(ToString::to_string).collect();
        json!({ "places": places, "why": fault.why, "lives": fault.lives })
    };
    let crashes = |crashes: &Crashes| {
        json!({
            "places": crashes.points,
            "lives": crashes.lives,
            "left_out": crashes.left_out,
            "faults": crashes.faults.iter().map(fault).collect::<Vec<_>>(),
        })
    };
    json!({
        "name": scenario.name,
        "passed": tried.passed(),
        "outcome": tried.life.outcome(),
        "mismatches": tried.mismatches,
        "crashes": tried.crashes.as_ref().map(crashes),
    })
}
