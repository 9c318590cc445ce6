//! `mpy6a plugin build`: build a project, and say what to write into a host's config.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use mpy6a_kit::{
    check::{debug_warning, sha256},
    project::{Built, build},
};
use mpy6a_plugins::inspect::Need;

use super::grouped;
use crate::cli::report::Report;

/// What to build.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The project's folder, with mpy6a-plugin.toml in it.
    #[arg(default_value = ".")]
    dir: PathBuf,
}

/// Build it.
pub fn run(arguments: &Arguments) -> ExitCode {
    let announce = |command: &str| {
        // Before the command's own lines; a stream that is gone is no reason not to build.
        errln!("$ {command}");
    };
    match build(&arguments.dir, announce) {
        Ok(built) => {
            out!("{}", report(&arguments.dir, &built));
            ExitCode::SUCCESS
        }
        Err(error) => super::failed(&error.to_string()),
    }
}

fn report(folder: &Path, built: &Built) -> String {
    let component = &built.inspection.component;
    let digest = sha256(component);
    let shown = built.file.strip_prefix(".").unwrap_or(&built.file);
    let mut report = Report::default();
    report.line("", "");
    report.line("", &format!("Built {}", shown.display()));
    report.line("  size    ", &format!("{} bytes", grouped(component.len() as u64)));
    report.line("  sha256  ", &digest);
    if let Some(warning) = debug_warning(&built.inspection) {
        report.line("  WARNING ", &warning);
    }
    report.line("", "");
    report.line("", "For the host's config, in the [[kind]] that it repeats:");
    report.line("", "");
    report.text + &config_lines(folder, built, &digest)
}

/// The lines to paste. They are not wrapped: a path is in one piece.
fn config_lines(folder: &Path, built: &Built, digest: &str) -> String {
    let file = folder.canonicalize().map_or_else(
        |_| built.file.clone(),
        |whole| whole.join(built.file.strip_prefix(folder).unwrap_or(&built.file)),
    );
    let file = toml::Value::String(file.display().to_string());
    let mut lines =
        format!("[kind.plugin]\nfile = {file}\n# To load this very build and no other:\n#sha256 = \"{digest}\"\n");
    if built.inspection.imports.iter().any(|import| matches!(import.need, Some(Need::Http | Need::HttpToSend))) {
        let _ = write!(
            lines,
            "\n# Where its requests may go: scheme, host and, if unusual, port.\n[[kind.plugin.http]]\nallow = \"https://shop.example.com\"\n"
        );
    }
    if built.inspection.imports.iter().any(|import| import.name.starts_with("wasi:config/store@")) {
        let _ =
            write!(lines, "\n# What its settings say.\n[kind.plugin.settings]\nshop = \"https://shop.example.com\"\n");
    }
    lines
}
