//! One simulated history, from an empty disk to a calm end.
//!
//! | part | job |
//! |---|---|
//! | here | the plan of a history, its loop, one step of the writer |
//! | `life` | births and deaths of the host |
//! | `people`, `clients`, `runs` | the workload: somebody who changes the config, clients, runs of handlers |
//! | `question` | a message, and where its answer comes out |
//! | `calm` | the end: no more faults, and everything that is due must come to its end |
//!
//! A history has two halves, as others have found worth while: a storm, in which nothing may be lost or made up, and a calm,
//! in which nothing may be stuck.

mod calm;
mod life;
mod people;
mod question;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use mpy6a_sessions::{Claimed, Index, Limits, limits::RetryLimits, store::logged::Sizes};
use serde::{Deserialize, Serialize};

use self::{
    people::People,
    question::{Waiting, pose},
};
use crate::{
    baton::Baton,
    chance::Chance,
    clock::{Clocks, SteadyTime},
    disk::{Call, Death, Disk, Fault, FaultKind},
    history::History,
    host::{Build, Host},
    model::{Answer, Model, Moment, Seen, Sent, Violation},
    sabotage::Sabotage,
};

/// What a history is made of.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub seed: u64,
    /// How many steps the storm has.
    pub steps: u64,
    pub weather: Weather,
    pub sabotage: Sabotage,
    pub verbose: bool,
}

/// What goes wrong in a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Anything, at any time, as chance has it.
    Storm,
    /// One thing, at one call of the disk, with crashes during the recovery from it. The host is also killed once and
    /// stopped once, so that recovery has calls of its own to be hit.
    Fault(Option<(FaultKind, u64)>),
    /// As in a storm, and once some durable bits flip. From then on the store may refuse, and may not lie.
    Rot,
}

/// What a history came to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Summary {
    pub hash: u64,
    pub calls: u64,
    /// Of which sort each call of the disk was.
    #[serde(skip)]
    pub sorts: Vec<Call>,
    pub operations: u64,
    pub claims: u64,
    pub births: u64,
    pub failed_births: u64,
    pub power_cuts: u64,
    pub kills: u64,
    pub faults: u64,
    pub in_flight_kept: u64,
    pub in_flight_lost: u64,
    /// The store refused damaged bytes.
    pub refused: u64,
    /// Damage to redb's own pages made rows unreachable, and nothing told until the store was verified.
    pub missed: u64,
}

/// What was violated, and the last lines of how it came to that.
#[derive(Debug)]
pub struct Failure {
    pub violation: Violation,
    pub tail: Vec<String>,
}

/// A simulated world.
struct World {
    plan: Plan,
    chance: Chance,
    history: History,
    disk: Arc<Disk>,
    clocks: Arc<Clocks>,
    time: SteadyTime,
    host: Option<Host>,
    /// What is acknowledged.
    model: Model,
    /// What may be there instead: a batch was in flight when the host died.
    perhaps: Option<Model>,
    people: People,
    fences: BTreeSet<Index>,
    term: u64,
    /// What the writer said last that it would sleep.
    sleep: Option<Duration>,
    build: Build,
    rotten: Option<Rotten>,
    summary: Summary,
}

/// Where bits flipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rotten {
    Log,
    Tree,
}

/// The history is over before its end, and that is as it should be: damage was refused.
struct Over;

/// How a part of a history ends.
enum Stop {
    Violated(Violation),
    Over(Over),
}

impl From<Violation> for Stop {
    fn from(violation: Violation) -> Self {
        Self::Violated(violation)
    }
}

/// Live through a history.
pub fn run(plan: Plan) -> Result<Summary, Failure> {
    let mut world = World::new(plan);
    let lived = world.live();
    world.summary.hash = world.history.hash();
    world.summary.calls = world.disk.calls();
    world.summary.sorts = world.disk.sorts();
    world.summary.faults = world.disk.counts().faults;
    match lived {
        Ok(()) | Err(Stop::Over(Over)) => Ok(world.summary.clone()),
        // What of it can be held against the store, and what cannot, `only_misses_rows` says.
        Err(Stop::Violated(violation)) if world.rotten == Some(Rotten::Tree) && world.only_misses_rows() => {
            world.let_go();
            if !crate::host::is_seen_by_verifying(&world.disk) {
                let violation = format!("rows are missed, and verifying the store finds nothing: {violation}");
                return Err(Failure { violation, tail: world.history.tail() });
            }
            world.summary.missed += 1;
            Ok(world.summary.clone())
        }
        Err(Stop::Violated(violation)) => Err(Failure { violation, tail: world.history.tail() }),
    }
}

/// Over damaged bytes redb may panic once more when it is dropped.
impl Drop for World {
    fn drop(&mut self) {
        self.let_go();
    }
}

