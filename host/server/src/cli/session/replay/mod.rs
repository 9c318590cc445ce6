//! `mpy6a session replay`: run an attempt of a handler again, here, out of what it got from outside then.
//!
//! | file | its job |
//! |---|---|
//! | [`fetch`] | the recording and its plugin, from the host |
//! | [`shown`] | then and now, side by side |
//!
//! The run has no effects: no host, no session and no service is reached, whatever the handler asks for.

mod fetch;
mod shown;

use std::{fs, io::Write as _, path::PathBuf, process::ExitCode};

use clap::Args;
use mpy6a_kit::{
    offline,
    replay::{self, Replayed},
};
use mpy6a_plugins::Recording;

use self::fetch::Fetched;
use super::Output;
use crate::cli::{
    out::print_json,
    plugin::handler::cache_dir,
    remote::{Host, Remote, Trouble, refused},
};

/// Which attempt, and by which plugin.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The session; it may be gone.
    id: String,
    /// Which repeat of it, as `mpy6a session show` counts; without, the last that is kept.
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    attempt: Option<u32>,
    /// Run this plugin in place of the one of then, and show what it does otherwise.
    #[arg(long, value_name = "FILE")]
    plugin: Option<PathBuf>,
    /// How it is printed.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Replay it. Ends with 0 where the run did the same again, 1 where it did not.
pub fn run(arguments: &Arguments, remote: &Remote) -> ExitCode {
    let mut fetched = None;
    let asked = remote.run_patiently(async |host: Host| {
        fetched = Some(fetch::fetch(&arguments.id, arguments.attempt, host).await?);
        Ok(ExitCode::SUCCESS)
    });
    match fetched {
        Some(fetched) => carry_out(arguments, fetched).unwrap_or_else(|trouble| trouble.tell()),
        None => asked,
    }
}

fn carry_out(arguments: &Arguments, Fetched { recording, plugin }: Fetched) -> Result<ExitCode, Trouble> {
    if let Some(lacks) = &recording.lacks {
        out!("{}", shown::only_then(&recording));
        return Err(refused(format!("this attempt cannot be replayed: {lacks}")));
    }
    let replayed = match &arguments.plugin {
        Some(file) => replay(&recording, file.clone())?,
        None => replay_of_then(&recording, &plugin)?,
    };
    let differences = replayed.differences(&recording);
    match arguments.output {
        Output::Table => out!("{}", shown::text(&recording, &replayed, &differences)),
        Output::Json => print_json(&shown::object(&recording, &replayed, &differences)),
    }
    Ok(if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// By the plugin of then, from a file that nobody else sees, for as long as it takes.
fn replay_of_then(recording: &Recording, plugin: &[u8]) -> Result<Replayed, Trouble> {
    if plugin.is_empty() {
        let digest = hex::encode(recording.did.report.plugin_digest);
        return Err(refused(format!(
            "the plugin that ran then, {digest}, is kept no longer: name its file, or another, with --plugin FILE"
        )));
    }
    let wrong = |error| {
        refused(format!("the plugin of then cannot be written to a file: {error}: check the room for temporary files"))
    };
    let mut file = replay::aside().map_err(wrong)?;
    file.write_all(plugin).and_then(|()| file.flush()).map_err(wrong)?;
    replay(recording, file.path().to_owned())
}

fn replay(recording: &Recording, file: PathBuf) -> Result<Replayed, Trouble> {
    // Before anything is compiled: a path with a slip in it is told as one.
    fs::metadata(&file)
        .map_err(|error| refused(format!("{} cannot be read: {error}: check the path", file.display())))?;
    let runtime = offline::runtime().map_err(refused)?;
    runtime.block_on(async {
        let plugin = replay::open(recording, file, cache_dir()).await.map_err(refused)?;
        Ok(replay::replay(&plugin, recording, replay::PATIENCE).await)
    })
}
