//! What is wrong with a manifest, and where.

use std::{fmt, path::PathBuf};

/// A manifest that cannot be used, with what is wrong about it. Displayed one problem a line, as `file:line: key: message`.
#[derive(Debug)]
pub struct ManifestError {
    /// The file, as it was named.
    pub(super) file: PathBuf,
    pub(super) problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Debug)]
pub(super) struct Problem {
    /// From 1; none where the whole file is meant.
    pub(super) line: Option<usize>,
    /// The key, what is wrong with it, and what to write instead.
    pub(super) message: String,
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, Problem { line, message }) in self.problems.iter().enumerate() {
            let line = line.map(|line| format!("{line}:")).unwrap_or_default();
            write!(f, "{}{}:{line} {message}", if n == 0 { "" } else { "\n" }, self.file.display())?;
        }
        Ok(())
    }
}

impl std::error::Error for ManifestError {}
