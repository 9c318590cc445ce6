//! Work beside the writer: a seam, so that a simulation can say when it goes on.

use std::{io, thread::JoinHandle};

/// Something to do.
pub type Job = Box<dyn FnOnce() + Send>;

/// Does one job at a time beside its caller.
pub trait Background: Send {
    /// Begin a job. The last one has ended.
    ///
    /// # Errors
    ///
    /// The operating system's: no thread to be had. The job is dropped then.
    fn start(&mut self, job: Job) -> io::Result<()>;

    /// Whether the last job has ended.
    fn is_done(&self) -> bool;

    /// Wait until the last job has ended.
    fn wait(&mut self);
}

/// How much such a thread gives way to those that clients wait for, as with `nice`. It still gets a tenth of a core that is
/// wanted by others, and all of one that commits leave while they [wait](super::logged::Sizes::log_bytes) for it.
const NICE: i32 = 10;

/// A thread for each job.
#[derive(Default)]
pub struct Threads {
    running: Option<JoinHandle<()>>,
}

impl Background for Threads {
    fn start(&mut self, job: Job) -> io::Result<()> {
        self.wait();
        let job = move || {
            // Advice to the system's scheduler, for this thread alone. It may refuse: then it is as before.
            let _ = rustix::process::nice(NICE);
            job();
        };
        self.running = Some(std::thread::Builder::new().name("mpy6a-checkpoint".into()).spawn(job)?);
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.running.as_ref().is_none_or(JoinHandle::is_finished)
    }

    fn wait(&mut self) {
        // A job that panicked leaves its result unsaid, and whoever waits for that finds out.
        let _ = self.running.take().map(JoinHandle::join);
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.wait();
    }
}
