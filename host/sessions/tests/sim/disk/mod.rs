//! A disk that forgets: files behind a page cache, and everything that can go wrong with them.
//!
//! | part | job |
//! |---|---|
//! | here | the calls: each is counted, may be hit by a fault, and then works on the files |
//! | `file` | one file: what is durable, what the page cache shows, and what a power cut leaves |
//! | `fault` | what goes wrong at which call |
//! | `redb` | the disk as redb's storage; `folder`: the disk as the log's folder |
//!
//! The model. A write lands in the page cache, and everybody reads it from there. `sync` makes a file durable. A power cut
//! leaves of what was not synced whatever chance chooses: each 512-byte sector in any state that it passed through since
//! the last sync, each independent of the others, and the file at any length that it had since. A kill of the process leaves the
//! cache whole. A failed sync may drop the dirty pages: they are clean from then on, no later sync writes them, and reads
//! may go on to show them until they are evicted, at a time of chance's choosing, or until the power is cut.
//!
//! After a power cut or a kill every call fails until [`Disk::start`]: what a dead process does has no effect. A handle that
//! was opened in an earlier life stays dead.

mod fault;
mod file;
mod folder;
mod redb;

use std::{
    cell::Cell,
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use self::{
    fault::Verdict,
    file::{File, SECTOR},
};
pub use self::{
    fault::{Call, Fault, FaultKind},
    folder::LogFolder,
    redb::Backend,
};
use crate::{baton::Baton, chance::Chance, history::History, host::STORE};

thread_local! {
    /// Whether this thread looks on behalf of the harness.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// A disk.
pub struct Disk {
    inner: Mutex<Inner>,
    baton: Baton,
}

struct Inner {
    files: BTreeMap<String, File>,
    chance: Chance,
    history: History,
    /// The life of the process that may use the disk now.
    life: u64,
    death: Option<Death>,
    /// Calls so far, all lives together.
    calls: u64,
    /// Of which sort each was.
    sorts: Vec<Call>,
    faults: Vec<Fault>,
    /// For a sabotage: `sync` answers Ok and does nothing.
    lying: bool,
    counts: Counts,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// The power was cut: the page cache is gone.
    Power,
    /// The process was killed: the page cache is there still.
    Kill,
}

/// What happened on the disk, for the summary.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub writes: u64,
    pub syncs: u64,
    pub faults: u64,
}

impl Disk {
    pub fn new(seed: u64, history: History, baton: Baton) -> Arc<Self> {
        Arc::new(Self {
            baton,
            inner: Mutex::new(Inner {
                files: BTreeMap::new(),
                chance: Chance::new(seed, "disk"),
                history,
                life: 0,
                death: None,
                calls: 0,
                sorts: Vec::new(),
                faults: Vec::new(),
                lying: false,
                counts: Counts::default(),
            }),
        })
    }

    pub fn baton(&self) -> Baton {
        self.baton.clone()
    }

    /// A process starts, after a death or an exit. Its number, for its handles.
    pub fn start(&self) -> u64 {
        let mut inner = self.lock();
        inner.death = None;
        inner.life += 1;
        inner.life
    }

    /// How the present process died, if it did.
    pub fn death(&self) -> Option<Death> {
        self.lock().death
    }

    /// End the process between two calls.
    pub fn die(&self, death: Death) {
        self.lock().die(death);
    }

    /// Let something go wrong. Its call is counted from now on, from 0.
    pub fn arm(&self, mut fault: Fault) {
        let mut inner = self.lock();
        fault.from_call += inner.calls;
        inner.faults.push(fault);
    }

    /// Nothing goes wrong from now on.
    pub fn disarm(&self) {
        self.lock().faults.clear();
    }

    /// Calls so far.
    pub fn calls(&self) -> u64 {
        self.lock().calls
    }

    /// Of which sort each call was.
    pub fn sorts(&self) -> Vec<Call> {
        self.lock().sorts.clone()
    }

    pub fn counts(&self) -> Counts {
        self.lock().counts
    }

    /// Let the harness look without being hit, or being counted.
    pub fn quietly<T>(&self, look: impl FnOnce() -> T) -> T {
        QUIET.set(true);
        let result = look();
        QUIET.set(false);
        result
    }

    /// `sync` lies from now on.
    pub fn lie(&self) {
        self.lock().lying = true;
    }

    /// Flip some bits in durable bytes that are in use, of files whose names begin like this. The page cache is emptied
    /// first, so that they are read.
    pub fn rot(&self, prefix: &str, bits: u64) {
        let inner = &mut *self.lock();
        let used = |(name, file): &(&String, &File)| name.starts_with(prefix) && !file.is_blank();
        let names: Vec<_> = inner.files.iter().filter(used).map(|(name, _)| name.clone()).collect();
        if names.is_empty() {
            return;
        }
        for _ in 0..bits {
            let name = inner.chance.pick(&names).clone();
            let Some(file) = inner.files.get_mut(&name) else { continue };
            if let Some((at, bit)) = file.flip(&mut inner.chance) {
                inner.history.say(format!("disk: bit {bit} of byte {at} of {name} flips"));
            }
        }
    }

    fn read(&self, life: u64, name: &str, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut inner = self.enter();
        match inner.call(life, Call::Read, name)? {
            Verdict::Pass => inner.file(name).read(offset, out),
            verdict => Err(inner.fail(verdict)),
        }
    }

    fn write(&self, life: u64, name: &str, offset: u64, data: &[u8]) -> io::Result<()> {
        // redb writes with locks held that another thread of it needs to get anywhere.
        let mut inner = self.enter_as(name != STORE);
        let verdict = inner.call(life, Call::Write, name)?;
        inner.counts.writes += 1;
        let whole = match verdict {
            Verdict::Pass => data.len(),
            Verdict::PowerCut => data.len(),
            // The error, or the end, comes after some sectors were written.
            _ => {
                let sectors = inner.chance.index(data.len() / SECTOR + 2);
                let first = SECTOR - usize::try_from(offset).unwrap() % SECTOR;
                if sectors == 0 { 0 } else { data.len().min(first + (sectors - 1) * SECTOR) }
            }
        };
        inner.file(name).write(offset, &data[..whole]);
        inner.settle(verdict)
    }

    fn set_len(&self, life: u64, name: &str, len: u64) -> io::Result<()> {
        let mut inner = self.enter();
        let verdict = inner.call(life, Call::SetLen, name)?;
        if verdict == Verdict::Pass || (verdict.is_death() && inner.chance.percent(50)) {
            inner.file(name).set_len(len);
        }
        inner.settle(verdict)
    }

    fn sync(&self, life: u64, name: &str) -> io::Result<()> {
        let inner = &mut *self.enter();
        let verdict = inner.call(life, Call::Sync, name)?;
        inner.counts.syncs += 1;
        let done = match verdict {
            Verdict::Pass => !inner.lying,
            verdict if verdict.is_death() => inner.chance.percent(50),
            _ => false,
        };
        let file = inner.files.entry(name.to_owned()).or_default();
        if done {
            file.sync();
        } else if let Verdict::Error { drops_pages: true, .. } = verdict {
            file.fail_sync(&mut inner.chance);
        }
        inner.settle(verdict)
    }

    fn len(&self, life: u64, name: &str) -> io::Result<u64> {
        let mut inner = self.enter();
        match inner.call(life, Call::Len, name)? {
            Verdict::Pass => Ok(inner.file(name).len()),
            verdict => Err(inner.fail(verdict)),
        }
    }

    /// The names of all files.
    fn names(&self, life: u64) -> io::Result<Vec<String>> {
        let mut inner = self.enter();
        match inner.call(life, Call::Names, "")? {
            Verdict::Pass => {
                Ok(inner.files.iter().filter(|(_, file)| !file.removed).map(|(name, _)| name.clone()).collect())
            }
            verdict => Err(inner.fail(verdict)),
        }
    }

    /// Open a file that is there, as hosts do: what the cache holds of it is written, and forgotten.
    pub fn open(&self, life: u64, name: &str) -> io::Result<()> {
        if self.lock().files.get(name).is_none_or(|file| file.removed) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.sync(life, name)?;
        self.lock().file(name).evict();
        Ok(())
    }

    /// Whether a file is there and begins with nothing but zeros.
    pub fn begins_with_zeros(&self, name: &str, bytes: usize) -> bool {
        self.lock().files.get(name).is_some_and(|file| file.begins_with_zeros(bytes))
    }

    /// Let a file be as if it had never been made.
    pub fn forget(&self, name: &str) {
        self.lock().files.remove(name);
    }

    /// Make a file, durable and whole, or not at all.
    fn create(&self, life: u64, name: &str, head: &[u8], bytes: u64) -> io::Result<()> {
        let mut inner = self.enter();
        let verdict = inner.call(life, Call::Create, name)?;
        if verdict == Verdict::Pass || (verdict.is_death() && inner.chance.percent(50)) {
            inner.files.insert(name.to_owned(), File::whole(head, bytes));
        }
        inner.settle(verdict)
    }

    /// Remove a file. A power cut may bring it back.
    fn remove(&self, life: u64, name: &str) -> io::Result<()> {
        let mut inner = self.enter();
        let verdict = inner.call(life, Call::Remove, name)?;
        if verdict == Verdict::Pass || (verdict.is_death() && inner.chance.percent(50)) {
            inner.file(name).removed = true;
        }
        inner.settle(verdict)
    }

    /// A call begins: perhaps another thread's comes first.
    fn enter(&self) -> MutexGuard<'_, Inner> {
        self.enter_as(true)
    }

    fn enter_as(&self, may_hand_on: bool) -> MutexGuard<'_, Inner> {
        if !QUIET.get() {
            self.baton.pass(may_hand_on);
        }
        self.lock()
    }

    /// A panic of the code under test, with the lock held, cannot be: nothing in here calls it.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn file(&mut self, name: &str) -> &mut File {
        self.files.entry(name.to_owned()).or_default()
    }

    /// Count a call and see what is to become of it. An error: the process is dead already.
    fn call(&mut self, life: u64, call: Call, name: &str) -> io::Result<Verdict> {
        if self.death.is_some() || life != self.life {
            return Err(io::Error::other("this process is dead"));
        }
        if QUIET.get() {
            return Ok(Verdict::Pass);
        }
        let at = self.calls;
        self.calls += 1;
        self.sorts.push(call);
        if let Some(file) = self.files.get_mut(name) {
            file.age();
        }
        let Some(verdict) = self.faults.iter_mut().find_map(|fault| fault.hit(call, at)) else {
            return Ok(Verdict::Pass);
        };
        self.counts.faults += 1;
        self.history.say(format!("disk: call {at}, {call:?} of {name}: {verdict:?}"));
        Ok(verdict)
    }

    /// What a call that was hit answers.
    fn fail(&mut self, verdict: Verdict) -> io::Error {
        match verdict {
            Verdict::PowerCut => self.die(Death::Power),
            Verdict::Killed => self.die(Death::Kill),
            Verdict::Error { kind, .. } => return kind.into(),
            Verdict::Pass => {}
        }
        io::Error::other("this process just died")
    }

    fn settle(&mut self, verdict: Verdict) -> io::Result<()> {
        if verdict == Verdict::Pass { Ok(()) } else { Err(self.fail(verdict)) }
    }

    fn die(&mut self, death: Death) {
        if death == Death::Power {
            // After a kill the power may fail too: what the cache still held is lost then.
            for file in self.files.values_mut() {
                file.lose_power(&mut self.chance);
            }
        }
        self.death = Some(death);
        self.history.say(format!("disk: {death:?}"));
    }
}
