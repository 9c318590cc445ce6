//! Builds a project: runs the manifest's commands, makes a component of their output, and puts it in place.
//!
//! The output of an earlier build is removed before the first command runs. So what is there afterwards was made, or found
//! up to date, by these commands: one that writes elsewhere cannot pass off an old file as its work. The finished component
//! is written aside and renamed, since a host may be watching it.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use mpy6a_plugins::inspect::{Inspection, inspect};

use super::{
    BuildError, Language,
    manifest::{MANIFEST, Manifest, component_file},
};

/// How every Wasm file begins.
const WASM: &[u8] = b"\0asm";

/// What was built.
#[derive(Debug)]
pub struct Built {
    /// The component.
    pub file: PathBuf,
    /// What there is to say about it: the component as it was written, and what its imports need.
    pub inspection: Inspection,
}

/// Build the project in `folder`. The commands' input and output are this process's; `announce` is told of each before it
/// runs.
///
/// # Errors
///
/// [`BuildError`]; the component of an earlier build stays in place then.
pub fn build(folder: &Path, mut announce: impl FnMut(&str)) -> Result<Built, BuildError> {
    let manifest = Manifest::read(&folder.join(MANIFEST))?;
    let output = folder.join(&manifest.output);
    remove_old(&output)?;
    make_folder_of(&output)?;
    for command in &manifest.commands {
        announce(&shown(command));
        run(command, folder, manifest.language)?;
    }
    if !output.is_file() {
        return Err(BuildError::NoOutput(output));
    }
    let inspection = examine(&output)?;
    let file = folder.join(component_file(&manifest.name));
    put(&file, &inspection.component)?;
    Ok(Built { file, inspection })
}

/// The output as a component that a host would take, given the grants that its imports need.
fn examine(output: &Path) -> Result<Inspection, BuildError> {
    let refused = |error| BuildError::Output { file: output.to_owned(), error };
    let mut inspection = inspect(output).map_err(refused)?;
    match inspection.problems.is_empty() {
        true => Ok(inspection),
        false => Err(refused(inspection.problems.swap_remove(0))),
    }
}

/// Remove what an earlier build left, but nothing else: a manifest that names a source by mistake must not cost it.
fn remove_old(output: &Path) -> Result<(), BuildError> {
    let old = match fs::read(output) {
        Ok(old) => old,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(BuildError::Write { path: output.to_owned(), error }),
    };
    // An empty file is a build that was interrupted.
    if !old.is_empty() && !old.starts_with(WASM) {
        return Err(BuildError::NotOurs(output.to_owned()));
    }
    fs::remove_file(output).map_err(|error| BuildError::Write { path: output.to_owned(), error })
}

fn run(command: &[String], folder: &Path, language: Language) -> Result<(), BuildError> {
    // The manifest's reader lets no empty command through.
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    // A program with a slash is the project's own; where a process would look for it otherwise differs among systems.
    let path = if program.contains('/') { whole(folder).join(program).into() } else { OsStr::new(program).to_owned() };
    let status = Command::new(path).args(arguments).current_dir(folder).status().map_err(|error| {
        let program = program.clone();
        match error.kind() {
            io::ErrorKind::NotFound => BuildError::NoProgram { remedy: language.install(&program), program },
            _ => BuildError::NotStarted { program, error },
        }
    })?;
    if status.success() {
        return Ok(());
    }
    Err(BuildError::Failed { command: shown(command), status, language })
}

fn whole(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

/// A command as a person would type it, near enough.
fn shown(command: &[String]) -> String {
    let word = |word: &String| match word.is_empty() || word.contains(char::is_whitespace) {
        true => format!("'{word}'"),
        false => word.clone(),
    };
    command.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// Compilers do not make the folder that they are to write into.
fn make_folder_of(file: &Path) -> Result<(), BuildError> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| BuildError::Write { path: folder.to_owned(), error })
}

fn put(file: &Path, component: &[u8]) -> Result<(), BuildError> {
    make_folder_of(file)?;
    let aside = file.with_extension("wasm.new");
    let written = fs::write(&aside, component).and_then(|()| fs::rename(&aside, file));
    written.map_err(|error| BuildError::Write { path: file.to_owned(), error })
}
