//! The command line: one file for each command.

pub mod check;
pub mod plugin;
mod report;
pub mod serve;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

/// mpy6a (read it "truba"), a durable log of intents: what services began and did not finish is finished by WebAssembly
/// handlers.
#[derive(Debug, Parser)]
#[command(name = "mpy6a", version, about, max_term_width = 80)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve clients and repeat what they left unfinished, until told to stop.
    ///
    /// SIGHUP reads the config and every plugin again; changed files are noticed without it. SIGTERM and SIGINT let
    /// what is under way finish; a second one ends the host at once.
    ///
    /// Exit codes: 0 told to stop, 2 wrong command line, 3 config, 4 address, 5 store cannot be opened, 6 sandbox, 7
    /// store failed while serving, 8 told to stop twice, 1 anything else.
    Serve(ConfigFile),
    /// Check a config and load every plugin that it names, without touching store or port.
    ///
    /// Exit codes: 0 everything is right, 1 something is not, 2 wrong command line.
    Check(ConfigFile),
    /// Write handlers: start a project, build it, check what it made.
    #[command(subcommand)]
    Plugin(plugin::Command),
}

#[derive(Args, Debug)]
struct ConfigFile {
    /// The config, a TOML file; docs/mpy6a.toml explains every key.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Run the command that the command line asks for.
#[must_use]
pub fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Serve(ConfigFile { config }) => serve::run(config),
        Command::Check(ConfigFile { config }) => check::run(&config),
        Command::Plugin(command) => plugin::run(command),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
