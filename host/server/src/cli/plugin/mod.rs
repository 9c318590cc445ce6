//! `mpy6a plugin`: what the author of a handler needs. One file for each command.
//!
//! Each prints what it did to stdout, in 80 columns, and what was wrong to stderr.

mod bench;
mod build;
mod check;
pub(super) mod handler;
mod ls;
mod new;
mod run;
mod test;

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use mpy6a_untrusted::text;

use crate::cli::{out::complain, remote::Remote, report::Report};

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a handler: a folder with a project that builds as it is, its tests and the SDK.
    ///
    /// Exit codes: 0 made, 1 not made, 2 wrong command line.
    New(new::Arguments),
    /// Build a handler as its mpy6a-plugin.toml says, and make the component that a host loads.
    ///
    /// Runs the manifest's commands in its folder, makes a component of their output and writes build/NAME.wasm at one stroke.
    /// Prints size, digest and the lines for a host's config.
    ///
    /// Exit codes: 0 built, 1 not built, 2 wrong command line.
    Build(build::Arguments),
    /// Say what a plugin file is, what it needs, what it costs, and everything that would keep a host from loading it.
    ///
    /// Exit codes: 0 it loads, 1 it does not, 2 wrong command line.
    Check(check::Arguments),
    /// Run a handler once, offline, over a session given here, and say what it did.
    ///
    /// The sandbox and the rules are the host's; the network is not there, and time passes only while the handler waits.
    ///
    /// Exit codes: 0 the last run returned ok, 1 it did not, 2 wrong command line.
    Run(run::Arguments),
    /// Try a handler on scenarios, and have the host die at every call that it makes.
    ///
    /// Exit codes: 0 all is as expected, 1 it is not, 2 wrong command line.
    Test(test::Arguments),
    /// Measure what a handler costs to load and to run.
    ///
    /// Exit codes: 0 measured, 1 not measured, 2 wrong command line.
    Bench(bench::Arguments),
    /// List the plugins of a running host: which file and version repeats each kind, and why a newer one does not.
    ///
    /// Exit codes: 0 listed, 1 refused, 2 wrong command line, 3 no host.
    Ls(ls::Arguments),
}

/// How an answer is printed.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Output {
    /// For people, in 80 columns.
    #[default]
    Text,
    /// One JSON object; docs/scenarios.md and docs/plugins.md explain its fields.
    Json,
}

/// Run one.
pub fn run(command: Command, remote: &Remote) -> ExitCode {
    match command {
        Command::New(arguments) => new::run(&arguments),
        Command::Build(arguments) => build::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Ls(arguments) => remote.run(async |host| ls::run(&arguments, host).await),
    }
}

/// Say what is wrong.
fn failed(trouble: &str) -> ExitCode {
    let mut report = Report::default();
    trouble.lines().for_each(|line| report.line("", line));
    complain(&report.text);
    ExitCode::FAILURE
}

/// A JSON value as text, for people and programs: what a terminal would obey is escaped as JSON escapes it.
fn json_text(value: &serde_json::Value) -> String {
    text::json(&format!("{value:#}")).into_owned()
}

/// A number with its thousands apart, for people.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_stand_apart() {
        let shown = [0, 999, 1_000, 12_345, 123_456, 1_234_567].map(grouped);
        assert_eq!(shown, ["0", "999", "1,000", "12,345", "123,456", "1,234,567"]);
    }
}
