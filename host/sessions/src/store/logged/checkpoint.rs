//! Work in the background: checkpoints, and files for the log made before they are needed.
//!
//! One job at a time. A checkpoint begins when the fresh generation, or the log since the last one, has grown to its
//! [size](super::Sizes); commits go on meanwhile, into a new fresh generation. Only when that has grown as large again does
//! a commit wait.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
    time::Duration,
};

use super::LoggedStore;
use crate::store::{StoreError, TakeSnapshot, background::Background, log::Segment, redb::LogState};

/// How often to look whether a job has ended: a failure of it must end service, also when nobody commits anything.
const LOOK: Duration = Duration::from_millis(20);

/// The work in the background.
pub struct Work {
    background: Box<dyn Background>,
    job: Option<Job>,
    /// How long the log was when the last checkpoint began.
    written: u64,
    /// The last frame that redb holds all of.
    covered: u64,
    /// Snapshots that are wanted, each with the last frame that must be in it.
    pub(super) wanted: Vec<(u64, TakeSnapshot)>,
}

/// A job that was begun, and where its result will be.
enum Job {
    Checkpoint {
        covered: u64,
        result: Receiver<Result<(), StoreError>>,
    },
    Spare {
        result: Receiver<Result<Segment, StoreError>>,
    },
    /// Gives a generation's memory back: it has tens of thousands of parts.
    Forget {
        result: Receiver<Result<(), StoreError>>,
    },
}

impl Work {
    /// None yet.
    #[must_use]
    pub fn new(background: Box<dyn Background>) -> Self {
        Self { background, job: None, written: 0, covered: 0, wanted: Vec::new() }
    }

    /// When to look again; none while nothing is under way.
    #[must_use]
    pub fn next_look(&self) -> Option<Duration> {
        self.job.is_some().then_some(LOOK)
    }

    /// Do something beside the writer; where its result will be.
    fn start<T: Send + 'static>(
        &mut self,
        job: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<Receiver<Result<T, StoreError>>, StoreError> {
        let (result_to, result) = channel();
        // Nobody takes the result only if the store was dropped.
        let job = Box::new(move || drop(result_to.send(job())));
        let started = self.background.start(job);
        started.map_err(|error| StoreError::Io(format!("no thread for a checkpoint: {error}")))?;
        Ok(result)
    }
}

impl LoggedStore {
    /// Take what the background has done, and give it more to do where there is more.
    pub(super) fn look_after(&mut self) -> Result<(), StoreError> {
        // One that ended may have begun another.
        while self.work.job.is_some() {
            if !self.work.background.is_done() {
                return Ok(());
            }
            self.finish_job()?;
        }
        self.hand_out_snapshots()?;
        if self.has_grown() || !self.work.wanted.is_empty() {
            return self.begin_checkpoint();
        }
        if let Some(wanted) = self.log()?.ring().spare_wanted() {
            let result = self.work.start(move || wanted.make())?;
            self.work.job = Some(Job::Spare { result });
        }
        Ok(())
    }

    /// The snapshots that have everything in them that they must.
    fn hand_out_snapshots(&mut self) -> Result<(), StoreError> {
        let covered = self.work.covered;
        for (_, take) in self.work.wanted.extract_if(.., |(last, _)| *last <= covered) {
            take(Box::new(self.base.snapshot_now()?));
        }
        Ok(())
    }

    /// Told by whoever puts frames into redb.
    pub(super) fn has_covered(&mut self, last: u64) {
        self.work.covered = last;
    }

    /// Before a commit: wait, if a checkpoint is behind by as much as it may be.
    pub(super) fn make_room(&mut self) -> Result<(), StoreError> {
        while self.has_grown() {
            match self.work.job {
                Some(_) => self.finish_job()?,
                None => self.begin_checkpoint()?,
            }
        }
        Ok(())
    }

    /// Put everything into redb and say that the log is not needed.
    pub(super) fn settle(&mut self) -> Result<(), StoreError> {
        while self.work.job.is_some() {
            self.finish_job()?;
        }
        let Some(log) = self.log.take() else { return Ok(()) };
        let state = LogState { salt: self.salt.0, covered: log.last(), closed: true };
        self.commit_state(state)
    }

    /// Whether what is fresh should go into redb.
    fn has_grown(&self) -> bool {
        let written = self.log.as_ref().map_or(0, super::Log::written) - self.work.written;
        self.fresh.bytes() >= self.sizes.memory_bytes || written >= self.sizes.log_bytes
    }

    fn begin_checkpoint(&mut self) -> Result<(), StoreError> {
        // What is read stays as it is until the checkpoint is done as a whole.
        self.base.pin()?;
        let log = self.log()?;
        let (covered, written) = (log.last(), log.written());
        let state = LogState { salt: self.salt.0, covered, closed: false };
        let frozen = Arc::new(std::mem::take(&mut self.fresh));
        self.frozen = Some(Arc::clone(&frozen));
        self.dues.borrow_mut().reset();
        let committer = self.base.committer();
        let result = self.work.start(move || committer.commit(&frozen.rows(), Some(&state)))?;
        self.work.job = Some(Job::Checkpoint { covered, result });
        self.work.written = written;
        Ok(())
    }

    /// Wait for the job under way, and go on from its result.
    fn finish_job(&mut self) -> Result<(), StoreError> {
        let Some(job) = self.work.job.take() else { return Ok(()) };
        self.work.background.wait();
        let gone = || StoreError::Io("work in the background panicked, a defect of mpy6a worth reporting".into());
        match job {
            Job::Spare { result } => {
                let segment = result.try_recv().map_err(|_| gone())??;
                self.log()?.ring().add(segment);
            }
            Job::Checkpoint { covered, result } => {
                result.try_recv().map_err(|_| gone())??;
                self.base.refresh();
                self.has_covered(covered);
                let covered_changes = self.frozen.take();
                self.dues.borrow_mut().reset();
                self.log()?.ring().free(covered)?;
                let result = self.work.start(move || {
                    drop(covered_changes);
                    Ok(())
                })?;
                self.work.job = Some(Job::Forget { result });
            }
            Job::Forget { result } => result.try_recv().map_err(|_| gone())??,
        }
        Ok(())
    }
}
