//! Which kinds can have a session claimed now, and when the next one falls due.
//!
//! Each kind has workers of its own and a head: the due time of its first stored session. A kind without a free worker, or
//! paused, or without a plugin, is passed over without a look at its sessions, so it holds nobody else back.

use std::collections::BTreeMap;

use crate::policy::Kinds;

/// Every kind's workers and head.
#[derive(Default)]
pub struct Schedule {
    kinds: BTreeMap<u32, Line>,
    stopped: bool,
}

/// One kind.
struct Line {
    /// Whether the config and the plugins allow it.
    claimable: bool,
    /// Whether a person paused it.
    paused: bool,
    workers: u32,
    running: u32,
    head: Head,
}

/// The due time of the first stored session of a kind, Unix milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Head {
    /// The store must be asked.
    Unknown,
    /// No session of the kind is stored.
    None,
    /// At this time.
    At(u64),
}

impl Schedule {
    /// Take over what the config says. Runs in flight stay counted, also those of kinds that are no longer named.
    pub fn set_kinds(&mut self, kinds: &Kinds) {
        for line in self.kinds.values_mut() {
            line.claimable = false;
        }
        for (kind, policy) in &kinds.0 {
            let line = self.line(*kind);
            line.claimable = policy.claimable;
            line.workers = policy.max_running;
        }
    }

    /// A person paused a kind, or resumed it.
    pub fn set_paused(&mut self, kind: u32, paused: bool) {
        self.line(kind).paused = paused;
    }

    /// Claim nothing any more.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// A session of this kind was stored, due at this time.
    pub fn stored(&mut self, kind: u32, at_ms: u64) {
        let line = self.line(kind);
        line.head = match line.head {
            Head::Unknown => Head::Unknown,
            Head::None => Head::At(at_ms),
            Head::At(head_ms) => Head::At(head_ms.min(at_ms)),
        };
    }

    /// A session of this kind that was due at this time is stored no more.
    pub fn unstored(&mut self, kind: u32, at_ms: u64) {
        let line = self.line(kind);
        // An earlier one than the head cannot be: it was taken out of the head's reckoning already, by `learned`.
        if line.head == Head::At(at_ms) {
            line.head = Head::Unknown;
        }
    }

    /// A run of this kind begins.
    pub fn began(&mut self, kind: u32) {
        self.line(kind).running += 1;
    }

    /// A run of this kind has ended.
    pub fn ended(&mut self, kind: u32) {
        let line = self.line(kind);
        line.running = line.running.saturating_sub(1);
    }

    /// The kinds that have free workers, how many, and perhaps something due at this time.
    pub fn wanting(&self, now_ms: u64) -> Vec<(u32, usize)> {
        let may_be_due = |line: &Line| match line.head {
            Head::Unknown => true,
            Head::None => false,
            Head::At(at_ms) => at_ms <= now_ms,
        };
        let free = |line: &Line| usize::try_from(line.workers.saturating_sub(line.running)).unwrap_or(usize::MAX);
        self.open_lines().filter(|(_, line)| may_be_due(line)).map(|(kind, line)| (*kind, free(line))).collect()
    }

    /// The store was asked for the kind's first stored session, not counting those that are being claimed.
    pub fn learned(&mut self, kind: u32, head_ms: Option<u64>) {
        self.line(kind).head = head_ms.map_or(Head::None, Head::At);
    }

    /// When to look again, Unix milliseconds: the earliest due time of a kind that could be claimed from. 0: at once.
    pub fn next_due_ms(&self) -> Option<u64> {
        self.open_lines()
            .filter_map(|(_, line)| match line.head {
                Head::Unknown => Some(0),
                Head::None => None,
                Head::At(at_ms) => Some(at_ms),
            })
            .min()
    }

    fn open_lines(&self) -> impl Iterator<Item = (&u32, &Line)> {
        let open = |line: &Line| !self.stopped && line.claimable && !line.paused && line.running < line.workers;
        self.kinds.iter().filter(move |(_, line)| open(line))
    }

    fn line(&mut self, kind: u32) -> &mut Line {
        // A kind met for the first time may have sessions in the store from before.
        self.kinds.entry(kind).or_insert(Line {
            claimable: false,
            paused: false,
            workers: 0,
            running: 0,
            head: Head::Unknown,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::KindPolicy;

    fn schedule(kinds: &[(u32, bool, u32)]) -> Schedule {
        let mut schedule = Schedule::default();
        schedule.set_kinds(&Kinds(
            kinds
                .iter()
                .map(|&(kind, claimable, max_running)| {
                    (kind, KindPolicy { claimable, max_running, ..KindPolicy::default() })
                })
                .collect(),
        ));
        for (kind, ..) in kinds {
            schedule.learned(*kind, None);
        }
        schedule
    }

    #[test]
    fn paused_and_saturated_kinds_hold_nobody_back() {
        let mut schedule = schedule(&[(1, false, 8), (2, true, 1), (3, true, 2)]);
        for (kind, at_ms) in [(1, 10), (2, 20), (3, 30)] {
            schedule.stored(kind, at_ms);
        }
        assert_eq!(schedule.wanting(100), [(2, 1), (3, 2)]);
        schedule.began(2);
        assert_eq!((schedule.wanting(100), schedule.next_due_ms()), (vec![(3, 2)], Some(30)));
        schedule.ended(2);
        assert_eq!(schedule.next_due_ms(), Some(20));
    }

    #[test]
    fn an_earlier_due_time_wakes_earlier_and_taking_the_head_asks_the_store() {
        let mut schedule = schedule(&[(1, true, 8)]);
        schedule.stored(1, 50);
        schedule.stored(1, 40);
        schedule.stored(1, 60);
        assert_eq!(schedule.next_due_ms(), Some(40));
        schedule.unstored(1, 60);
        assert_eq!(schedule.next_due_ms(), Some(40), "a later one leaves the head alone");
        schedule.unstored(1, 40);
        assert_eq!((schedule.next_due_ms(), schedule.wanting(0)), (Some(0), vec![(1, 8)]));
        schedule.learned(1, Some(50));
        assert_eq!((schedule.next_due_ms(), schedule.wanting(49)), (Some(50), vec![]));
    }

    #[test]
    fn after_stopping_nothing_is_wanted() {
        let mut schedule = schedule(&[(1, true, 8)]);
        schedule.stored(1, 0);
        schedule.stop();
        assert_eq!((schedule.wanting(100), schedule.next_due_ms()), (vec![], None));
    }

    #[test]
    fn a_kind_that_leaves_the_config_is_claimed_no_more_and_comes_back_whole() {
        let mut schedule = schedule(&[(1, true, 2)]);
        schedule.began(1);
        schedule.stored(1, 5);
        schedule.set_kinds(&Kinds::default());
        assert_eq!(schedule.wanting(100), []);
        let back = KindPolicy { claimable: true, max_running: 2, ..KindPolicy::default() };
        schedule.set_kinds(&Kinds([(1, back)].into()));
        assert_eq!(schedule.wanting(100), [(1, 1)], "the run in flight still counts");
    }
}
