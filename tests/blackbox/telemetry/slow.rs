//! A host whose disk syncs slowly, or not at all, and one whose clock is set: a few lines of C that are loaded into it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
};

use crate::harness::{Config, Host, serve};

const NS_PER_S: i64 = 1_000_000_000;

/// Start a host whose syncs take as long as [`hold`] says; none at first.
pub async fn slow(config: &Config) -> Host {
    let mut host = Host::prepare(config);
    let (file, shim) = (host.path("sync"), shim("blackbox/telemetry/slow.c"));
    host.try_launch(|| with(&shim, "MPY6A_TEST_SYNC", &file)).await.unwrap();
    host
}

/// Hold up each sync of it for so many milliseconds; a negative number: for ever.
pub fn hold(host: &Host, ms: i64) {
    fs::write(host.path("sync.new"), ms.to_string()).unwrap();
    fs::rename(host.path("sync.new"), host.path("sync")).unwrap();
}

/// Start a host whose wall clock [`set_ahead`] sets.
pub async fn with_clock(config: &Config) -> Host {
    let mut host = Host::prepare(config);
    let (file, shim) = (host.path("clock"), shim("torture/clock/shim.c"));
    fs::write(&file, [0; 16]).unwrap();
    host.try_launch(|| with(&shim, "MPY6A_TORTURE_CLOCK", &file)).await.unwrap();
    host
}

/// Set its wall clock ahead, by seconds.
pub fn set_ahead(host: &Host, seconds: i64) {
    use std::os::unix::fs::FileExt as _;
    let file = fs::File::options().write(true).open(host.path("clock")).unwrap();
    file.write_all_at(&(seconds * NS_PER_S).to_ne_bytes(), 0).unwrap();
}

fn with(shim: &Path, variable: &str, file: &Path) -> Command {
    let mut command = serve();
    command.env("LD_PRELOAD", shim).env(variable, file);
    command
}

/// The compiled shim: once for each run of the tests and each source.
fn shim(source: &str) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _compiling = ONE_AT_A_TIME.lock().unwrap();
    let name = source.replace(['/', '.'], "-");
    let shim = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}.so", std::process::id()));
    if !shim.exists() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests").join(source);
        let made = shim.with_extension("new");
        let mut command = Command::new("cc");
        let status =
            command.args(["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o"]).arg(&made).arg(&source).status();
        assert!(
            status.expect("a C compiler, as `make test` installs it").success(),
            "{} does not compile",
            source.display()
        );
        fs::rename(made, &shim).unwrap();
    }
    shim
}
