//! One round: a host, clients and handlers at work, a fault, calm, and the judgement.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use tokio::{task::JoinHandle, time::sleep};

use crate::{
    checker::{self, Clock, Complaint},
    clock::Clocks,
    disk::Disk,
    faults::{Fault, RECORD_MAX_FILLING},
    harness::{Host, LOOK, Proxy},
    history::{Answer, History, Look, Phase, Tag},
    load::{Field, Transport, Watch},
    outside::Outside,
    sabotage::Sabotage,
    stage::{self, Counts, Stage},
};

/// The longest record where the disk is large, in bytes.
const RECORD_MAX: u32 = 4000;
/// How long everything that is left may take to be finished.
const CALM_WITHIN: Duration = Duration::from_secs(60);
/// How long an onlooker waits for an answer of a host that is left alone.
const LOOK_TIME: Duration = Duration::from_secs(10);

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

/// Numbers of a round.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub sessions: usize,
    pub calls: usize,
    pub acknowledged: u64,
    pub unknown: usize,
    pub runs: usize,
    pub looks: usize,
    pub counts: Counts,
    /// What disk was filled, or why none.
    pub disk: Option<&'static str>,
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
    complaints.extend(gather(&stage, &mut sessions).await);
    complaints.extend(census(&stage, &sessions).await);
    let clock = Clock { steps: stage.clocks.as_ref().map(|clocks| clocks.steps.clone()).unwrap_or_default() };
    complaints.extend(checker::check(&sessions, &clock));
    if plan.fault == Fault::Clock {
        complaints.extend(checker::check_late(&sessions));
    }
    let tally = tally(&stage, &sessions, acknowledged, plan);
    let evidence = if complaints.is_empty() { String::new() } else { evidence(&stage, &sessions, &complaints) };
    Judgement { complaints, tally, evidence }
}

/// Set the stage: everything stands, and nobody works yet.
async fn set(plan: Plan, watch: Watch) -> (Stage, Cutting) {
    let mut chance = StdRng::seed_from_u64(plan.seed);
    let outside = Outside::start(chance.random(), watch).await;
    let disk = (plan.fault == Fault::FullDisk).then(Disk::mount).flatten();
    // A folder first: the config names the plugin in it.
    let mut host = Host::prepare(&crate::harness::Config::of([]));
    let plugin = stage::plugin(&host);
    let config = stage::config(&outside, &plugin, disk.as_ref());
    host.reconfigure(&config);
    let with_clocks = plan.fault == Fault::Clock || plan.sabotage == Some(Sabotage::HastyLeases);
    let clocks = with_clocks.then(|| Clocks::new(host.path("clocks"), watch));
    let record_max = if disk.is_some() { RECORD_MAX_FILLING } else { RECORD_MAX };
    let field = Field::new([String::new(), String::new()], stage::kinds(), watch, record_max);
    let counts = Counts::default();
    let mut stage = Stage { host, outside, field, chance, config, plugin, clocks, disk, counts };
    stage.launch().await;
    let proxy = Proxy::to(stage.host.port()).await;
    stage.field.urls = [stage.host.url(), proxy.url.clone()];
    (stage, Cutting::start(proxy, plan.seed))
}

/// A wire that is cut now and then, so that answers are lost without harm to the host.
struct Cutting {
    proxy: Arc<Proxy>,
    scissors: JoinHandle<()>,
}

impl Cutting {
    fn start(proxy: Proxy, seed: u64) -> Self {
        let mut chance = StdRng::seed_from_u64(!seed);
        let proxy = Arc::new(proxy);
        let cut = Arc::clone(&proxy);
        let scissors = tokio::spawn(async move {
            loop {
                sleep(Duration::from_millis(chance.random_range(100..800))).await;
                cut.cut();
                sleep(LOOK).await;
                cut.mend();
            }
        });
        Self { proxy, scissors }
    }

    /// From now on it holds.
    fn hold(&self) {
        self.scissors.abort();
        self.proxy.mend();
    }
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

/// Put together what all witnesses saw of each session.
async fn gather(stage: &Stage, sessions: &mut [History]) -> Vec<Complaint> {
    let mut handed = stage.outside.take();
    let transport = Transport::to(&stage.host.url());
    let mut complaints = Vec::new();
    for session in sessions {
        session.handed = handed.remove(&session.tag).unwrap_or_default();
        let Some(id) = session.id() else { continue };
        let began = stage.field.watch.now();
        match transport.look(LOOK_TIME, id).await {
            Some(found) => session.looks.push(Look { began, ended: stage.field.watch.now(), found }),
            None => complaints.push(strange("no answer", session.tag, format!("GetSession of {id}"))),
        }
    }
    let nobodys = |(tag, runs): (Tag, Vec<_>)| strange("a session that nobody opened", tag, format!("{runs:?}"));
    complaints.extend(handed.into_iter().map(nobodys));
    complaints
}

/// The host has no sessions but those that somebody knows of.
async fn census(stage: &Stage, sessions: &[History]) -> Option<Complaint> {
    let counted: u64 = stage.host.kinds().await.values().map(|kind| kind.parked).sum();
    let is_parked = |session: &&History| {
        let found = session.looks.last().and_then(|look| look.found.as_ref());
        found.is_some_and(|found| found.state == Phase::Parked)
    };
    let known = sessions.iter().filter(is_parked).count();
    let seen = format!("{counted} parked by the host's count, {known} known");
    (counted != known as u64).then(|| strange("a session that nobody opened", Tag::MAX, seen))
}

fn strange(rule: &'static str, session: Tag, seen: String) -> Complaint {
    Complaint { rule, session, seen }
}

fn tally(stage: &Stage, sessions: &[History], acknowledged: u64, plan: Plan) -> Tally {
    let calls = || sessions.iter().flat_map(|session| &session.calls);
    const NO_DISK: &str = "SKIPPED: this machine lets nobody mount a small disk; run it as root";
    let disk = stage.disk.as_ref().map_or(NO_DISK, |disk| disk.what);
    Tally {
        sessions: sessions.len(),
        calls: calls().count(),
        acknowledged,
        unknown: calls().filter(|call| call.answer == Answer::Unknown).count(),
        runs: sessions.iter().map(|session| session.handed.len()).sum(),
        looks: sessions.iter().map(|session| session.looks.len()).sum(),
        counts: stage.counts,
        disk: (plan.fault == Fault::FullDisk).then_some(disk),
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

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sessions, calls, acknowledged, unknown, runs, looks, counts, disk } = self;
        write!(f, "{sessions} sessions, {calls} calls ({acknowledged} acknowledged, {unknown} unanswered), ")?;
        write!(f, "{runs} runs, {looks} looks; {counts}")?;
        disk.map_or(Ok(()), |disk| write!(f, " ({disk})"))
    }
}
