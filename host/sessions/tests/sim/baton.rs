//! One thread at a time: threads that share the simulated disk hand a baton to each other, and the seed says when. So work
//! beside the writer is interleaved with it at every call of the disk, and the same seed interleaves it in the same way.
//!
//! Whoever holds the baton runs. At each call of the disk ([`Baton::pass`]) chance may hand it to another thread that wants
//! it; a thread that ends, or waits for another, hands it on. A thread that nobody announced takes its place in the line when it
//! first calls the disk.
//!
//! The one thing that the baton cannot see is a holder that waits for a lock of the code under test, which another thread
//! has: then nothing moves. Whoever is in the line finds that out from the operating system (the holder sleeps, and not
//! here), and the baton goes to the one that can let go of the lock. That one keeps it to its end: the moment at which the
//! other gets its lock and stands in the line again is the machine's, and must decide nothing.

use std::{
    cell::Cell,
    collections::BTreeMap,
    fs, io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mpy6a_sessions::store::background::{Background, Job};

use crate::chance::Chance;

/// How often a thread in the line looks whether the holder is stuck.
const LOOK: Duration = Duration::from_millis(2);
/// How many looks in a row must find it asleep.
const LOOKS: u32 = 4;

thread_local! {
    /// Which thread this is; none until it has met the baton.
    static ME: Cell<Option<u64>> = const { Cell::new(None) };
}

/// The baton of one world. Clones are the same one.
#[derive(Clone)]
pub struct Baton(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    turn: Condvar,
}

struct State {
    chance: Chance,
    /// How often it is handed on at a call, in percent.
    percent: u64,
    holder: u64,
    threads: BTreeMap<u64, Thread>,
    next: u64,
    /// Counts changes of hands.
    moves: u64,
    /// The holder got it because another was stuck: it keeps it to its end.
    kept: bool,
}

struct Thread {
    /// In the line for the baton.
    wants: bool,
    /// Waits for this other thread to end.
    waits_for: Option<u64>,
    /// The operating system's name for it, once it runs.
    task: Option<String>,
}

impl Baton {
    /// A baton in the hand of this thread.
    pub fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed, "baton");
        let percent = *chance.pick(&[0, 5, 20, 60]);
        ME.set(Some(0));
        let threads = [(0, Thread { wants: false, waits_for: None, task: task() })].into();
        let state = State { chance, percent, holder: 0, threads, next: 1, moves: 0, kept: false };
        Self(Arc::new(Shared { state: Mutex::new(state), turn: Condvar::new() }))
    }

    /// Before a call of the disk: perhaps, if it may be so, somebody else goes on first.
    pub fn pass(&self, may_hand_on: bool) {
        let mut state = self.lock();
        let me = ME.get().unwrap_or_else(|| state.announce());
        ME.set(Some(me));
        if state.holder == me {
            let percent = state.percent;
            if !may_hand_on || state.kept || state.threads.len() == 1 || !state.chance.percent(percent) {
                return;
            }
            state.hand_on();
        }
        self.take(state, me);
    }

    /// Begin a thread; it goes on when chance will have it.
    fn start(&self, job: Job) -> io::Result<u64> {
        let id = self.lock().announce();
        let baton = self.clone();
        let main = move || {
            ME.set(Some(id));
            baton.take(baton.lock(), id);
            // Whoever waits for the job's result finds out.
            let _ = catch_unwind(AssertUnwindSafe(job));
            let mut state = baton.lock();
            state.threads.remove(&id);
            for thread in state.threads.values_mut().filter(|thread| thread.waits_for == Some(id)) {
                thread.waits_for = None;
            }
            if state.holder == id {
                state.kept = false;
                state.hand_on();
            }
            drop(state);
            baton.0.turn.notify_all();
        };
        std::thread::Builder::new().spawn(main).map(|_| id)
    }

    fn is_done(&self, id: u64) -> bool {
        !self.lock().threads.contains_key(&id)
    }

    /// Hand the baton on until this thread has ended.
    fn wait(&self, id: u64) {
        let mut state = self.lock();
        let Some(me) = ME.get() else { return };
        if !state.threads.contains_key(&id) {
            return;
        }
        if let Some(thread) = state.threads.get_mut(&me) {
            thread.waits_for = Some(id);
        }
        if state.holder == me {
            state.hand_on();
        }
        self.take(state, me);
    }

    /// This thread sleeps: everybody else goes on until they are done.
    pub fn rest(&self) {
        let others: Vec<_> = self.lock().threads.keys().copied().filter(|id| Some(*id) != ME.get()).collect();
        others.into_iter().for_each(|id| self.wait(id));
    }

    /// Stand in the line until it is this thread's turn.
    fn take(&self, mut state: MutexGuard<'_, State>, me: u64) {
        if let Some(thread) = state.threads.get_mut(&me) {
            thread.wants = true;
            thread.task = task();
        }
        // The holder has ended, or waits for a thread, and nobody was in the line until now.
        if state.waits(state.holder) || !state.threads.contains_key(&state.holder) {
            state.hand_on();
        }
        self.0.turn.notify_all();
        let (mut seen, mut asleep) = (state.moves, 0);
        while state.holder != me || state.waits(me) {
            let (again, timeout) = self.0.turn.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner);
            state = again;
            if !timeout.timed_out() || state.moves != seen {
                (seen, asleep) = (state.moves, 0);
            } else if state.holder_is_stuck() {
                asleep += 1;
                if asleep == LOOKS {
                    state.hand_on();
                    state.kept = true;
                    self.0.turn.notify_all();
                }
            } else {
                asleep = 0;
            }
        }
        if let Some(thread) = state.threads.get_mut(&me) {
            thread.wants = false;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A thread that will want the baton.
    fn announce(&mut self) -> u64 {
        let id = self.next;
        self.next += 1;
        self.threads.insert(id, Thread { wants: true, waits_for: None, task: None });
        id
    }

    fn waits(&self, id: u64) -> bool {
        self.threads.get(&id).is_some_and(|thread| thread.waits_for.is_some())
    }

    /// Give the baton to somebody in the line, or keep it if there is nobody.
    fn hand_on(&mut self) {
        let could = |(_, thread): &(&u64, &Thread)| thread.wants && thread.waits_for.is_none();
        let holder = self.holder;
        // Its holder may want it back at once; that is for chance too, but not here.
        let line: Vec<_> = self.threads.iter().filter(could).map(|(id, _)| *id).filter(|id| *id != holder).collect();
        if !line.is_empty() {
            self.holder = *self.chance.pick(&line);
            self.moves += 1;
        }
    }

    /// Whether the holder sleeps, though it should run: on a lock that another thread has.
    fn holder_is_stuck(&self) -> bool {
        let Some(holder) = self.threads.get(&self.holder) else { return false };
        let Some(task) = holder.task.as_ref().filter(|_| !holder.wants) else { return false };
        let stat = fs::read_to_string(format!("/proc/{task}/stat")).unwrap_or_default();
        // The state comes after the name, which is in brackets.
        stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('S'))
    }
}

/// The operating system's name for this thread.
fn task() -> Option<String> {
    fs::read_link("/proc/thread-self").ok().map(|path| path.display().to_string())
}

/// The work beside the writer, under the baton.
pub struct Beside {
    baton: Baton,
    running: Option<u64>,
}

impl Beside {
    pub fn new(baton: Baton) -> Self {
        Self { baton, running: None }
    }
}

impl Background for Beside {
    fn start(&mut self, job: Job) -> io::Result<()> {
        self.wait();
        self.running = Some(self.baton.start(job)?);
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.running.is_none_or(|id| self.baton.is_done(id))
    }

    fn wait(&mut self) {
        if let Some(id) = self.running.take() {
            self.baton.wait(id);
        }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.wait();
    }
}
