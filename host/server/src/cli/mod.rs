//! The command line: one file for each command.

#![warn(clippy::print_stdout, clippy::print_stderr)]

#[macro_use]
mod out;

pub mod backup;
pub mod check;
mod generate;
pub mod kind;
pub mod plugin;
pub mod remote;
mod report;
mod secure;
pub mod serve;
pub mod session;
pub mod status;
mod table;
pub mod token;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;

use self::remote::Remote;
use crate::version;

/// mpy6a (read it "truba"), a durable log of intents: what services began and did not finish is finished by WebAssembly
/// handlers.
#[derive(Debug, Parser)]
#[command(name = "mpy6a", version = version::VERSION, long_version = version::long(), about, max_term_width = 80)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve clients and repeat what they left unfinished, until told to stop.
    ///
    /// SIGHUP reads the config and every plugin again; changed files are noticed without it. SIGTERM and SIGINT let
    /// what is under way finish; a second one ends the host at once.
    ///
    /// Exit codes: 0 told to stop, 2 wrong command line, 3 config or certificate, 4 address, 5 store cannot be opened, 6 sandbox, 7
    /// store failed while serving, 8 told to stop twice, 1 anything else.
    Serve(Serve),
    /// Check a config and load every plugin that it names, without touching store or port.
    ///
    /// Exit codes: 0 everything is right, 1 something is not, 2 wrong command line.
    Check(ConfigFile),
    /// Write handlers: start a project, build it, check what it made; list those of a running host.
    #[command(subcommand)]
    Plugin(plugin::Command),
    /// Look at sessions of a running host, and act on them.
    #[command(subcommand)]
    Session(session::Command),
    /// Look at the kinds of a running host, pause and resume them.
    #[command(subcommand)]
    Kind(kind::Command),
    /// Is all well with a running host?
    ///
    /// Exit codes: 0 it is, 1 somebody should look at it, 2 wrong command line, 3 no host.
    Status(status::Status),
    /// Watch a running host.
    ///
    /// Exit codes: 0 watched to the end, 1 refused, 2 wrong command line, 3 no host.
    Top(status::Top),
    /// Copy everything that a running host keeps into a file, while it goes on.
    ///
    /// Exit codes: 0 written and read back, 1 not, 2 wrong command line, 3 no host.
    Backup(backup::Backup),
    /// Put a backup where a host will serve from it. There must be no store yet.
    ///
    /// Exit codes: 0 restored, 1 not, 2 wrong command line.
    Restore(backup::Restore),
    /// Look at everything in a backup, or in a store that no host serves from, and change nothing.
    ///
    /// Exit codes: 0 all of it is right, 1 it is not, 2 wrong command line.
    Verify(backup::Verify),
    /// Make tokens, which let services and people in.
    ///
    /// Exit codes: 0 done, 1 not, 2 wrong command line.
    #[command(subcommand)]
    Token(token::Command),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Write man pages for every command.
    Man {
        /// The folder that they go to.
        folder: PathBuf,
    },
    /// Have a running host read its config and every plugin again, and say what is wrong with them.
    ///
    /// Exit codes: 0 all in service, 1 something is wrong, 2 wrong command line, 3 no host.
    Reload,
}

#[derive(Args, Debug)]
struct ConfigFile {
    /// The config, a TOML file; docs/mpy6a.toml explains every key.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

#[derive(Args, Debug)]
struct Serve {
    #[command(flatten)]
    file: ConfigFile,
    /// Begin with every kind paused, as `mpy6a kind pause` pauses it: for the morning after an incident. `mpy6a kind
    /// resume` lets one after the other go on.
    #[arg(long)]
    start_paused: bool,
}

/// Run the command that the command line asks for.
#[must_use]
pub fn main() -> ExitCode {
    let Cli { command, remote } = Cli::parse();
    match command {
        Command::Serve(Serve { file: ConfigFile { config }, start_paused }) => serve::run(config, start_paused),
        Command::Check(ConfigFile { config }) => check::run(&config),
        Command::Plugin(command) => plugin::run(command, &remote),
        Command::Session(command) => session::run(command, &remote),
        Command::Kind(command) => kind::run(command, &remote),
        Command::Status(arguments) => remote.run(async |host| status::status(&arguments, host).await),
        Command::Top(arguments) => remote.run(async |host| status::top(&arguments, host).await),
        Command::Backup(arguments) => remote.run_patiently(async |host| backup::backup(&arguments, host).await),
        Command::Restore(arguments) => backup::restore(&arguments),
        Command::Verify(arguments) => backup::look(&arguments),
        Command::Token(command) => token::run(&command),
        Command::Completions { shell } => generate::completions(shell, Cli::command()),
        Command::Man { folder } => generate::man(&folder, Cli::command()),
        Command::Reload => remote.run(async |host| status::reload(host).await),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
