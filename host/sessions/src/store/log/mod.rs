//! The operation log: every commit, appended to preallocated files and synced, before it is anywhere else.
//!
//! A [B-tree](super::redb) commits in tens of page writes and two syncs; a log in one write and one sync. So a commit goes
//! to the log first, and what is still alive after a while goes into the tree, many commits at a time: see
//! [`logged`](super::logged). What a frame holds is up to that; here it is bytes.
//!
//! | part | job |
//! |---|---|
//! | [`sector`] | 512 bytes that know where they belong: the unit in which disks tear writes |
//! | [`frame`] | one commit, cut into sectors |
//! | [`segment`] | one file |
//! | [`survey`] | what lies in the files when a host starts: frames, a torn tail, damage |
//! | [`ring`] | which file comes next, and which are free |
//!
//! # How it is told apart what a crash tore from what a disk lost
//!
//! Frames are numbered without gaps, and a frame is written only after the one before it was synced. So of the frames
//! that a crash leaves behind only the last can be incomplete, and it was never acknowledged. A frame that is incomplete
//! though a later one is there was damaged afterwards: the host refuses to start, whatever else is readable.
//!
//! That leaves the last frame: torn, or damaged? Disks write sectors whole. So each sector of a torn frame is either as it
//! was written or as it was before: zeros, or a sector of an older frame, from when the file was last used. Each sector
//! carries the number of its frame, its place in it, and a checksum: what is neither whole nor older was damaged.
//!
//! The checksum is keyed with a secret of the store (its *salt*): a client's record that imitates a sector does not pass
//! for one.
//!
//! # Invariants
//!
//! * What [`Log::append`] answered Ok is found by every later [`survey`], until [`Ring::free`] was told that it is
//!   covered.
//! * No sector of an acknowledged frame is ever written again before it is covered: frames fill whole pages.
//! * A number is never used for two frames, not even for one that was torn.

pub mod frame;
pub mod ring;
pub mod sector;
pub mod segment;
pub mod survey;

use std::sync::Arc;

use self::frame::Builder;
pub use self::{
    ring::{Ring, Wanted},
    sector::Salt,
    segment::Segment,
    survey::Survey,
};
use super::{StoreError, disk::Folder};

/// A log that is open for appending.
#[derive(Debug)]
pub struct Log {
    ring: Ring,
    builder: Builder,
    last: u64,
    written: u64,
}

impl Log {
    /// Begin to append after `last`: nothing with that number or an earlier one is needed any more, and none with a later
    /// one was ever written. `segment_bytes`: the length of a file. `free_max`:
    /// how many files are kept in which nothing is needed.
    ///
    /// # Errors
    ///
    /// If there is no file yet and none can be made.
    pub fn begin(
        folder: Arc<dyn Folder>,
        salt: &Salt,
        survey: Survey,
        last: u64,
        segment_bytes: usize,
        free_max: usize,
    ) -> Result<Self, StoreError> {
        let mut ring = Ring::new(folder, salt, survey.into_segments(), segment_bytes, free_max);
        if let Some(wanted) = ring.spare_wanted() {
            ring.add(wanted.make()?);
        }
        Ok(Self { ring, builder: Builder::new(salt), last, written: 0 })
    }

    /// Append a frame and sync it. Its number is one more than the last one's.
    ///
    /// # Errors
    ///
    /// If it may not be durable. The log is not to be used any more then.
    pub fn append(&mut self, body: &[u8]) -> Result<u64, StoreError> {
        let number = self.last + 1;
        let (segment, page) = self.ring.reserve(frame::pages(body.len()), number)?;
        let bytes = self.builder.build(body, number, segment.number, page)?;
        segment.write(page, bytes)?;
        self.last = number;
        self.written += bytes.len() as u64;
        Ok(number)
    }

    /// The number of the last frame.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.last
    }

    /// How many bytes were appended since the log was begun.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// The files.
    pub fn ring(&mut self) -> &mut Ring {
        &mut self.ring
    }
}

/// What the operating system said, as the store's own error.
fn io(what: &str, error: &std::io::Error) -> StoreError {
    StoreError::Io(format!("the log {what}: {error}"))
}
