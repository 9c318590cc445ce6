//! Why a project is not built, by what to do about it.

use std::{io, path::PathBuf, process::ExitStatus};

use mpy6a_plugins::LoadError;

use super::{Language, MANIFEST, ManifestError};

/// A project is not built. Every message names the remedy.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The manifest cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A command's program is not there.
    #[error("`{program}` is not installed, or not on the PATH: {remedy}")]
    NoProgram {
        /// The program.
        program: String,
        /// How to install it.
        remedy: String,
    },
    /// A command cannot be started.
    #[error("`{program}` cannot be started: {error}; correct `build.commands` in {MANIFEST}, or the file's mode")]
    NotStarted {
        /// The program.
        program: String,
        /// The system's reason.
        error: io::Error,
    },
    /// A command failed.
    #[error("`{command}` failed ({status}): read what it printed above; {}", .language.when_a_command_fails())]
    Failed {
        /// The command line.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// What the project is written in.
        language: Language,
    },
    /// The commands left no output.
    #[error(
        "the commands succeeded, but made no {0}: correct `build.output` in {MANIFEST}, or have a command write that file"
    )]
    NoOutput(PathBuf),
    /// Where the output belongs is something that no build made.
    #[error(
        "{0} is there and is no Wasm file, so it stays: correct `build.output` in {MANIFEST}, or move the file away"
    )]
    NotOurs(PathBuf),
    /// The output is no handler.
    #[error("{file} does not load. {error}")]
    Output {
        /// What the commands made.
        file: PathBuf,
        /// Why.
        error: LoadError,
    },
    /// A file cannot be written or removed.
    #[error("{path} cannot be written: {error}; check the free space, and who may write there")]
    Write {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
}
