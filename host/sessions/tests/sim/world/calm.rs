//! The calm after the storm: nothing goes wrong any more, and everything that waits must come to its end by itself, each step
//! just when the writer said it would wake.

use std::time::Duration;

use mpy6a_sessions::State;

use super::{Stop, World};
use crate::{disk::Death, model::Sent};

/// Steps until everything must have ended: leases and timeouts of some seconds, in sleeps of at most one, with kinds of two
/// workers each.
const STEPS_MAX: u64 = 2_000;

impl World {
    pub(super) fn calm(&mut self) -> Result<(), Stop> {
        self.disk.disarm();
        if self.chance.percent(50) {
            let death = *self.chance.pick(&[Death::Power, Death::Kill]);
            self.fall(death)?;
        }
        if self.host.is_none() {
            self.be_risen_in_calm()?;
        }
        // A clock that was set back is set right: else the wait is as long as the jump was.
        let latest_ms = self.model.sessions.values().map(|kept| kept.session.stored_ms).max().unwrap_or(0);
        self.clocks.set_wall_us(self.clocks.true_wall_us().max(latest_ms * 1000));
        let kinds = self.people.open_config();
        let mut sent = vec![Sent::SetKinds(kinds), Sent::Overview];
        sent.extend(self.model.pauses.keys().map(|kind| Sent::SetPaused(*kind, false)));
        self.step(sent)?;
        for _ in 0..STEPS_MAX {
            let waits = |state: State| !matches!(state, State::Parked { .. });
            if !self.model.sessions.values().any(|kept| waits(kept.session.state)) {
                return self.end();
            }
            let finish = self.people.finish_all();
            if finish.is_empty() {
                let Some(sleep) = self.sleep else {
                    return Err(format!("the writer sleeps for ever, over {:?}", self.model.sessions).into());
                };
                self.clocks.pass(sleep.max(Duration::from_micros(1)));
                self.disk.baton().rest();
            }
            self.step(finish)?;
        }
        Err(format!("stuck after {STEPS_MAX} calm steps: {:?}", self.model.sessions).into())
    }

    fn be_risen_in_calm(&mut self) -> Result<(), Stop> {
        self.be_born()?;
        if self.host.is_some() {
            return Ok(());
        }
        let why = self.history.tail().pop().unwrap_or_default();
        self.refused(&format!("the store cannot be opened in calm weather: {why}"))
    }

    /// Everything once more, after a last restart.
    fn end(&mut self) -> Result<(), Stop> {
        self.retire()?;
        self.be_risen_in_calm()?;
        self.look_at_all()?;
        self.retire()
    }
}
