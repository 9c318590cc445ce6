//! `mpy6a plugin new`: make a project.

use std::{path::Path, process::ExitCode};

use clap::{Args, builder::PossibleValuesParser};
use mpy6a_kit::project::{Language, new};

use crate::cli::report::Report;

/// What to make.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The language to write it in.
    #[arg(long, value_name = "LANGUAGE", value_parser = PossibleValuesParser::new(Language::ALL.map(Language::key)))]
    lang: String,
    /// The project's name and folder: lower-case letters, digits and hyphens, for example cancel-order.
    name: String,
}

/// Make the project in the current folder.
pub fn run(arguments: &Arguments) -> ExitCode {
    match make(arguments) {
        Ok(report) => {
            out!("{report}");
            ExitCode::SUCCESS
        }
        Err(trouble) => super::failed(&trouble),
    }
}

fn make(arguments: &Arguments) -> Result<String, String> {
    let language: Language = arguments.lang.parse().map_err(|error| format!("{error}"))?;
    let name = &arguments.name;
    new(language, name, Path::new("")).map_err(|error| error.to_string())?;
    let mut report = Report::default();
    report.line("", &format!("Made {name}/, a handler in {language} that cancels an order."));
    report.line("", "");
    report.line("", "Next:");
    report.line("  ", &format!("cd {name}"));
    language.setup().into_iter().for_each(|command| report.line("  ", command));
    report.line("  ", "mpy6a plugin build");
    report.line("  ", &format!("mpy6a plugin test build/{name}.wasm scenarios.toml"));
    report.line("  ", &format!("mpy6a plugin check build/{name}.wasm"));
    report.line("", "");
    report.line("", &format!("It needs {}.", language.needs()));
    report.line("", &format!("What is where, says README.md; how to go on, mpy6a/sdk/{}/README.md.", language.key()));
    Ok(report.text)
}