impl World {
    fn let_go(&mut self) {
        if let Some(host) = self.host.take() {
            let _ = host.stop();
        }
    }

    fn new(plan: Plan) -> Self {
        let mut chance = Chance::new(plan.seed, "world");
        let history = History::new(plan.verbose);
        let limits = Limits {
            record_bytes_max: 3_000,
            session_bytes_max: 6_000,
            session_records_max: 12,
            timeout_s_max: 20,
            // So few that most of what is only counted is forgotten before its retry comes.
            retries: RetryLimits {
                unnamed_max: usize::try_from(chance.below(9)).unwrap(),
                forgotten_in_rows_max: usize::try_from(chance.below(3)).unwrap(),
                ..RetryLimits::default()
            },
            ..Limits::default()
        };
        let mut people = People::new(Chance::new(plan.seed, "people"));
        let kinds = people.config();
        let build = Build {
            logged: chance.percent(80),
            cache_bytes: *chance.pick(&[0, 64 << 10, 1 << 20, 16 << 20]),
            sizes: Sizes {
                segment_bytes: *chance.pick(&[16 << 10, 64 << 10, 256 << 10]),
                log_bytes: *chance.pick(&[16 << 10, 64 << 10, 1 << 20]),
                memory_bytes: *chance.pick(&[2 << 10, 16 << 10, 1 << 20]),
            },
        };
        let baton = Baton::new(plan.seed);
        Self {
            plan,
            disk: Disk::new(plan.seed, history.clone(), baton),
            history,
            clocks: Arc::new(Clocks::default()),
            time: SteadyTime::default(),
            host: None,
            model: Model::new(limits, kinds),
            perhaps: None,
            people,
            fences: BTreeSet::new(),
            term: 0,
            sleep: None,
            build,
            rotten: None,
            summary: Summary::default(),
            chance,
        }
    }

    fn live(&mut self) -> Result<(), Stop> {
        if self.plan.sabotage == Sabotage::LyingSync {
            self.disk.lie();
        }
        if let Weather::Fault(Some((kind, call))) = self.plan.weather {
            self.disk.arm(Fault::at(kind, call));
        }
        for step in 0..self.plan.steps {
            self.weather(step)?;
            if self.host.is_none() {
                self.rise()?;
            }
            self.pass_time();
            let sent = self.people.batch(&self.model);
            self.step(sent)?;
        }
        self.calm()
    }

    /// What happens to the host and its disk before this step.
    fn weather(&mut self, step: u64) -> Result<(), Stop> {
        match self.plan.weather {
            Weather::Fault(_) if step == self.plan.steps / 3 => self.fall(Death::Kill),
            Weather::Fault(_) if step == self.plan.steps * 2 / 3 => self.retire(),
            Weather::Fault(_) => Ok(()),
            Weather::Rot if step == self.plan.steps / 2 => self.decay(),
            Weather::Storm | Weather::Rot => self.storm(),
        }
    }

    fn storm(&mut self) -> Result<(), Stop> {
        if self.chance.percent(8) {
            let kind = *self.chance.pick(&FaultKind::ALL);
            let skip = *self.chance.pick(&[0, 3, 10, 40]);
            let skip = self.chance.below(skip + 1);
            // A full disk stays full for a while; the rest passes.
            let times = if kind == FaultKind::Full { self.chance.between(1, 200) } else { self.chance.between(1, 2) };
            self.history.say(format!("weather: {kind} after {skip} calls, {times} times"));
            self.disk.arm(Fault::nth(kind, skip, times));
        }
        match self.chance.below(100) {
            0..3 => self.fall(Death::Power),
            3..6 => self.fall(Death::Kill),
            6..8 => self.retire(),
            _ => Ok(()),
        }
    }

    fn pass_time(&mut self) {
        let ms = match self.chance.below(10) {
            0..4 => 0,
            4..6 => self.chance.below(50),
            6..8 => self.chance.below(3_000),
            // Just when the writer wakes by itself.
            _ => self.sleep.map_or(0, |sleep| u64::try_from(sleep.as_micros().div_ceil(1000)).unwrap()),
        };
        self.clocks.pass(Duration::from_millis(ms));
        // While the writer sleeps, work beside it goes on.
        if ms > 0 && self.chance.percent(50) {
            self.disk.baton().rest();
        }
        if self.chance.percent(3) {
            let by_us = *self.chance.pick(&[1_000, 1_000_000, 3_600_000_000]);
            let by_us = self.chance.below(by_us);
            let wall_us = self.clocks.true_wall_us();
            let wall_us = if self.chance.percent(50) { wall_us + by_us } else { wall_us - by_us };
            self.history.say(format!("clock: set to {wall_us}"));
            self.clocks.set_wall_us(wall_us);
        }
        match self.plan.sabotage {
            Sabotage::ClockBack if self.chance.percent(5) => {
                self.clocks.behind_us.store(self.chance.below(60_000_000), std::sync::atomic::Ordering::SeqCst);
            }
            Sabotage::FastLease => self.clocks.fast_percent.store(20, std::sync::atomic::Ordering::SeqCst),
            _ => {}
        }
    }

