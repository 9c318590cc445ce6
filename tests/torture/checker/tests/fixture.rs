//! A history in few words. Times are milliseconds, indexes are of term 1, records are known by their serial.

use std::time::Duration;

use crate::{
    checker::{Clock, check},
    history::{
        Act, Answer, At, Attempt, Call, End, Found, Handed, History, Index, Look, NEVER, Phase, Record, Script, What,
    },
};

/// When the tests take place, Unix milliseconds.
pub const NOW_MS: u64 = 1_000_000;

pub fn ms(ms: u64) -> At {
    Duration::from_millis(ms)
}

pub fn index(index: u64) -> Index {
    Index { term: 1, index }
}

pub fn r(serial: u32) -> Record {
    Record { session: 1, serial, len: 10 }
}

pub fn done(change: u64) -> Answer {
    Answer::Done { change: Some(index(change)), due_ms: None }
}

pub fn refused(reason: &str) -> Answer {
    Answer::Refused(reason.to_owned())
}

/// A session that was opened at index 1, with record 0.
pub fn opened() -> History {
    let calls =
        vec![Call { number: 0, what: What::Open(r(0)), forged: false, began: ms(0), ended: ms(10), answer: done(1) }];
    let (lease, delay) = (ms(1000), ms(0));
    History { tag: 1, kind: 1, lease, delay, calls, handed: Vec::new(), looks: Vec::new() }
}

impl History {
    pub fn call(mut self, number: u64, what: What, (began, ended): (u64, u64), answer: Answer) -> Self {
        let ended = if answer == Answer::Unknown { NEVER } else { ms(ended) };
        self.calls.push(Call { number, what, forged: false, began: ms(began), ended, answer });
        self
    }

    /// A run that was handed these records, and told to do nothing else than to end like this.
    pub fn handed(self, fence: u64, seen: u64, records: &[u32], script: &[&[Act]], end: End) -> Self {
        self.handed_repeat(fence, seen, records, script, end, 1)
    }

    pub fn handed_repeat(
        mut self,
        fence: u64,
        seen: u64,
        records: &[u32],
        script: &[&[Act]],
        end: End,
        repeat: u32,
    ) -> Self {
        self.handed.push(Handed {
            session: index(1),
            fence: index(fence),
            repeat,
            records: records.iter().copied().map(r).collect(),
            due_ms: NOW_MS,
            seen: ms(seen),
            seen_ms: NOW_MS + seen,
            script: Script { parts: script.iter().map(|acts| acts.to_vec()).collect(), end },
            told: Vec::new(),
        });
        self
    }

    /// The last run's next request on the way was seen.
    pub fn told(mut self, at: u64) -> Self {
        self.handed.last_mut().unwrap().told.push(ms(at));
        self
    }

    pub fn found(mut self, at: u64, state: Phase, (change, fence): (u64, u64), records: &[u32]) -> Self {
        let records = records.iter().copied().map(r).collect();
        let found = Some(Found { state, change: index(change), fence: index(fence), records, attempts: Vec::new() });
        self.looks.push(Look { began: ms(at), ended: ms(at + 1), found });
        self
    }

    /// The last onlooker was told how the run of this fence ended.
    pub fn attempt(mut self, fence: u64, how: Attempt) -> Self {
        let found = self.looks.last_mut().and_then(|look| look.found.as_mut());
        found.unwrap().attempts.push((index(fence), how));
        self
    }

    pub fn gone(mut self, at: u64) -> Self {
        self.looks.push(Look { began: ms(at), ended: ms(at + 1), found: None });
        self
    }

    /// It is what a right host could have shown.
    #[track_caller]
    pub fn is_right(&self) {
        assert_eq!(check(std::slice::from_ref(self), &Clock::default()), []);
    }

    /// It is not, and this is what is said.
    #[track_caller]
    pub fn is_wrong(&self, rule: &str) {
        let complaints = check(std::slice::from_ref(self), &Clock::default());
        assert!(complaints.iter().any(|it| it.rule == rule), "{rule:?} is not among {complaints:#?}");
    }
}
