//! Births and deaths of the host.

use mpy6a_sessions::{Caller, Index, Key, New, op::Op};

use super::{Over, Rotten, Stop, Weather, World};
use crate::{
    clock::SteadyTime,
    disk::{Death, Fault, FaultKind},
    host::{Birth, Born, Host, LOG, STORE},
    model::Sent,
    watched::Rows,
};

/// How often a birth may be disturbed before the weather clears.
const DISTURBED_MAX: u64 = 4;

impl World {
    /// Bring a host up, through whatever goes wrong on the way.
    pub(super) fn rise(&mut self) -> Result<(), Stop> {
        for attempt in 0..DISTURBED_MAX {
            if attempt > 0 || self.chance.percent(60) {
                // What was armed before, a full disk say, may last over a restart.
                self.clear_weather();
            }
            let percent = match self.plan.weather {
                Weather::Storm | Weather::Rot => 30,
                // Where the fault of a sweep has struck, the way back is rough as well.
                Weather::Fault(_) if self.disk.counts().faults > 0 => 60,
                Weather::Fault(_) => 0,
            };
            if self.chance.percent(percent) {
                let kind = *self.chance.pick(&FaultKind::ALL);
                let skip = self.chance.below(30);
                self.history.say(format!("weather: {kind} after {skip} calls, during a start"));
                self.disk.arm(Fault::nth(kind, skip, 1));
            }
            self.be_born()?;
            if self.host.is_some() {
                return Ok(());
            }
        }
        self.disk.disarm();
        self.be_born()?;
        if self.host.is_some() {
            return Ok(());
        }
        let why = self.history.tail().pop().unwrap_or_default();
        self.refused(&format!("the store cannot be opened any more, and nothing is wrong with the disk now: {why}"))
    }

    /// Keep what a sweep has armed.
    fn clear_weather(&self) {
        if !matches!(self.plan.weather, Weather::Fault(_)) {
            self.disk.disarm();
        }
    }

    pub(super) fn be_born(&mut self) -> Result<(), Stop> {
        self.summary.births += 1;
        self.sleep = None;
        let kinds = self.people.kinds();
        let mut known = self.model.known();
        known.extend(self.perhaps.iter().flat_map(|model| model.known()));
        known.sort_unstable();
        known.dedup();
        let Born { host, store } = Host::start(Birth {
            disk: &self.disk,
            clocks: &self.clocks,
            limits: self.model.limits,
            kinds: kinds.clone(),
            seed: self.plan.seed ^ (self.summary.births << 32),
            salt: self.plan.seed.to_be_bytes().repeat(2).try_into().unwrap(),
            build: self.build,
            sabotage: self.plan.sabotage,
            known,
            known_kinds: self.people.kinds_ever(),
        });
        if let Some(store) = &store
            && let Some(found) = store.take_found()
        {
            let term = found.last.map_or(0, |last| last.term);
            self.resolve(&found)?;
            self.model.remember_again(found.tombstones.as_deref().unwrap_or_default());
            if term <= self.term {
                return Err(format!("term {term} came after term {}", self.term).into());
            }
            self.term = term;
            self.time = SteadyTime::going_on(self.model.written_ms, self.clocks.true_monotonic());
            let moment = self.moment();
            self.model.restart(term, kinds, moment);
            let commits = store.take_commits();
            let mut recovered = self.model.clone();
            recovered.recovered(&commits, moment)?;
            if commits.iter().all(|commit| commit.done) {
                self.model = recovered;
            } else {
                self.perhaps = Some(recovered);
            }
        }
        drop(store);
        match host {
            Ok(host) => self.born(host),
            Err(error) => {
                self.summary.failed_births += 1;
                self.history.say(format!("life: no host: {error}"));
                self.after_exit()
            }
        }
    }

    fn born(&mut self, host: Host) -> Result<(), Stop> {
        self.history.say(format!("life: a host in term {}, after {}", host.term(), self.model.last));
        if host.term() != self.term {
            return Err(format!("the host says it is term {}, and took over {}", host.term(), self.term).into());
        }
        if let Some(id) = self.model.orphan() {
            return Err(format!("{id} was being repeated when the last host died, and is not due").into());
        }
        self.host = Some(host);
        self.look(&[])
    }

    /// The host found the store as it is: with what was in flight, or without.
    fn resolve(&mut self, found: &Rows) -> Result<(), Stop> {
        let certain = self.model.compare(found);
        let Some(perhaps) = self.perhaps.take() else {
            return match certain {
                Ok(()) => Ok(()),
                Err(violation) => Err(format!("after a restart: {violation}").into()),
            };
        };
        match (certain, perhaps.compare(found)) {
            (Ok(()), _) => {
                self.summary.in_flight_lost += 1;
                self.history.say("life: what was in flight is gone".into());
            }
            (_, Ok(())) => {
                self.summary.in_flight_kept += 1;
                self.history.say("life: what was in flight is there".into());
                self.model = perhaps;
            }
            (Err(without), Err(with)) => {
                return Err(format!(
                    "after a restart the store holds neither what was acknowledged:\n {without}\nnor that with all that was in flight:\n {with}"
                )
                .into());
            }
        }
        Ok(())
    }

