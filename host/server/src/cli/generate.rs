//! `mpy6a completions` and `mpy6a man`: what shells and people read about the command line, made from the command line itself.

use std::{fs, path::Path, process::ExitCode};

use clap::Command;
use clap_complete::Shell;

use super::out::print_own;

/// Print a shell's completions.
pub fn completions(shell: Shell, mut command: Command) -> ExitCode {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, "mpy6a", &mut text);
    print_own(&String::from_utf8_lossy(&text));
    ExitCode::SUCCESS
}

/// Write a man page for each command into a folder, which is made where there is none.
pub fn man(folder: &Path, command: Command) -> ExitCode {
    match fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            errln!("cannot write man pages to {}: {error}: name a folder that can be written to", folder.display());
            ExitCode::FAILURE
        }
    }
}
