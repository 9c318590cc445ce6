//! What runs are told to do.

use rand::{RngExt as _, rngs::StdRng};

use crate::history::{Act, End, Record, Script, Tag};

/// Serials of records made by handlers begin here: clients' are the numbers of their calls.
const SERIAL_MIN: u32 = 1 << 20;
/// A session that had so many runs is finished by the next, so that a history stays short enough to judge.
const RUNS_MAX: usize = 6;
/// The longest record of a handler, in bytes.
const RECORD_MAX: u32 = 200;

/// Writes scripts.
#[derive(Default)]
pub struct Writer {
    /// Whether every run finishes its session.
    pub calm: bool,
    /// How many records it has thought of.
    records: u32,
}

impl Writer {
    /// What the next run of this session is to do, after so many that were seen.
    pub fn script(&mut self, tag: Tag, earlier: usize, chance: &mut StdRng) -> Script {
        if self.calm || earlier >= RUNS_MAX {
            let end = if chance.random_ratio(1, 10) { End::Permanent } else { End::Return };
            let acts = if end == End::Return { vec![Act::Delete] } else { Vec::new() };
            return Script { parts: vec![acts], end };
        }
        let count = chance.random_range(1..=3);
        let mut parts: Vec<Vec<Act>> = (0..count).map(|_| self.acts(tag, chance)).collect();
        let last = parts.last_mut();
        let finish = match chance.random_range(0..20) {
            0..6 => Some(Act::Delete),
            6..10 => Some(Act::Store([None, Some(0), Some(1)][chance.random_range(0..3)])),
            _ => None,
        };
        last.into_iter().for_each(|last| last.extend(finish.clone()));
        let end = match chance.random_range(0..20) {
            0..10 => End::Return,
            10..15 => End::Retry,
            15 => End::Permanent,
            16..18 => End::Trap,
            18 => End::Loop,
            _ => End::Memory,
        };
        Script { parts, end }
    }

    fn acts(&mut self, tag: Tag, chance: &mut StdRng) -> Vec<Act> {
        let count = chance.random_range(0..=2);
        let mut act = || {
            self.records += 1;
            let serial = SERIAL_MIN + self.records;
            let record = Record { session: tag, serial, len: chance.random_range(0..RECORD_MAX) };
            if chance.random_ratio(1, 5) { Act::Replace(record) } else { Act::Append(record) }
        };
        (0..count).map(|_| act()).collect()
    }
}

/// A script as a puppet reads it.
pub fn text(script: &Script) -> String {
    let line = |act: &Act| match act {
        Act::Append(record) => format!("append {}\n", record.text()),
        Act::Replace(record) => format!("replace {}\n", record.text()),
        Act::Delete => "delete\n".to_owned(),
        Act::Store(None) => "store\n".to_owned(),
        Act::Store(Some(seconds)) => format!("store {seconds}\n"),
    };
    let parts: Vec<String> = script.parts.iter().map(|acts| acts.iter().map(line).collect()).collect();
    let end = match script.end {
        End::Return => "",
        End::Retry => "retry as told",
        End::Permanent => "permanent as told",
        End::Trap => "trap",
        End::Loop => "loop",
        End::Memory => "memory",
    };
    parts.join("tell\n") + end
}
