//! Torture of the real binary: many clients and handlers at work, and meanwhile SIGKILL, SIGSTOP, a full disk, a clock that
//! jumps, reloads and stops. Afterwards a checker reads what everybody saw and says whether a right host could have shown it.
//!
//! ```text
//! load: clients ---- requests, retries, lies ----> host <---- faults: kill, freeze, fill the disk, set the clock, reload
//!   |                                                |  ^
//!   | what was asked and answered          handlers  v  | what to do next
//!   v                                               outside
//! history  <---- what runs were handed --------------+
//!   |
//!   v
//! checker: linearizable per session, one operator at a time, nothing lost, nothing early
//! ```
//!
//! | file | what is in it |
//! |---|---|
//! | [`history`] | what was seen, as values |
//! | [`checker`] | whether it is right: pure, with tests of its own |
//! | [`load`] | clients |
//! | [`outside`] | what handlers tell and are told |
//! | [`faults`], [`clock`], [`disk`] | what is done to the host |
//! | [`sabotage`] | what is done so that the checker must complain |
//! | [`round`], [`stage`], [`setting`] | one round, what stands around the host in it, and what it serves |
//!
//! `make torture ROUNDS=100 SEED=7 FAULT=Kill` sets what [`Options`] reads. A seed draws the same clients, handlers and faults again; the
//! machine's timing it cannot draw, so a failure that it found may take several rounds of it to come back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod checker;
mod clock;
mod disk;
mod faults;
#[path = "../harness/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the black-box tests use the rest")]
mod harness;
mod history;
mod load;
mod outside;
mod round;
mod sabotage;
mod setting;
mod stage;

use std::{
    collections::BTreeMap,
    env, fs,
    path::Path,
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

use crate::{
    faults::Fault,
    round::{Judgement, Plan, play},
    sabotage::Sabotage,
};

/// Rounds have the machine to themselves: beside each other they would wait more than they work.
static MACHINE: Mutex<()> = Mutex::const_new(());

/// How many complaints to print; the file has them all.
const COMPLAINTS_PRINTED: usize = 5;

/// What the environment says.
struct Options {
    /// `MPY6A_TORTURE_ROUNDS`; one of each fault by default.
    rounds: u64,
    /// `MPY6A_TORTURE_SECONDS`: how long the fault of a round goes on.
    long: Duration,
    /// `MPY6A_TORTURE_SEED`; by chance by default.
    seed: u64,
    /// `MPY6A_TORTURE_FAULT`; by default one after another.
    faults: Vec<Fault>,
}

impl Options {
    fn read() -> Self {
        let text = |name: &str| env::var(name).ok().filter(|it| !it.is_empty());
        let number = |name: &str| text(name).map(|it| it.parse().expect(name));
        let fault = text("MPY6A_TORTURE_FAULT").map(|it| vec![Fault::named(&it).expect("a fault of docs/testing.md")]);
        Self {
            rounds: number("MPY6A_TORTURE_ROUNDS").unwrap_or(faults::ALL.len() as u64),
            long: Duration::from_secs(number("MPY6A_TORTURE_SECONDS").unwrap_or(1)),
            seed: number("MPY6A_TORTURE_SEED").unwrap_or_else(|| rand::random_range(0..1_000_000)),
            faults: fault.unwrap_or_else(|| faults::ALL.to_vec()),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_breaks_a_promise() {
    let _alone = MACHINE.lock().await;
    let Options { rounds, long, seed, faults } = Options::read();
    println!("{rounds} rounds from seed {seed}");
    for round in 0..rounds {
        let fault = faults[usize::try_from(round).unwrap() % faults.len()];
        let plan = Plan { seed: seed + round, fault, long, sabotage: None };
        println!("round {round}, {fault:?}, seed {}:", plan.seed);
        let began = Instant::now();
        let judgement = play(plan).await;
        println!("  {:.1?}, {}", began.elapsed(), judgement.tally);
        assert!(judgement.complaints.is_empty(), "{}", told(&plan, &judgement));
        assert!(judgement.tally.acknowledged > 0 && judgement.tally.runs > 0, "nothing was tortured");
    }
}

/// What is printed of a round that went wrong.
fn told(plan: &Plan, judgement: &Judgement) -> String {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("torture-{}.txt", plan.seed));
    fs::write(&file, &judgement.evidence).unwrap();
    let complaints = &judgement.complaints;
    let some: Vec<String> = complaints.iter().take(COMPLAINTS_PRINTED).map(|it| format!("{it:?}")).collect();
    format!(
        "{} complaints, the first of them:\n{}\nAll, with the histories and the host's log: {}\n{plan:?}",
        complaints.len(),
        some.join("\n"),
        file.display(),
    )
}

/// Which promises the checker finds broken by it, each with how often.
async fn complaints_about(sabotage: Sabotage) -> BTreeMap<&'static str, usize> {
    let _alone = MACHINE.lock().await;
    let plan = Plan { seed: 1, fault: Fault::Kill, long: Duration::from_secs(2), sabotage: Some(sabotage) };
    let judgement = play(plan).await;
    let mut rules = BTreeMap::new();
    judgement.complaints.iter().for_each(|it| *rules.entry(it.rule).or_default() += 1);
    println!("{sabotage:?}: {rules:?}, {}", judgement.tally);
    rules
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_put_back_to_an_older_one_is_noticed() {
    let rules = complaints_about(Sabotage::OldStore).await;
    assert!(rules.contains_key("not linearizable") && rules.contains_key("reordered"), "{rules:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_that_end_early_are_noticed() {
    let rules = complaints_about(Sabotage::HastyLeases).await;
    assert!(rules.contains_key("a lease ended early"), "{rules:?}");
}
