//! The epoch ticker: a thread of its own that tells running guests, every [`TICK`], to give way to other tasks.
//!
//! A thread and not a task, since the very guest that must be told may hold the thread that would poll the task. It sleeps
//! while nothing runs, so that an idle host wakes for nobody.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, Thread},
};

use wasmtime::Engine;

use crate::limits::TICK;

/// The thread's owner. Dropping it ends the thread.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Thread,
}

struct Shared {
    running: AtomicUsize,
    stop: AtomicBool,
}

impl Ticker {
    pub(crate) fn start(engine: &Engine) -> io::Result<Self> {
        let shared = Arc::new(Shared { running: AtomicUsize::new(0), stop: AtomicBool::new(false) });
        let (of_thread, engine) = (Arc::clone(&shared), engine.clone());
        let handle = thread::Builder::new().name("mpy6a-ticker".to_owned()).spawn(move || tick(&of_thread, &engine))?;
        Ok(Self { thread: handle.thread().clone(), shared })
    }

    /// Tick for as long as the guard lives.
    pub(crate) fn running(&self) -> Running<'_> {
        if self.shared.running.fetch_add(1, Ordering::SeqCst) == 0 {
            self.thread.unpark();
        }
        Running(self)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

/// Something runs.
pub(crate) struct Running<'a>(&'a Ticker);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.shared.running.fetch_sub(1, Ordering::SeqCst);
    }
}

fn tick(shared: &Shared, engine: &Engine) {
    while !shared.stop.load(Ordering::SeqCst) {
        // An `unpark` between the look and the `park` makes the latter return at once, so no start is missed.
        if shared.running.load(Ordering::SeqCst) == 0 {
            thread::park();
        } else {
            thread::sleep(TICK);
        }
        engine.increment_epoch();
    }
}
