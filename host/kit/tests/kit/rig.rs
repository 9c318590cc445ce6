//! A handler by name, and scenarios from text.

use std::path::{Path, PathBuf};

use mpy6a_kit::{
    offline::{self, Setup, Workbench},
    scenario::{self, Scenario, ScenarioError, Tried},
};

/// A handler that `.ci/build-guests` built.
pub fn guest(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
        |dir| Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(dir),
    );
    let file = target.join("guests").join(format!("{name}.wasm"));
    assert!(file.exists(), "{} is missing: run .ci/build-guests", file.display());
    file
}

/// Scenarios as if read from a file.
pub fn scenarios(text: &str) -> Result<Vec<Scenario>, ScenarioError> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("scenarios.toml");
    std::fs::write(&file, text).unwrap();
    scenario::read(&file)
}

/// Try a handler on the one scenario of a text.
pub fn try_on(guest_name: &str, text: &str) -> Tried {
    let scenarios = scenarios(text).unwrap();
    offline::runtime().unwrap().block_on(async {
        let bench = Workbench::open(Setup::of_file(guest(guest_name))).await.unwrap();
        scenarios.first().unwrap().try_on(&bench).await.unwrap()
    })
}

/// What went wrong, one line each.
pub fn faults(tried: &Tried) -> Vec<String> {
    tried.crashes.as_ref().unwrap().faults.iter().map(|fault| fault.why.clone()).collect()
}
