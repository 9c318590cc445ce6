//! `mpy6a plugin check`: what a plugin file is, needs and costs, and whether a host loads it.

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode, sync::Arc};

use clap::Args;
use mpy6a_kit::check::{Against, Checked, CheckedFile, CheckedImport, Level, check};
use mpy6a_plugins::{PluginSpec, RunLimits, Sandbox, SandboxConfig};
use mpy6a_sessions::Limits;
use mpy6a_untrusted::text;
use tokio::runtime::Builder;

use super::{Output, grouped, handler::OfKind};
use crate::{cli::report::Report, config::Config, host::sandbox_config};

/// The package of the settings, which is the handler's own wish.
const CONFIG: &str = "wasi:config";

/// What to check, and against what.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The plugin file: what `mpy6a plugin build` wrote, or any component or core module.
    file: PathBuf,
    #[command(flatten)]
    of: OfKind,
    /// How to print the answer.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Check it. Ends with 0 if it loads.
pub fn run(arguments: &Arguments) -> ExitCode {
    let checked = plan(arguments).and_then(|plan| carry_out(plan).map_err(|error| error.to_string()));
    let checked = match checked {
        Ok(checked) => checked,
        Err(trouble) => return super::failed(&trouble),
    };
    match arguments.output {
        Output::Text => out!("{}", report(&checked)),
        Output::Json => match serde_json::to_string_pretty(&checked) {
            Ok(json) => outln!("{}", text::json(&json)),
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
    let Some(path) = &arguments.of.config else {
        let limits = RunLimits::default();
        let sandbox = SandboxConfig {
            runs_max: 1,
            memory_bytes_max: limits.memory_bytes,
            cache_dir: None,
            limits: Limits::default(),
        };
        return Ok(Plan {
            sandbox,
            spec: PluginSpec { file, limits, ..PluginSpec::default() },
            against: Against::Nothing,
        });
    };
    let config = Config::load(path).map_err(|error| error.to_string())?;
    let (_, kind) = arguments.of.choose(&config, &file)?;
    let sandbox = SandboxConfig { runs_max: 1, cache_dir: None, ..sandbox_config(&config.fixed) };
    Ok(Plan { sandbox, spec: PluginSpec { file, ..kind.plugin.clone() }, against: Against::Kind })
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
        report.line(
            "  memory   ",
            &format!("{} KiB before the first call", grouped(cost.memory_bytes.div_ceil(1 << 10))),
        );
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
    for line in import_lines(&file.imports) {
        report.line(label, &line);
        label = "           ";
    }
}

/// What is imported: the contract and all that needs something one by one, the rest of WASI, which toolchains bring along
/// unasked, a line for each package.
fn import_lines(imports: &[CheckedImport]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut along: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for CheckedImport { name, needs } in imports {
        let needs = match *needs {
            "nothing" => "",
            "http-to-send" => " (to send, needs [[kind.plugin.http]])",
            "http" => " (needs [[kind.plugin.http]])",
            _ => " (refused)",
        };
        let parts = name.split_once('/').and_then(|(package, rest)| Some((package, rest.split_once('@')?)));
        match parts {
            Some((package, (interface, version)))
                if needs.is_empty() && version.starts_with("0.2.") && package != CONFIG =>
            {
                along.entry((package, version)).or_default().push(interface);
            }
            _ => lines.push(format!("{name}{needs}")),
        }
    }
    let line =
        |((package, version), names): (&(&str, &str), &Vec<&str>)| format!("{package}@{version}: {}", names.join(", "));
    lines.extend(along.iter().map(line));
    lines
}
