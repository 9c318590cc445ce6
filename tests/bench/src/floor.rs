//! What the disk itself costs: the floor under every acknowledged operation.

use std::{
    fs::File,
    io::Write as _,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use tempfile::TempDir;

use crate::{
    Outcome,
    daemon::{self, User},
    load::{histogram, micros},
};

/// A raw log: append, sync, again. On the disk that holds the build, as all stores here.
pub struct RawLog {
    file: File,
    _folder: TempDir,
}

/// What a slice of it came to.
pub struct Synced {
    pub records_per_s: f64,
    /// Times of an append with its sync, in microseconds.
    pub times: Histogram<u64>,
}

impl RawLog {
    pub fn new() -> Outcome<Self> {
        let folder = daemon::folder(User::Same)?;
        Ok(Self { file: File::create(folder.path().join("log"))?, _folder: folder })
    }

    /// For this long, write so many records of these sizes, over and over, in one write and one fdatasync for each `a_sync`.
    /// Blocks: there is nothing to wait for beside it.
    pub fn drive(&mut self, record_bytes: &[usize], a_sync: usize, slice: Duration) -> Outcome<Synced> {
        let bytes: usize = record_bytes.iter().cycle().take(a_sync).sum();
        let batch = vec![7; bytes];
        let mut times = histogram();
        let start = Instant::now();
        while start.elapsed() < slice {
            let began = Instant::now();
            self.file.write_all(&batch)?;
            self.file.sync_data()?;
            times.saturating_record(micros(began.elapsed()));
        }
        let records = times.len() * a_sync as u64;
        Ok(Synced { records_per_s: records as f64 / start.elapsed().as_secs_f64(), times })
    }
}
