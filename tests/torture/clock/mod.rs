//! The host's clocks, set by the test: a few lines of C, compiled once, that are loaded into the host before everything else.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{checker, harness, load::Watch};

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/torture/clock/shim.c");
const NS_PER_MS: i64 = 1_000_000;

/// The clocks of one host, over all its lives.
pub struct Clocks {
    path: PathBuf,
    file: File,
    watch: Watch,
    /// How the wall clock was set.
    pub steps: Vec<checker::Step>,
}

impl Clocks {
    /// Clocks that are right, for now. `path`: of a file of their own.
    pub fn new(path: PathBuf, watch: Watch) -> Self {
        fs::write(&path, [0; 16]).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        Self { path, file, watch, steps: Vec::new() }
    }

    /// The program, under these clocks.
    pub fn command(&self) -> Command {
        let mut command = harness::serve();
        command.env("LD_PRELOAD", shim()).env("MPY6A_TORTURE_CLOCK", &self.path);
        command
    }

    /// Set the wall clock so far ahead of the real one; a negative number sets it back.
    pub fn set(&mut self, ahead_ms: i64) {
        let began = self.watch.now();
        self.file.write_all_at(&(ahead_ms * NS_PER_MS).to_ne_bytes(), 0).unwrap();
        let real_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let real_ms = u64::try_from(real_ms).unwrap();
        self.steps.push(checker::Step { began, ended: self.watch.now(), real_ms, ahead_ms });
    }

    /// Set the monotonic clock ahead, which never happens to a machine: sabotage.
    pub fn set_monotonic(&self, ahead_ms: i64) {
        self.file.write_all_at(&(ahead_ms * NS_PER_MS).to_ne_bytes(), 8).unwrap();
    }
}

/// The compiled shim.
fn shim() -> &'static Path {
    static SHIM: OnceLock<PathBuf> = OnceLock::new();
    SHIM.get_or_init(|| {
        let shim = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("clock-{}.so", std::process::id()));
        let arguments = ["-shared", "-fPIC", "-O2", "-Wall", "-Werror", SOURCE, "-o"];
        let status = Command::new("cc").args(arguments).arg(&shim).status();
        let status = status.expect("a C compiler, as `make torture` installs it");
        assert!(status.success(), "the shim does not compile: {status}");
        shim
    })
}
