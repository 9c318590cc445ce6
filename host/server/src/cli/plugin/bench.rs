//! `mpy6a plugin bench`: what handlers cost, side by side.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use mpy6a_kit::{
    cost::{self, LoadCost, RunCost},
    offline::{KitError, Workbench},
    scenario,
};
use serde_json::json;

use super::{
    Output, grouped,
    handler::{Handler, OfKind},
    json_text,
};

/// The handlers, and the session that each is given.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Plugin files, or folders of projects that were built.
    #[arg(default_value = ".")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    of: OfKind,
    /// Scenarios, of which the first is run; of a project, its scenarios.toml.
    #[arg(long, value_name = "FILE")]
    scenarios: Option<PathBuf>,
    /// How many runs are measured.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    runs: u32,
    /// How to print it.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Measure them, one after the other.
pub fn run(arguments: &Arguments) -> ExitCode {
    let of = |file: &PathBuf| measure(arguments, Handler { file: file.clone(), of: arguments.of.clone() });
    let measured: Result<Vec<Measured>, String> = arguments.files.iter().map(of).collect();
    match (measured, arguments.output) {
        (Ok(all), Output::Text) => out!("{}", table(&all)),
        (Ok(all), Output::Json) => outln!("{}", json_text(&all.iter().map(json_of).collect())),
        (Err(trouble), _) => return super::failed(&trouble),
    }
    ExitCode::SUCCESS
}

struct Measured {
    file: PathBuf,
    bytes: u64,
    load: LoadCost,
    run: RunCost,
}

fn measure(arguments: &Arguments, handler: Handler) -> Result<Measured, String> {
    let setup = handler.setup()?;
    let file = setup.spec.file.clone();
    let path = match &arguments.scenarios {
        Some(path) => path.clone(),
        None if handler.file.is_dir() => handler.file.join("scenarios.toml"),
        None => return Err("over which session? Name scenarios with --scenarios; the first is run".to_owned()),
    };
    let scenarios = scenario::read(&path).map_err(|error| error.to_string())?;
    let scenario = scenarios.first().ok_or("there is no scenario")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| KitError::from(error).to_string())?;
    let measured = runtime.block_on(async {
        let load = cost::of_loading(&setup).await?;
        let bench = Workbench::open(setup).await?.with_settings(&scenario.settings);
        let run = cost::of_running(&bench, &scenario.situation, arguments.runs).await?;
        Ok::<_, KitError>((load, run))
    });
    let (load, run) = measured.map_err(|error| error.to_string())?;
    let bytes = std::fs::metadata(&file).map_or(0, |metadata| metadata.len());
    Ok(Measured { file, bytes, load, run })
}

/// One line for each handler, in 80 columns; names that are longer have a line of their own.
fn table(all: &[Measured]) -> String {
    const NAME: usize = 20;
    let mut text = format!(
        "{:NAME$} {:>8} {:>8} {:>7} {:>9} {:>7} {:>7} {:>7}\n{:NAME$} {:>8} {:>8} {:>7} {:>9} {:>7} {:>7} {:>7}\n",
        "",
        "run p50",
        "p99",
        "runs/s",
        "fuel",
        "memory",
        "compile",
        "cached",
        "",
        "µs",
        "µs",
        "",
        "",
        "KiB",
        "ms",
        "ms"
    );
    for Measured { file, load, run, .. } in all {
        let mut name = file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        if name.chars().count() > NAME {
            text.push_str(&name);
            text.push('\n');
            name.clear();
        }
        let tenths = |units: u64, of: u64| format!("{}.{}", units / of, units % of * 10 / of);
        let us = |quantile| tenths(run.nanos.value_at_quantile(quantile), 1_000);
        text.push_str(&format!(
            "{name:NAME$} {:>8} {:>8} {:>7} {:>9} {:>7} {:>7} {:>7}\n",
            us(0.5),
            us(0.99),
            grouped(per_second(run)),
            grouped(run.fuel),
            grouped(run.memory_bytes.div_ceil(1 << 10)),
            tenths(load.cold_us, 1_000),
            tenths(load.cached_us, 1_000),
        ));
    }
    for Measured { file, bytes, run, .. } in all {
        let ended = run.outcome.name();
        text.push_str(&format!(
            "\n{}: {} bytes; {} runs, one at a time, the last {ended}",
            file.file_name().unwrap_or_default().display(),
            grouped(*bytes),
            grouped(run.nanos.len())
        ));
    }
    text + "\n"
}

/// Runs in a second on one thread.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn per_second(run: &RunCost) -> u64 {
    (1e9 / run.nanos.mean().max(1.0)) as u64
}

fn json_of(measured: &Measured) -> serde_json::Value {
    let Measured { file, bytes, load, run } = measured;
    json!({
        "file": file.display().to_string(),
        "bytes": bytes,
        "runs": run.nanos.len(),
        "run_p50_ns": run.nanos.value_at_quantile(0.5),
        "run_p99_ns": run.nanos.value_at_quantile(0.99),
        "run_max_ns": run.nanos.max(),
        "runs_per_second": per_second(run),
        "fuel": run.fuel,
        "memory_bytes": run.memory_bytes,
        "load_cold_us": load.cold_us,
        "load_cached_us": load.cached_us,
        "outcome": run.outcome.name(),
    })
}
