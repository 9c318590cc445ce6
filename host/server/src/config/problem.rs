//! What is wrong with a config, and where: every message names file, line and key, and what to write instead.

use std::{fmt, path::PathBuf};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1; none where the file as a whole is meant.
    pub line: Option<usize>,
    /// The key with the tables around it, for example `kind.plugin.file`; empty where no key is meant.
    pub key: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// A config that cannot be used, with everything that is wrong about it. Displayed one problem a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file, as it was named.
    pub file: PathBuf,
    /// At least one, in the order of the lines.
    pub problems: Vec<Problem>,
}

impl ConfigError {
    /// A problem with the file as a whole.
    #[must_use]
    pub fn of_file(file: PathBuf, message: String) -> Self {
        Self { file, problems: vec![Problem { line: None, key: String::new(), message }] }
    }

    /// Each problem as one line of text: `file:line: key: message`.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.problems.iter().map(|problem| {
            let Problem { line, key, message } = problem;
            let line = line.map(|line| format!("{line}: ")).unwrap_or_default();
            let key = if key.is_empty() { String::new() } else { format!("{key}: ") };
            let gap = if line.is_empty() { " " } else { "" };
            format!("{}:{gap}{line}{key}{message}", self.file.display())
        })
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, line) in self.lines().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&line)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_problem_is_a_line_that_says_where() {
        let mut error = ConfigError::of_file("a.toml".into(), "it is empty".to_owned());
        error.problems.push(Problem { line: Some(7), key: "log.level".to_owned(), message: "no".to_owned() });
        assert_eq!(error.to_string(), "a.toml: it is empty\na.toml:7: log.level: no");
    }
}
