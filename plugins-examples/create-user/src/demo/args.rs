//! The command line of the demonstration.

use std::path::PathBuf;

use clap::Parser;

use super::language::Language;

/// Create a list of users through mpy6a while services fail, clients die and the host is killed; then check that
/// every user is fully there or fully gone.
#[derive(Debug, Parser)]
#[command(name = "demo")]
pub struct Args {
    /// The list: a CSV file with the columns nick, name and mail.
    #[arg(long, default_value = "plugins-examples/create-user/users.csv")]
    pub users: PathBuf,
    /// The share of calls to A and B that fail, hang or lose their answer, from 0 to 1.
    #[arg(long, default_value_t = 0.2, value_parser = share)]
    pub share: f64,
    /// How long a hanging call hangs, in milliseconds. Clients wait 500 ms.
    #[arg(long, default_value_t = 1_500)]
    pub hang_ms: u64,
    /// The share of clients that are to die half-way, from 0 to 1. One that fails before its time just leaves.
    #[arg(long, default_value_t = 0.05, value_parser = share)]
    pub die: f64,
    /// How many users are created at the same time.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub in_flight: u32,
    /// Decides which clients die where, and the sequence of faults in A and B.
    #[arg(long, default_value_t = 4)]
    pub seed: u64,
    /// Give up after so many seconds.
    #[arg(long, default_value_t = 110)]
    pub within: u64,
    /// The host's program. By default beside this one, as are the next two.
    #[arg(long)]
    pub host_bin: Option<PathBuf>,
    /// Service A's program.
    #[arg(long)]
    pub a_bin: Option<PathBuf>,
    /// Service B's program.
    #[arg(long)]
    pub b_bin: Option<PathBuf>,
    /// The language of the repeat handler.
    #[arg(long, value_enum, default_value_t)]
    pub handler: Language,
    /// The repeat handler's file, if it is not where `.ci/build-handlers` puts it, beside this program's folder.
    #[arg(long)]
    pub handler_wasm: Option<PathBuf>,
    /// The folder for data, config and logs; new or empty (with --serve: whatever was left there goes on). By default
    /// a temporary one.
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// Keep that folder when everything went well, too.
    #[arg(long)]
    pub keep: bool,
    /// Write what the table says to this file, as JSON.
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// No demonstration: start the host on ports 7340 and 7341, A on 8081, B on 8082, with these faults, until Ctrl-C.
    #[arg(long)]
    pub serve: bool,
}

impl Args {
    /// A program that is built beside this one, unless the command line names another.
    pub fn program(named: Option<&PathBuf>, name: &str) -> Result<PathBuf, std::io::Error> {
        match named {
            Some(path) => Ok(path.clone()),
            None => Ok(std::env::current_exe()?.with_file_name(name)),
        }
    }

    /// The repeat handler's file, as an absolute path.
    pub fn handler_file(&self) -> Result<PathBuf, String> {
        let path = match &self.handler_wasm {
            Some(path) => path.clone(),
            None => std::env::current_exe().map_err(|why| why.to_string())?.with_file_name(self.handler.file()),
        };
        path.canonicalize().map_err(|why| {
            format!("the handler {} cannot be read: {why}; build it with {}", path.display(), self.handler.build())
        })
    }
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err("give a number from 0 to 1".into()) }
}
