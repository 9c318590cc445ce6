//! The handler of this example exists in several languages. All do the same; what they take is not.

use clap::ValueEnum;

/// What the handler is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Rust.
    #[default]
    Rust,
    /// JavaScript, in QuickJS.
    Js,
    /// Python, in CPython.
    Python,
    /// C.
    C,
    /// Go.
    Go,
}

impl Language {
    /// The name on command lines and in file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Js => "js",
            Self::Python => "python",
            Self::C => "c",
            Self::Go => "go",
        }
    }

    /// Where its handler is, seen from the folder of this program: that is target/<profile>, handlers are in
    /// target/guests.
    pub fn file(self) -> String {
        format!("../guests/create-user-{}.wasm", self.name())
    }

    /// The script that builds its handler.
    pub fn build(self) -> String {
        format!(".ci/build-handlers {}", self.name())
    }
}
