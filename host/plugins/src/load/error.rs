//! Why a plugin does not load, by what to do about it. Whatever served before goes on serving.

use std::{fmt, io, path::PathBuf};

use mpy6a_sessions::Outcome;

use crate::{
    limits::{PLUGIN_BYTES_MAX, RULES_MAX},
    shown,
};

/// A plugin does not load. Every message names the remedy.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error(
        "the plugin file {path} cannot be read: {error}; check the path, which in a config is relative to that, and who may read it"
    )]
    File {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// The file is too large.
    #[error("the plugin file {path} is larger than {PLUGIN_BYTES_MAX} bytes: build it without debug information")]
    TooLarge {
        /// Which.
        path: PathBuf,
    },
    /// The file changed each time it was read.
    #[error("the plugin file {path} is being written all the time: copy it aside and rename it over the old one")]
    Changing {
        /// Which.
        path: PathBuf,
    },
    /// The file is not the pinned one.
    #[error(
        "the plugin file has sha256 {found}, but {pinned} is pinned: install the right file, or correct `sha256` in the config"
    )]
    Pin {
        /// What the config says, in hex.
        pinned: String,
        /// What the file has, in hex.
        found: String,
    },
    /// It is no Wasm, or none that was linked for a host.
    #[error("the plugin file is not usable Wasm: {what}; {remedy}")]
    Format {
        /// What it is instead.
        what: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// It was made for another place than this host.
    #[error("the plugin was built for another target: {what}; {remedy}")]
    Target {
        /// How that shows.
        what: String,
        /// What to do.
        remedy: &'static str,
    },
    /// It is broken Wasm.
    #[error("the plugin file is not usable Wasm: {0}; build it again, as docs/plugins.md says for its language")]
    Invalid(String),
    /// It does not export `handle`.
    #[error("the plugin does not export `handle`: {remedy}; what it exports: {exports}")]
    NoHandle {
        /// The names that it does export.
        exports: String,
        /// What to do.
        remedy: &'static str,
    },
    /// It exports `handle` as an asynchronous function.
    #[error(
        "the plugin exports `handle` as an async function, and every function of the contract is synchronous: write it as an \
         ordinary function (JavaScript: without `async`; wit-bindgen: without its option `async`), and let the calls wait"
    )]
    Async,
    /// It imports an asynchronous function.
    #[error(
        "the plugin imports {import} as an async function, and every function of the contract is synchronous: call it as an \
         ordinary function (wit-bindgen: without its option `async`), and let the call wait"
    )]
    AsyncImport {
        /// The import.
        import: String,
    },
    /// It keeps its memory to itself.
    #[error(
        "the plugin does not export its memory as `memory`, through which the host passes values: link it without \
         --import-memory and AssemblyScript's --noExportMemory, or write (export \"memory\"); what it exports: {exports}"
    )]
    NoMemory {
        /// The names that it does export.
        exports: String,
    },
    /// What has to run first would not.
    #[error(
        "the plugin exports `{export}`, which a host never calls, so the constructors of its global variables would not run: \
         {remedy}"
    )]
    NeverStarted {
        /// The function.
        export: String,
        /// What to do.
        remedy: &'static str,
    },
    /// Its heap would grow into memory that is not its own.
    #[error(
        "the plugin is built by `go build` alone, and Go's heap would grow into the pages of memory that the host's WASI adapter \
         keeps its state in: use the SDK (sdk/go), and build with `mpy6a plugin build` or `go run mpy6a/cmd/build`"
    )]
    PlainGo,
    /// It speaks another version of the contract, or of WASI.
    #[error("the plugin was built for {import}, but this host speaks {host}: {remedy}")]
    Version {
        /// The import.
        import: String,
        /// What the host has instead.
        host: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// It imports what the config does not grant.
    #[error("the plugin imports {import}, which its kind is not granted: {remedy}")]
    Import {
        /// The import.
        import: String,
        /// What to do.
        remedy: &'static str,
    },
    /// It imports what no kind is granted.
    #[error("the plugin imports {import}, which no handler gets: {remedy}")]
    NoSuchImport {
        /// The import.
        import: String,
        /// What to do.
        remedy: &'static str,
    },
    /// Its imports or exports have other types than the contract's.
    #[error("the plugin does not fit the contract: {0}; build it again, against wit/ of this host's version")]
    Contract(String),
    /// It ended while it was tried out.
    #[error(
        "the plugin does not start within its limits: {0}; mend it, or raise the kind's `fuel`, `memory` or `time`"
    )]
    Start(Outcome),
    /// A start function of it called the host.
    #[error(
        "the plugin does not start: a start function cannot call the host, whose functions are connected only after it has run; \
         export it as `_initialize`, which runs later (AssemblyScript: asc --exportStart _initialize), or call the host from \
         `handle` on ({0})"
    )]
    StartCallsHost(Outcome),
    /// The kind is to get more memory than the sandbox was built for.
    #[error(
        "a memory limit of {asked} bytes is over the sandbox's {max}: lower it, or restart the host to raise the sandbox's"
    )]
    Memory {
        /// What the kind is to get, in bytes.
        asked: u64,
        /// The most that it may get, in bytes.
        max: u64,
    },
    /// It begins with more memory than any run gets.
    #[error(
        "the plugin does not start: its memory has a minimum byte size of {asked} which exceeds the limit of {max}; raise the \
         kind's `memory`, or build it with a smaller initial memory"
    )]
    Initial {
        /// What it has to begin with, in bytes.
        asked: u64,
        /// The most that the sandbox was built for, in bytes.
        max: u64,
    },
    /// It would take too long to compile, or too much memory.
    #[error(
        "the plugin has {found} {what}, and no more than {max} are compiled: leave out what it does not use, or build it with \
         another toolchain"
    )]
    TooHeavy {
        /// What there is too much of.
        what: &'static str,
        /// How many there are, as far as they were counted.
        found: u64,
        /// How many there may be.
        max: u64,
    },
    /// It is made of more than a run has room for.
    #[error(
        "the plugin has {found} {what}, and a run has room for {max}: compose it of fewer parts, or build it with a toolchain that \
         makes fewer; docs/plugins.md lists what a run has room for"
    )]
    NoRoom {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        found: u64,
        /// How much there may be.
        max: u64,
    },
    /// The kind has too many allow rules.
    #[error("{0} rules for HTTP are more than {RULES_MAX}: split the kind")]
    TooManyRules(usize),
    /// The host failed at it.
    #[error("the host failed while it loaded the plugin, please report it: {0}")]
    Host(String),
}

impl LoadError {
    pub(super) fn contract(error: impl fmt::Display) -> Self {
        Self::Contract(said(error))
    }

    /// What the parser says of a file of this many bytes that is not whole, or not right.
    pub(super) fn unparsed(file: &[u8], error: &wasmparser::Error) -> Self {
        match error.message().starts_with("unexpected end") {
            true => Self::Invalid(format!("it is cut off after {} bytes", file.len())),
            false => Self::invalid(error),
        }
    }

    pub(super) fn invalid(error: impl fmt::Display) -> Self {
        Self::Invalid(said(error))
    }

    pub(super) fn host(error: impl fmt::Display) -> Self {
        Self::Host(said(error))
    }
}

/// The whole chain of reasons, which may have names out of the file in it.
fn said(error: impl fmt::Display) -> String {
    shown::line(&format!("{error:#}"), shown::MESSAGE_BYTES_MAX)
}