    /// The time as the writer must see it.
    fn moment(&mut self) -> Moment {
        let monotonic = self.clocks.true_monotonic();
        let now_us = self.time.now_us(self.clocks.true_wall_us(), monotonic);
        Moment { now_ms: now_us / 1000, monotonic }
    }

    /// One step of the writer, judged.
    fn step(&mut self, sent: Vec<Sent>) -> Result<(), Stop> {
        let moment = self.moment();
        let Some(host) = &mut self.host else { return Ok(()) };
        for sent in &sent {
            self.history.say(format!("{} ms: {}", moment.now_ms, crate::words::sent(sent)));
        }
        let (messages, waiting): (Vec<_>, Vec<_>) =
            sent.iter().map(|sent| pose(sent, self.plan.sabotage, &self.model)).unzip();
        let result = host.step(messages);
        let answers: Vec<_> = waiting.into_iter().map(Waiting::take).collect();
        let claims = host.take_claims();
        let commits = host.store.take_commits();
        if commits.len() > 1 {
            return Err(format!("{} commits in one step", commits.len()).into());
        }
        self.describe(&result, &answers, &claims);
        let commit = commits.first();
        let seen = Seen { sent: &sent, answers: &answers, commit, claims: &claims, ok: result.is_ok() };
        let next = self.model.judge(&seen, moment)?;
        self.count(&answers, &claims)?;
        self.people.learn(&sent, &answers, claims);
        if commit.is_some_and(|commit| !commit.done) {
            self.perhaps = Some(next);
        } else {
            self.model = next;
        }
        match result {
            Ok(sleep) => {
                self.sleep = sleep;
                let changed = commit.iter().flat_map(|commit| commit.sessions.iter().map(|change| change.id));
                self.look(&changed.collect::<Vec<_>>())
            }
            Err(error) => self.fail(&error, commit.is_some_and(|commit| !commit.done)),
        }
    }

    fn describe(&self, result: &Result<Option<Duration>, String>, answers: &[Option<Answer>], claims: &[Claimed]) {
        for answer in answers {
            self.history.say(format!("   -> {}", crate::words::answer(answer.as_ref())));
        }
        for claimed in claims {
            self.history.say(format!("   claimed {} under {}", claimed.session.id, claimed.session.fence));
        }
        if let Err(error) = result {
            self.history.say(format!("   the step failed: {error}"));
        }
    }

    fn count(&mut self, answers: &[Option<Answer>], claims: &[Claimed]) -> Result<(), Stop> {
        let applied = |answer: &Option<Answer>| match answer {
            Some(Answer::Reply(Ok(_))) => 1,
            Some(Answer::Turn(answers)) => answers.iter().filter(|answer| answer.result.is_ok()).count(),
            _ => 0,
        };
        self.summary.operations += answers.iter().map(applied).sum::<usize>() as u64;
        self.summary.claims += claims.len() as u64;
        for claimed in claims {
            if !self.fences.insert(claimed.session.fence) {
                return Err(format!("two runs under one fence: {}", claimed.session.fence).into());
            }
        }
        Ok(())
    }

    /// See that the store holds what it should: what was just changed always, everything at times.
    fn look(&mut self, changed: &[Index]) -> Result<(), Stop> {
        if self.chance.percent(6) {
            return self.look_at_all();
        }
        let Some(host) = &self.host else { return Ok(()) };
        for id in changed {
            match self.disk.quietly(|| host.store.inspect(*id)) {
                Ok(found) if found == self.model.inspected(*id) => {}
                Ok(found) => {
                    let should = self.model.inspected(*id);
                    return Err(format!("after the step {id} is\n  {found:?}, and should be\n  {should:?}").into());
                }
                Err(error) => return self.fail(&format!("reading: {error}"), false),
            }
        }
        Ok(())
    }

    fn look_at_all(&mut self) -> Result<(), Stop> {
        let Some(host) = &self.host else { return Ok(()) };
        let (known, kinds) = (self.model.known(), self.people.kinds_ever());
        match self.disk.quietly(|| host.store.rows(known, kinds)) {
            Ok(rows) => Ok(self.model.compare(&rows)?),
            Err(error) => self.fail(&format!("reading: {error}"), false),
        }
    }
}
