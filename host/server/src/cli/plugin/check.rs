//! `mpy6a plugin check`: what a plugin file is, needs and costs, and whether a host loads it.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use clap::{Args, ValueEnum};
use mpy6a_kit::check::{Against, Checked, CheckedFile, Level, check};
use mpy6a_plugins::{PluginSpec, RunLimits, Sandbox, SandboxConfig};
use mpy6a_sessions::Limits;
use tokio::runtime::Builder;

use super::grouped;
use crate::{
    cli::report::Report,
    config::{Config, Kind},
    host::sandbox_config,
};

/// What to check, and against what.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The plugin file: what `mpy6a plugin build` wrote, or any component or core module.
    file: PathBuf,
    /// A host's config: check the file against the grants and limits of a kind in it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Which kind, by its name or number. Without it: the one that names the file, or the only one.
    #[arg(long, value_name = "KIND", requires = "config")]
    kind: Option<String>,
    /// How to print the answer.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Output {
    /// For people, in 80 columns.
    #[default]
    Text,
    /// One JSON object; docs/plugins.md explains its fields.
    Json,
}

/// Check it. Ends with 0 if it loads.
pub fn run(arguments: &Arguments) -> ExitCode {
    let checked = plan(arguments).and_then(|plan| carry_out(plan).map_err(|error| error.to_string()));
    let checked = match checked {
        Ok(checked) => checked,
        Err(trouble) => return super::failed(&trouble),
    };
    match arguments.output {
        Output::Text => print!("{}", report(&checked)),
        Output::Json => match serde_json::to_string_pretty(&checked) {
            Ok(json) => println!("{json}"),
            Err(error) => return super::failed(&error.to_string()),
        },
    }
    if checked.loads { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Plan {
    sandbox: SandboxConfig,
    spec: PluginSpec,
    against: Against,
}

fn plan(arguments: &Arguments) -> Result<Plan, String> {
    let file = arguments.file.clone();
    let Some(path) = &arguments.config else {
        let limits = RunLimits::default();
        let sandbox = SandboxConfig {
            runs_max: 1,
            memory_bytes_max: limits.memory_bytes,
            cache_dir: None,
            limits: Limits::default(),
        };
        return Ok(Plan { sandbox, spec: PluginSpec { file, limits, ..PluginSpec::default() }, against: Against::Nothing });
    };
    let config = Config::load(path).map_err(|error| error.to_string())?;
    let kind = choose(&config, arguments)?;
    let sandbox = SandboxConfig { runs_max: 1, cache_dir: None, ..sandbox_config(&config.fixed) };
    Ok(Plan { sandbox, spec: PluginSpec { file, ..kind.plugin.clone() }, against: Against::Kind })
}

/// The kind whose grants count.
fn choose<'c>(config: &'c Config, arguments: &Arguments) -> Result<&'c Kind, String> {
    let names = || config.kinds.values().map(|kind| format!("`{}`", kind.name)).collect::<Vec<_>>().join(", ");
    if let Some(asked) = &arguments.kind {
        let found = config.kinds.iter().find(|(id, kind)| kind.name == *asked || id.to_string() == *asked);
        return found.map(|(_, kind)| kind).ok_or_else(|| {
            format!("the config has no kind `{}`: write one of {}", asked.escape_default(), names())
        });
    }
    let file = arguments.file.canonicalize().ok();
    let mut of_file = config.kinds.values().filter(|kind| file.is_some() && kind.plugin.file.canonicalize().ok() == file);
    let mut all = config.kinds.values();
    match (of_file.next(), of_file.next(), all.next(), all.next()) {
        (Some(kind), None, ..) | (None, None, Some(kind), None) => Ok(kind),
        (_, _, None, _) => Err("the config has no kind: add a [[kind]], or leave --config out".to_owned()),
        _ => Err(format!("the config has several kinds: say which with --kind, one of {}", names())),
    }
}

fn carry_out(plan: Plan) -> Result<Checked, Box<dyn std::error::Error>> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let sandbox: Arc<Sandbox> = Sandbox::new(plan.sandbox)?;
    Ok(runtime.block_on(check(&sandbox, plan.spec, plan.against)))
}

fn report(checked: &Checked) -> String {
    let mut report = Report::default();
    report.line("", &checked.path.display().to_string());
    if let Some(file) = &checked.file {
        report_file(checked.host, file, &mut report);
    }
    if let Some(cost) = &checked.cost {
        report.line("  compile  ", &format!("{} ms, without a cache", cost.compile_ms));
        let instances = cost.instances;
        report.line("  start    ", &format!("{} µs for each run, the median of {instances}", cost.instantiate_us));
        report.line("  memory   ", &format!("{} KiB before the first call", grouped(cost.memory_bytes.div_ceil(1 << 10))));
    }
    for finding in &checked.findings {
        let label = match finding.level {
            Level::Error => "  ERROR    ",
            Level::Warning => "  WARNING  ",
            Level::Note => "  note     ",
        };
        report.line("", "");
        report.line(label, &finding.text);
    }
    report.line("", "");
    report.line("", if checked.loads { "It loads." } else { "It does not load: see above." });
    report.text
}

fn report_file(host: &str, file: &CheckedFile, report: &mut Report) {
    let form = match file.form {
        "module" => format!("a core module; the component made of it has {} bytes", grouped(file.component_bytes)),
        _ => "a component".to_owned(),
    };
    report.line("  form     ", &form);
    let contract = file.contract.as_deref().unwrap_or("nothing of mpy6a:handler");
    report.line("  world    ", &format!("{contract}; this host speaks {host}"));
    report.line("  sha256   ", &file.sha256);
    report.line("  size     ", &format!("{} bytes", grouped(file.bytes)));
    let mut label = "  imports  ";
    for import in &file.imports {
        let needs = match import.needs {
            "nothing" => "",
            "http-to-send" => " (to send, needs [[kind.plugin.http]])",
            "http" => " (needs [[kind.plugin.http]])",
            _ => " (refused)",
        };
        report.line(label, &format!("{}{needs}", import.name));
        label = "           ";
    }
}
