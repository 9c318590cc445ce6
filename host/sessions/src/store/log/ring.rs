//! Which file of the log comes next: files are filled one after the other, and used again once all in them is covered.

use std::{collections::VecDeque, sync::Arc};

use super::{io, sector::Salt, segment::Segment};
use crate::store::{StoreError, disk::Folder};

use super::frame::PAGE_BYTES;

/// The files of a log that is open.
#[derive(Debug)]
pub struct Ring {
    folder: Arc<dyn Folder>,
    salt: Salt,
    /// Pages of an ordinary file.
    pages: u32,
    /// Nothing in these is needed.
    free: Vec<Segment>,
    /// More free ones than this are removed: those that a burst needed.
    free_max: usize,
    /// Those in use, oldest first; the last is being filled.
    used: VecDeque<Used>,
    next_number: u32,
}

#[derive(Debug)]
struct Used {
    segment: Segment,
    /// The last frame in it.
    last: u64,
    /// The first page that is free.
    next_page: u32,
}

/// A file that is wanted: can be made beside the writer.
#[derive(Debug)]
pub struct Wanted {
    folder: Arc<dyn Folder>,
    salt: Salt,
    number: u32,
    pages: u32,
}

impl Wanted {
    /// Make it.
    ///
    /// # Errors
    ///
    /// If it cannot be made: no room, most likely.
    pub fn make(self) -> Result<Segment, StoreError> {
        Segment::create(&*self.folder, &self.salt, self.number, self.pages)
    }
}

impl Ring {
    /// A ring of these files, in all of which nothing is needed. `segment_bytes`: the length of a file. `free_max`: how many
    /// free ones are kept.
    #[must_use]
    pub fn new(
        folder: Arc<dyn Folder>,
        salt: &Salt,
        segments: Vec<Segment>,
        segment_bytes: usize,
        free_max: usize,
    ) -> Self {
        let next_number = segments.iter().map(|segment| segment.number + 1).max().unwrap_or(1);
        let pages = u32::try_from(segment_bytes / PAGE_BYTES).unwrap_or(u32::MAX).max(2);
        Self { folder, salt: *salt, pages, free: segments, free_max, used: VecDeque::new(), next_number }
    }

    /// Room for a frame of so many pages, which has this number: the file, and the page to begin at.
    ///
    /// # Errors
    ///
    /// If a file is needed and cannot be made.
    pub fn reserve(&mut self, pages: usize, frame: u64) -> Result<(&Segment, u32), StoreError> {
        let pages = u32::try_from(pages).unwrap_or(u32::MAX);
        let fits = |used: &Used| pages <= used.segment.pages - used.next_page;
        if !self.used.back().is_some_and(fits) {
            let found = self.free.iter().position(|segment| pages < segment.pages);
            let segment = match found {
                Some(at) => self.free.swap_remove(at),
                None => self.wanted(pages).make()?,
            };
            self.used.push_back(Used { segment, last: frame, next_page: 1 });
        }
        let used = self.used.back_mut().ok_or_else(|| StoreError::Io("the log has no file".into()))?;
        let page = used.next_page;
        used.last = frame;
        used.next_page += pages;
        Ok((&used.segment, page))
    }

    /// Another file is wanted, so that the next one is there when this one is full.
    pub fn spare_wanted(&mut self) -> Option<Wanted> {
        self.free.is_empty().then(|| self.wanted(0))
    }

    /// Take a file that was wanted.
    pub fn add(&mut self, segment: Segment) {
        self.free.push(segment);
    }

    /// Everything up to this frame is covered.
    ///
    /// # Errors
    ///
    /// If a file that is not needed any more cannot be removed.
    pub fn free(&mut self, covered: u64) -> Result<(), StoreError> {
        while self.used.len() > 1 && self.used.front().is_some_and(|used| used.last <= covered) {
            let Some(Used { segment, .. }) = self.used.pop_front() else { break };
            if segment.pages == self.pages && self.free.len() < self.free_max {
                self.free.push(segment);
            } else {
                let name = Segment::name(segment.number);
                self.folder.remove(&name).map_err(|error| io(&format!("file {name} cannot be removed"), &error))?;
            }
        }
        Ok(())
    }

    fn wanted(&mut self, pages: u32) -> Wanted {
        let number = self.next_number;
        self.next_number += 1;
        let pages = self.pages.max(pages.saturating_add(1));
        Wanted { folder: Arc::clone(&self.folder), salt: self.salt, number, pages }
    }
}