    /// The host is killed, or its power is cut, between two calls.
    pub(super) fn fall(&mut self, death: Death) -> Result<(), Stop> {
        if self.host.is_some() {
            self.disk.die(death);
            self.exit()?;
        }
        Ok(())
    }

    /// The host is asked to stop, and closes its store.
    pub(super) fn retire(&mut self) -> Result<(), Stop> {
        if self.host.is_some() {
            self.history.say("life: the host is stopped".into());
            self.step(vec![Sent::StopClaims])?;
        }
        // Asked to stop, a host puts its store in order; a few are in too much of a hurry.
        if self.host.is_some() && !self.chance.percent(10) {
            let closed = self.host.as_mut().map_or(Ok(()), Host::close);
            if let Err(error) = closed {
                self.history.say(format!("life: closing failed: {error}"));
                return self.fail(&error, false);
            }
        }
        self.exit()
    }

    /// A step failed. The process ends; a writer that was asked for more by mistake must not acknowledge any.
    pub(super) fn fail(&mut self, error: &str, commit_failed: bool) -> Result<(), Stop> {
        if error.starts_with("panic") && self.rotten.is_none() && self.disk.death().is_none() {
            return Err(format!("a panic without damage: {error}").into());
        }
        if commit_failed && self.disk.death().is_none() && self.chance.percent(50) {
            self.poke()?;
        }
        if self.rotten.is_some() {
            return self.refused(error);
        }
        self.exit()
    }

    fn poke(&mut self) -> Result<(), Stop> {
        let Some(host) = &mut self.host else { return Ok(()) };
        let Some(kind) = self.model.kinds.0.keys().next() else { return Ok(()) };
        let (reply_to, mut reply) = tokio::sync::oneshot::channel();
        let op = Op::New { new: New { kind: *kind, ..New::default() }, key: Key(1), caller: Caller::default() };
        let _ = host.step(vec![mpy6a_sessions::writer::Message::Apply(op, reply_to)]);
        host.take_claims();
        host.store.take_commits();
        match reply.try_recv() {
            Ok(Ok(answer)) => Err(format!("after a failed commit it acknowledged {answer:?}").into()),
            _ => Ok(()),
        }
    }

    /// The process is over, however that came.
    fn exit(&mut self) -> Result<(), Stop> {
        if let Some(host) = self.host.take() {
            match host.stop() {
                Err(panic) if self.rotten.is_none() && self.disk.death().is_none() => {
                    return Err(format!("while closing: {panic}").into());
                }
                _ => {}
            }
        }
        self.after_exit()
    }

    fn after_exit(&mut self) -> Result<(), Stop> {
        self.people.host_died();
        match self.disk.death() {
            Some(Death::Power) => self.summary.power_cuts += 1,
            Some(Death::Kill) => self.summary.kills += 1,
            None => {}
        }
        // A process that is gone can still lose what only the cache knows.
        if self.disk.death() != Some(Death::Power) && self.chance.percent(20) {
            self.disk.die(Death::Power);
            self.summary.power_cuts += 1;
        }
        Ok(())
    }

    /// Bits flip while the host is down.
    pub(super) fn decay(&mut self) -> Result<(), Stop> {
        self.fall(Death::Power)?;
        self.disk.disarm();
        let bits = self.chance.between(1, 4);
        let in_log = self.build.logged && self.chance.percent(50);
        self.disk.rot(if in_log { LOG } else { STORE }, bits);
        self.rotten = Some(if in_log { Rotten::Log } else { Rotten::Tree });
        Ok(())
    }

    /// redb checks its pages when it repairs a file, not when it reads them: a bit that flips in a key, or in a page
    /// between root and leaf, makes rows unreachable, and nobody can tell. What it must not do is show anything that is not so.
    pub(super) fn only_misses_rows(&self) -> bool {
        let Some(host) = &self.host else { return true };
        let known = self.model.known();
        let shown = |id: &Index| self.disk.quietly(|| host.store.inspect(*id));
        let wrong = |id: &Index| shown(id).is_ok_and(|found| found.is_some() && found != self.model.inspected(*id));
        !known.iter().any(wrong)
    }

    /// The store would not serve: right if its bytes are damaged, wrong otherwise.
    pub(super) fn refused(&mut self, why: &str) -> Result<(), Stop> {
        if self.rotten.is_none() {
            return Err(why.to_owned().into());
        }
        self.history.say(format!("life: damage was refused: {why}"));
        self.summary.refused += 1;
        Err(Stop::Over(Over))
    }
}
