//! A history over damaged bytes, in a process of its own.
//!
//! redb may meet the damage in a destructor while it unwinds already: Rust then ends the process, and nobody can catch that.
//! For a host it is one more way to refuse what is damaged; a run of a thousand histories should not end with it.

use std::{
    env,
    io::Write as _,
    os::unix::process::ExitStatusExt as _,
    process::{Command, Stdio},
};

use crate::{
    sabotage::Sabotage,
    world::{self, Failure, Plan, Summary, Weather},
};

/// What `abort` ends a process with.
const SIGABRT: i32 = 6;

/// Live through a history: apart, if its disk rots.
pub fn run(plan: Plan) -> Result<Summary, Failure> {
    if plan.weather != Weather::Rot {
        return world::run(plan);
    }
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--told", "--weather", "rot", "--seed", &plan.seed.to_string(), "--steps", &plan.steps.to_string()]);
    if plan.sabotage != Sabotage::None {
        command.args(["--sabotage", &plan.sabotage.to_string()]);
    }
    let ended = command.stderr(Stdio::null()).output().unwrap();
    if ended.status.signal() == Some(SIGABRT) {
        return Ok(Summary { refused: 1, ..Summary::default() });
    }
    // What it violated is seen again here, with the end of its history.
    if !ended.status.success() {
        return world::run(plan);
    }
    Ok(postcard::from_bytes(&ended.stdout).unwrap())
}

/// Live through a history for whoever started this process.
pub fn tell(plan: Plan) -> Result<(), String> {
    let summary = world::run(plan).map_err(|failure| failure.violation)?;
    std::io::stdout().write_all(&postcard::to_allocvec(&summary).unwrap()).map_err(|error| error.to_string())
}
