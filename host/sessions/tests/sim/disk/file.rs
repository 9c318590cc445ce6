//! One file behind a page cache.
//!
//! `durable` is what lies on the disk. `pending` is what was done to it since, in order and not yet synced; `view` is what
//! reads see: `durable` with `pending` over it, and, after a failed sync, with pages over it that will never be written.

use std::{collections::BTreeMap, io};

use crate::chance::Chance;

/// What a disk writes in one go: half of one may never be seen.
pub const SECTOR: usize = 512;

#[derive(Default)]
pub struct File {
    durable: Vec<u8>,
    pending: Vec<Change>,
    view: Vec<u8>,
    /// After a failed sync: how many more calls the cache shows pages that are not on the disk.
    ghost_calls: Option<u64>,
    /// Its name is gone; until the folder is synced, which nothing here does, a power cut may bring it back.
    pub removed: bool,
}

enum Change {
    Write { at: usize, data: Vec<u8> },
    SetLen(usize),
}

impl File {
    /// A file that was made and is durable.
    pub fn whole(head: &[u8], bytes: u64) -> Self {
        let mut durable = head.to_vec();
        durable.resize(usize::try_from(bytes).unwrap(), 0);
        Self { view: durable.clone(), durable, ..Self::default() }
    }

    pub fn len(&self) -> u64 {
        self.view.len() as u64
    }

    /// Whether there is nothing durable to damage.
    pub fn is_blank(&self) -> bool {
        self.removed || self.durable.iter().all(|byte| *byte == 0)
    }

    pub fn begins_with_zeros(&self, bytes: usize) -> bool {
        self.view.iter().take(bytes).all(|byte| *byte == 0)
    }

    pub fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let at = usize::try_from(offset).unwrap();
        let found = at.checked_add(out.len()).and_then(|end| self.view.get(at..end));
        let found = found.ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(found);
        Ok(())
    }

    pub fn write(&mut self, offset: u64, data: &[u8]) {
        if data.is_empty() {
            return;
        }
        self.change(Change::Write { at: usize::try_from(offset).unwrap(), data: data.to_vec() });
    }

    pub fn set_len(&mut self, len: u64) {
        self.change(Change::SetLen(usize::try_from(len).unwrap()));
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.view);
        self.pending.push(change);
    }

    pub fn sync(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// The sync failed: what was pending is clean now and will not be written. Reads may show it for a while.
    pub fn fail_sync(&mut self, chance: &mut Chance) {
        // Of what was to be written, a part may have been before the error.
        let view = std::mem::take(&mut self.view);
        self.lose_power(chance);
        // Evicted at once, soon, or only with the power.
        let shown = *chance.pick(&[0, 0, 30, 300, u64::MAX]);
        if shown > 0 {
            self.view = view;
            self.ghost_calls = Some(shown);
        }
    }

    /// A call passes: pages that are not on the disk may be evicted.
    pub fn age(&mut self) {
        let Some(left) = &mut self.ghost_calls else { return };
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.evict();
        }
    }

    /// Forget what the cache shows and will not write.
    pub fn evict(&mut self) {
        if self.ghost_calls.take().is_some() {
            self.view = self.durable.clone();
            for change in &self.pending {
                change.apply(&mut self.view);
            }
        }
    }

    /// The power is cut: of what is pending, each sector is left in any state that it passed through since the last sync.
    pub fn lose_power(&mut self, chance: &mut Chance) {
        if !self.pending.is_empty() {
            let leaves = Leaves::draw(chance, self.pending.len());
            let (lens, sectors) = self.states();
            let len = lens[leaves.choose(chance, lens.len())];
            let end = sectors.keys().last().map_or(0, |sector| (sector + 1) * SECTOR);
            self.durable.resize(self.durable.len().max(end), 0);
            for (sector, states) in sectors {
                let at = sector * SECTOR;
                self.durable[at..at + SECTOR].copy_from_slice(&states[leaves.choose(chance, states.len())]);
            }
            self.durable.resize(len, 0);
            self.pending.clear();
        }
        self.ghost_calls = None;
        self.view = self.durable.clone();
        self.removed &= chance.percent(50);
    }

    /// Every length and, for each sector that changed, every content since the last sync, oldest first.
    fn states(&self) -> (Vec<usize>, BTreeMap<usize, Vec<[u8; SECTOR]>>) {
        let mut len = self.durable.len();
        let mut lens = vec![len];
        let mut sectors: BTreeMap<usize, Vec<[u8; SECTOR]>> = BTreeMap::new();
        let durable = |sector: usize| {
            let mut bytes = [0; SECTOR];
            let from = (sector * SECTOR).min(self.durable.len());
            let to = (from + SECTOR).min(self.durable.len());
            bytes[..to - from].copy_from_slice(&self.durable[from..to]);
            bytes
        };
        for change in &self.pending {
            let (from, data): (usize, &[u8]) = match change {
                Change::Write { at, data } => (*at, data),
                Change::SetLen(_) => (0, &[]),
            };
            let mut at = from;
            while at < from + data.len() {
                let sector = at / SECTOR;
                let end = ((sector + 1) * SECTOR).min(from + data.len());
                let states = sectors.entry(sector).or_insert_with(|| vec![durable(sector)]);
                let mut state = states[states.len() - 1];
                state[at - sector * SECTOR..end - sector * SECTOR].copy_from_slice(&data[at - from..end - from]);
                states.push(state);
                at = end;
            }
            len = match change {
                Change::Write { .. } => len.max(from + data.len()),
                Change::SetLen(len) => *len,
            };
            lens.push(len);
        }
        (lens, sectors)
    }

    /// Flip one durable bit in a sector that holds anything: where, and which.
    pub fn flip(&mut self, chance: &mut Chance) -> Option<(usize, u64)> {
        self.lose_power(chance);
        let used: Vec<_> = self.durable.chunks(SECTOR).enumerate().filter(|(_, s)| s.iter().any(|b| *b != 0)).collect();
        if used.is_empty() {
            return None;
        }
        let (sector, bytes) = used[chance.index(used.len())];
        let at = sector * SECTOR + chance.index(bytes.len());
        let bit = chance.below(8);
        self.durable[at] ^= 1 << bit;
        self.view[at] ^= 1 << bit;
        Some((at, bit))
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write { at, data } => {
                let end = at + data.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[*at..end].copy_from_slice(data);
            }
            Self::SetLen(len) => bytes.resize(*len, 0),
        }
    }
}

/// What a power cut leaves. Drawn once for each cut, so that the plain cases come up too: all, nothing, nearly.
enum Leaves {
    Nothing,
    Everything,
    /// Each sector in a state of its own, the newest so many times in a hundred.
    Some(u64),
}

impl Leaves {
    fn draw(chance: &mut Chance, changes: usize) -> Self {
        match chance.below(6) {
            0 => Self::Nothing,
            1 => Self::Everything,
            2 => Self::Some(5),
            3 => Self::Some(95),
            4 if changes > 1 => Self::Some(100 - 100 / changes as u64),
            _ => Self::Some(50),
        }
    }

    /// Which of so many states, oldest first.
    fn choose(&self, chance: &mut Chance, states: usize) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Everything => states - 1,
            Self::Some(newest) if chance.percent(*newest) => states - 1,
            Self::Some(_) => chance.index(states),
        }
    }
}
