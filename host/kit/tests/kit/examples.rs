//! The examples' own scenarios hold for the Rust handlers, crashes and all; `tests/conformance` runs every language in a host.

use mpy6a_kit::{
    offline::{self, Setup, Workbench},
    scenario,
};

use crate::rig::guest;

fn all_pass(example: &str) {
    let file = format!("{}/../../plugins-examples/{example}/scenarios.toml", env!("CARGO_MANIFEST_DIR"));
    let scenarios = scenario::read(file.as_ref()).unwrap();
    offline::runtime().unwrap().block_on(async {
        let bench = Workbench::open(Setup::of_file(guest(&format!("{example}-rust")))).await.unwrap();
        for scenario in scenarios {
            let tried = scenario.try_on(&bench).await.unwrap();
            assert!(tried.passed(), "{}: {:?} {:?}", scenario.name, tried.mismatches, tried.crashes);
        }
    });
}

#[test]
fn the_reminder_gets_over_every_crash() {
    all_pass("reminder");
}

#[test]
fn the_creation_of_a_user_gets_over_every_crash() {
    all_pass("create-user");
}
