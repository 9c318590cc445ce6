//! `mpy6a serve`: start a host and serve until told to stop.

use std::{path::PathBuf, process::ExitCode};

use tokio::runtime::Builder;
use tracing::error;

use crate::{
    config::{Config, Text},
    host::{Failure, Host},
    repeats::Runs,
    telemetry::{self, Telemetry},
};

/// Serve, with every kind paused if `start_paused`. Ends with the exit code of [`Failure::exit_code`], or 0 after being told to stop.
pub fn run(file: PathBuf, start_paused: bool) -> ExitCode {
    let read = Text::read(&file).and_then(|text| Ok((text.config()?, text)));
    let (config, text) = match read {
        Ok(read) => read,
        Err(error) => {
            // There is no log yet: it is the config that says what the log is like.
            telemetry::say(&error.to_string());
            return Failure::Config(error).exit_code();
        }
    };
    let telemetry = match Telemetry::start(config.fixed.log_format, &config.log_level) {
        Ok(telemetry) => telemetry,
        Err(error) => {
            let failure = Failure::System(error);
            telemetry::say(&failure.to_string());
            return failure.exit_code();
        }
    };
    telemetry::log_panics();
    let code = match serve(file, text, config, telemetry, start_paused) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            error!("{failure}");
            failure.exit_code()
        }
    };
    telemetry::flush();
    code
}

fn serve(file: PathBuf, text: Text, config: Config, telemetry: Telemetry, start_paused: bool) -> Result<(), Failure> {
    let runtime = Builder::new_multi_thread().enable_all().thread_name("mpy6a").build()?;
    let runs = Runs::new()?;
    let served = runtime.block_on(Host { file, text, config, telemetry, runs, start_paused }.serve());
    // Whatever still waits, for a dead file system perhaps, must not keep the process.
    runtime.shutdown_background();
    served
}
