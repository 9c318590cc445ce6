//! One round: a host, clients and handlers at work, a fault, calm, and the judgement.

mod tally;
mod wire;
mod witnesses;

use std::{
    collections::HashMap,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use tokio::{task::JoinHandle, time::sleep};

pub use self::tally::Tally;
use self::wire::Cutting;
use crate::{
    checker::{self, Clock, Complaint},
    clock::Clocks,
    disk::Disk,
    faults::{Fault, RECORD_MAX_FILLING},
    harness::{Config, Host, LOOK, Proxy},
    history::{History, Tag},
    load::{Field, Watch, operators},
    outside::Outside,
    sabotage::Sabotage,
    setting::Setting,
    stage::{Counts, Stage},
};

/// The longest record where the disk is large, in bytes.
const RECORD_MAX: u32 = 4000;
/// How long everything that is left may take to be finished.
const CALM_WITHIN: Duration = Duration::from_secs(60);

/// What to do.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub seed: u64,
    pub fault: Fault,
    /// How long the fault goes on.
    pub long: Duration,
    /// What is done so that the checker must complain.
    pub sabotage: Option<Sabotage>,
}

/// What came of it.
pub struct Judgement {
    pub complaints: Vec<Complaint>,
    pub tally: Tally,
    /// The host's log and the histories complained of.
    pub evidence: String,
}

/// Play a round.
pub async fn play(plan: Plan) -> Judgement {
    let watch = Watch::start();
    let (mut stage, wire) = set(plan, watch).await;
    let clients = stage.field.start(plan.seed);
    let began = Instant::now();
    match plan.sabotage {
        Some(sabotage) => sabotage.commit(&mut stage).await,
        None => plan.fault.strike(&mut stage, plan.long).await,
    }
    // A fault that was over at once leaves time to work.
    sleep(plan.long.saturating_sub(began.elapsed())).await;
    stage.served().await;
    wire.hold();

    let mut sessions = come_to_rest(&mut stage, clients).await;
    let acknowledged = stage.field.acknowledged.load(Ordering::Relaxed);
    let mut complaints = calm(&mut stage).await;
    complaints.extend(witnesses::gather(&stage, &mut sessions).await);
    complaints.extend(witnesses::census(&stage, &sessions).await);
    let clock = Clock { steps: stage.clocks.as_ref().map(|clocks| clocks.steps.clone()).unwrap_or_default() };
    complaints.extend(checker::check(&sessions, &clock));
    if plan.fault == Fault::Clock {
        complaints.extend(checker::check_late(&sessions));
    }
    let tally = Tally::of(&stage, &sessions, acknowledged, plan);
    let evidence = if complaints.is_empty() { String::new() } else { evidence(&stage, &sessions, &complaints) };
    Judgement { complaints, tally, evidence }
}

/// Set the stage: everything stands, and nobody works yet.
async fn set(plan: Plan, watch: Watch) -> (Stage, Cutting) {
    let mut chance = StdRng::seed_from_u64(plan.seed);
    let outside = Outside::start(chance.random(), watch).await;
    let disk = (plan.fault == Fault::FullDisk).then(Disk::mount).flatten();
    // A folder first: the config names the plugin in it.
    let host = Host::prepare(&Config::of([]));
    let setting = Setting::new(&host, &outside, disk.as_ref());
    let with_clocks = plan.fault.sets_the_clock() || plan.sabotage == Some(Sabotage::HastyLeases);
    let clocks = with_clocks.then(|| Clocks::new(host.path("clocks"), watch));
    let record_max = if disk.is_some() { RECORD_MAX_FILLING } else { RECORD_MAX };
    let field = Field::new([String::new(), String::new()], watch, record_max);
    let counts = Counts::default();
    let mut stage = Stage { host, outside, field, chance, setting, clocks, disk, counts };
    stage.launch().await;
    let proxy = Proxy::to(stage.host.port()).await;
    stage.field.urls = [stage.host.url(), proxy.url.clone()];
    stage.field.admin = operators(&stage.host.admin_url());
    (stage, Cutting::start(proxy, plan.seed))
}

/// Let the clients end.
async fn come_to_rest(stage: &mut Stage, clients: Vec<JoinHandle<Vec<History>>>) -> Vec<History> {
    stage.field.stop();
    let mut sessions = Vec::new();
    for client in clients {
        sessions.extend(client.await.expect("a client broke down"));
    }
    sessions
}

/// Let handlers finish everything that is left.
async fn calm(stage: &mut Stage) -> Vec<Complaint> {
    stage.outside.calm();
    let began = Instant::now();
    loop {
        let kinds = stage.host.kinds().await;
        let left: u64 = kinds.values().map(|kind| kind.active + kind.stored + kind.repeating).sum();
        if left == 0 {
            return Vec::new();
        }
        if began.elapsed() > CALM_WITHIN {
            let seen = format!("{left} sessions wait after {CALM_WITHIN:?}: {kinds:?}");
            return vec![Complaint { rule: "never repeated", session: Tag::MAX, seen }];
        }
        sleep(LOOK).await;
    }
}

/// What to look into after a complaint.
fn evidence(stage: &Stage, sessions: &[History], complaints: &[Complaint]) -> String {
    let by_tag: HashMap<Tag, &History> = sessions.iter().map(|session| (session.tag, session)).collect();
    let mut text = String::new();
    for complaint in complaints {
        let history = by_tag.get(&complaint.session);
        text += &format!("{complaint:#?}\n{history:#?}\n\n");
    }
    text + &stage.host.text()
}
