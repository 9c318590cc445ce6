//! `mpy6a plugin run`: one session in a handler's hands, offline.

use std::{collections::BTreeMap, fs, path::PathBuf, process::ExitCode};

use bytes::Bytes;
use clap::Args;
use mpy6a_kit::{
    offline::{
        self, Workbench,
        life::{Life, Situation, line_of},
    },
    scenario,
};
use serde_json::json;

use super::{Output, grouped, handler::Handler, json_text};
use crate::cli::report::Report;

/// Longest file of records, in bytes: twice what a session may hold by default.
const RECORDS_FILE_BYTES_MAX: u64 = 16 << 20;

/// The handler, and the session that it is given.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    handler: Handler,
    /// A record of the session, as text; give as many as there are.
    #[arg(long, value_name = "TEXT", conflicts_with = "records")]
    record: Vec<String>,
    /// A file with the session's records, one on each line.
    #[arg(long, value_name = "FILE")]
    records: Option<PathBuf>,
    /// A setting of the handler, in addition to the config's.
    #[arg(long, value_name = "KEY=VALUE", value_parser = setting)]
    setting: Vec<(String, String)>,
    /// A TOML file with [[http]]: how its requests are answered, as in scenarios. Nothing is ever sent.
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// How many runs there are to be, unless the session is finished before.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    runs: u32,
    /// How to print what happened.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Run it. Ends with 0 if the handler returned ok.
pub fn run(arguments: &Arguments) -> ExitCode {
    let life = match carry_out(arguments) {
        Ok(life) => life,
        Err(trouble) => return super::failed(&trouble),
    };
    match arguments.output {
        Output::Text => out!("{}", report(&life)),
        Output::Json => outln!("{}", json_of(&life)),
    }
    let last = life.runs.last().map(|run| &run.report.outcome);
    if last == Some(&mpy6a_sessions::Outcome::Returned) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn carry_out(arguments: &Arguments) -> Result<Life, String> {
    let setup = arguments.handler.setup()?;
    let answers = match &arguments.answers {
        Some(file) => scenario::read_answers(file).map_err(|error| error.to_string())?,
        None => Vec::new(),
    };
    let situation = Situation {
        records: records(arguments)?,
        traceparent: None,
        answers,
        start_ms: scenario::START_MS,
        runs: arguments.runs,
        seed: 0,
    };
    let settings: BTreeMap<String, String> = arguments.setting.iter().cloned().collect();
    let runtime = offline::runtime().map_err(|error| error.to_string())?;
    let life = runtime.block_on(async {
        let bench = Workbench::open(setup).await?.with_settings(&settings);
        bench.live(&situation, &[]).await
    });
    life.map_err(|error| error.to_string())
}

fn records(arguments: &Arguments) -> Result<Vec<Bytes>, String> {
    let Some(path) = &arguments.records else {
        return Ok(arguments.record.iter().cloned().map(Bytes::from).collect());
    };
    let failed = |why: String| format!("the records {} cannot be read: {why}; check the path", path.display());
    let length = fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
    if length > RECORDS_FILE_BYTES_MAX {
        return Err(failed(format!("they are longer than {RECORDS_FILE_BYTES_MAX} bytes, and no session is")));
    }
    let bytes = fs::read(path).map_err(|error| failed(error.to_string()))?;
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    Ok(bytes.split(|byte| *byte == b'\n').map(Bytes::copy_from_slice).collect())
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it like shop=http://127.0.0.1:8081")?;
    Ok((key.to_owned(), value.to_owned()))
}

fn report(life: &Life) -> String {
    let mut report = Report::default();
    let cause = if life.cause().is_empty() { String::new() } else { format!(": {}", life.cause()) };
    report.line("outcome     ", &format!("{}{cause}", life.outcome()));
    list(&mut report, "operations  ", life.operations.iter().map(line_of));
    let answered = |seen: &mpy6a_kit::outside::Seen| format!("{} -> {}", seen.line(), seen.answered);
    list(&mut report, "http        ", life.outside.requests.iter().map(answered));
    list(&mut report, "log         ", life.log().lines().map(str::to_owned));
    for (number, run) in life.runs.iter().enumerate() {
        let label = if number == 0 { "cost        " } else { "            " };
        let (fuel, time) = (grouped(run.report.fuel), grouped(run.report.duration_us));
        let memory = grouped(run.report.memory_peak_bytes.div_ceil(1 << 10));
        report.line(label, &format!("{fuel} fuel, {time} µs, {memory} KiB at most"));
    }
    if !life.outside.unanswered.is_empty() {
        report.line("", "");
        report.line("", "Nothing is sent from here. Answer such requests with --answers FILE, a TOML file with");
        report.line("", "[[http]] tables: docs/scenarios.md has an example.");
    }
    report.text
}

fn list(report: &mut Report, label: &str, lines: impl Iterator<Item = String>) {
    let mut label = label.to_owned();
    for line in lines {
        report.line(&label, &line);
        label = " ".repeat(label.len());
    }
}

fn json_of(life: &Life) -> String {
    let run = |run: &mpy6a_kit::offline::life::RunSeen| {
        json!({
            "ending": run.ending,
            "outcome": run.report.outcome.name(),
            "cause": run.report.outcome.cause(),
            "fuel": run.report.fuel,
            "duration_us": run.report.duration_us,
            "memory_peak_bytes": run.report.memory_peak_bytes,
            "log": run.report.log_tail.lines().collect::<Vec<_>>(),
        })
    };
    let request = |seen: &mpy6a_kit::outside::Seen| json!({ "request": seen.line(), "idempotency_key": seen.idempotency_key, "answered": seen.answered });
    json_text(&json!({
        "outcome": life.outcome(),
        "operations": life.operations.iter().map(line_of).collect::<Vec<_>>(),
        "http": life.outside.requests.iter().map(request).collect::<Vec<_>>(),
        "runs": life.runs.iter().map(run).collect::<Vec<_>>(),
    }))
}
