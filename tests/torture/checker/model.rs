//! What a right host does with one session: a small state machine, written anew from `docs/architecture.md` and
//! `docs/protocol.md`, and on purpose not the host's own rules.

use crate::history::{Act, End, Found, Index, Phase, Record};

/// A session as far as clients, handlers and onlookers can tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    pub place: Place,
    pub records: Vec<Record>,
    pub standing: Standing,
    /// The last numbered operation, and which one it was: another may have taken the same number.
    pub last: Option<(u64, usize)>,
    /// Of the present or last operator, as far as it was seen.
    pub fence: Index,
    /// Whether a run has had it, seen or not.
    pub claimed: bool,
    /// How many parts of its script the present run has committed.
    pub parts: usize,
    /// Claims since an operator stored it, as far as they were seen.
    pub repeats: u32,
}

/// Where a session is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Place {
    #[default]
    Unopened,
    /// With its client, or stored because the lease ended and not claimed yet: the client may go on in either case.
    Client,
    Waiting,
    Running,
    Parked,
    Gone,
}

/// Whether it is still its client's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Standing {
    #[default]
    Holds,
    GaveUp,
    Lost,
}

impl State {
    pub fn open(&mut self, id: Index, record: Record) -> Option<()> {
        (self.place == Place::Unopened).then_some(())?;
        (self.place, self.fence) = (Place::Client, id);
        self.records.push(record);
        Some(())
    }

    /// A client's operation that is applied. `number`: 0 for none. `which`: names the operation.
    pub fn apply(&mut self, number: u64, which: usize, act: &Act) -> Option<()> {
        self.held_by_client()?;
        if number != 0 {
            (self.last.is_none_or(|(last, _)| number > last)).then_some(())?;
            self.last = Some((number, which));
        }
        self.act(act);
        if self.place != Place::Client {
            self.standing = Standing::GaveUp;
        }
        Some(())
    }

    pub fn held_by_client(&self) -> Option<()> {
        (self.place == Place::Client && self.standing == Standing::Holds).then_some(())
    }

    /// A client's operation that is refused for this reason.
    pub fn refuse(&mut self, number: u64, which: usize, reason: &str) -> Option<()> {
        let opened = self.place != Place::Unopened;
        let was_last = number != 0 && self.last == Some((number, which));
        let fits = match reason {
            "LEASE_LOST" => self.lose()? && !was_last,
            "SESSION_FINISHED" => self.standing == Standing::GaveUp && !was_last,
            "SESSION_NOT_FOUND" => self.place == Place::Gone && !was_last,
            "OPERATION_NUMBER_STALE" => {
                self.held_by_client().is_some() && self.last.is_some_and(|(last, _)| number != 0 && number < last)
            }
            "OPERATION_NUMBER_REUSED" => self.last.is_some_and(|(last, other)| number == last && which != other),
            _ => false,
        };
        (opened && fits).then_some(())
    }

    /// A client that still holds it may be told that it does not: then a run that nobody saw has claimed it.
    fn lose(&mut self) -> Option<bool> {
        if self.held_by_client().is_some() {
            self.hidden_claim();
        }
        Some(self.standing == Standing::Lost)
    }

    fn hidden_claim(&mut self) {
        self.place = Place::Waiting;
        self.claimed = true;
        self.parts = 0;
        if self.standing == Standing::Holds {
            self.standing = Standing::Lost;
        }
    }

    /// A run is handed the session.
    pub fn claim(&mut self, fence: Index, repeat: u32, records: &[Record]) -> Option<()> {
        let claimable = matches!(self.place, Place::Client | Place::Waiting | Place::Running);
        // An onlooker may have seen this very claim before.
        let newer = self.fence < fence || (self.fence == fence && self.place == Place::Running);
        (claimable && newer && self.records == records && repeat > self.repeats).then_some(())?;
        self.hidden_claim();
        (self.place, self.fence, self.repeats) = (Place::Running, fence, repeat);
        Some(())
    }

    /// A run commits one part of its script.
    pub fn part(&mut self, fence: Index, part: usize, acts: &[Act]) -> Option<()> {
        let present = self.place == Place::Running && self.fence == fence && self.parts == part;
        present.then_some(())?;
        self.parts += 1;
        acts.iter().for_each(|act| self.act(act));
        Some(())
    }

    /// A run commits the last part and ends.
    pub fn finish(&mut self, fence: Index, part: usize, acts: &[Act], end: End) -> Option<()> {
        self.part(fence, part, acts)?;
        match (self.place, end) {
            (Place::Gone, _) => {}
            (_, End::Permanent) => self.place = Place::Parked,
            // It stored the session: progress, so repeats are counted anew.
            (Place::Waiting, End::Return) => self.repeats = 0,
            _ => self.place = Place::Waiting,
        }
        Some(())
    }

    /// An onlooker is shown the session, or that there is none.
    pub fn look(&mut self, found: Option<&Found>) -> Option<()> {
        let Some(found) = found else { return (self.place == Place::Gone).then_some(()) };
        let there = !matches!(self.place, Place::Unopened | Place::Gone);
        (there && self.records == found.records).then_some(())?;
        let place = self.place;
        let unseen_claim = found.fence > self.fence;
        if unseen_claim {
            self.hidden_claim();
            self.fence = found.fence;
        }
        self.place = match found.state {
            Phase::Active => self.held_by_client().map(|()| Place::Client)?,
            _ if place == Place::Parked && found.state != Phase::Parked => return None,
            // A run that ended without a commit, or whose commit nobody told of, leaves it stored.
            Phase::Stored if place == Place::Running => Place::Waiting,
            Phase::Stored => self.place,
            Phase::Repeating if place == Place::Running || unseen_claim => Place::Running,
            Phase::Repeating => return None,
            Phase::Parked => self.claimed.then_some(Place::Parked)?,
        };
        Some(())
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Append(record) => self.records.push(*record),
            Act::Replace(record) => self.records = vec![*record],
            Act::Delete => self.place = Place::Gone,
            Act::Store(_) => self.place = Place::Waiting,
        }
    }
}
