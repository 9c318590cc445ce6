//! `mpy6a plugin bench`: what a handler costs.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use mpy6a_kit::{
    cost::{self, LoadCost, RunCost},
    offline::{KitError, Workbench},
    scenario,
};
use serde_json::json;

use super::{Output, grouped, handler::Handler, json_text};

/// The handler, and the session that it is given.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    handler: Handler,
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

/// Measure it.
pub fn run(arguments: &Arguments) -> ExitCode {
    match measure(arguments) {
        Ok(measured) => {
            match arguments.output {
                Output::Text => print!("{}", table(&measured)),
                Output::Json => println!("{}", json_of(&measured)),
            }
            ExitCode::SUCCESS
        }
        Err(trouble) => super::failed(&trouble),
    }
}

struct Measured {
    file: PathBuf,
    bytes: u64,
    load: LoadCost,
    run: RunCost,
}

fn measure(arguments: &Arguments) -> Result<Measured, String> {
    let setup = arguments.handler.setup()?;
    let file = setup.spec.file.clone();
    let path = match &arguments.scenarios {
        Some(path) => path.clone(),
        None if arguments.handler.file.is_dir() => arguments.handler.file.join("scenarios.toml"),
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

fn table(measured: &Measured) -> String {
    let Measured { file, bytes, load, run } = measured;
    let us = |nanos: u64| format!("{}.{} µs", grouped(nanos / 1_000), nanos % 1_000 / 100);
    let ms = |us: u64| format!("{}.{} ms", grouped(us / 1_000), us % 1_000 / 100);
    let nanos = &run.nanos;
    let mean = nanos.mean().max(1.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let per_second = (1e9 / mean) as u64;
    let mut text = format!("{}\n", file.display());
    let mut row = |label: &str, value: String| text.push_str(&format!("  {label:<22}{value:>14}\n"));
    row("run, p50", us(nanos.value_at_quantile(0.5)));
    row("run, p99", us(nanos.value_at_quantile(0.99)));
    row("run, max", us(nanos.max()));
    row("runs/s on one thread", grouped(per_second));
    row("fuel of a run", grouped(run.fuel));
    row("memory of a run", format!("{} KiB", grouped(run.memory_bytes.div_ceil(1 << 10))));
    row("load, compiling", ms(load.cold_us));
    row("load, from the cache", ms(load.cached_us));
    row("file", format!("{} bytes", grouped(*bytes)));
    text.push_str(&format!("  {} runs; the last ended: {}\n", grouped(nanos.len()), run.outcome.name()));
    text
}

fn json_of(measured: &Measured) -> String {
    let Measured { file, bytes, load, run } = measured;
    json_text(&json!({
        "file": file.display().to_string(),
        "bytes": bytes,
        "runs": run.nanos.len(),
        "run_p50_ns": run.nanos.value_at_quantile(0.5),
        "run_p99_ns": run.nanos.value_at_quantile(0.99),
        "run_max_ns": run.nanos.max(),
        "fuel": run.fuel,
        "memory_bytes": run.memory_bytes,
        "load_cold_us": load.cold_us,
        "load_cached_us": load.cached_us,
        "outcome": run.outcome.name(),
    }))
}
