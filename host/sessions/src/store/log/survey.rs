//! What lies in the log's files when a host starts: whole frames, perhaps a torn one at the end, perhaps damage.
//!
//! Why these can be told apart is in [the module's head](super). In short, with *live* for what is not covered:
//!
//! * every live frame but the last is whole, or the log is damaged;
//! * the last may be torn: then each sector that it lacks is blank or older;
//! * a page whose sectors are all damaged may have been a frame's, where the next frame would lie: damaged.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    frame::{self, PAGE_SECTORS},
    io,
    sector::{SECTOR_BYTES, Salt, Sealer, Sector},
    segment::Segment,
};
use crate::store::{StoreError, disk::Folder};

/// What was found.
#[derive(Debug, Default)]
pub struct Survey {
    files: Vec<(Segment, Vec<Sector>)>,
    frames: BTreeMap<u64, Place>,
    torn: Option<u64>,
}

/// Where a frame lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    file: usize,
    /// Its first sector, counted from that of page 1.
    sector: usize,
    version: u8,
    body_bytes: usize,
}

/// The sectors of one frame, as far as they were found.
#[derive(Debug)]
struct Partial {
    file: usize,
    sector: usize,
    /// Which of the frame's sectors are there, ascending.
    places: Vec<usize>,
}

impl Survey {
    /// Look at every file of the log. `covered`: the last frame that is not needed any more.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, belongs elsewhere, or frames that are needed are missing or damaged.
    pub fn new(folder: &Arc<dyn Folder>, salt: &Salt, covered: u64) -> Result<Self, StoreError> {
        let sealer = Sealer::new(salt);
        let names = folder.names().map_err(|error| io("folder cannot be read", &error))?;
        let mut numbers: Vec<_> = names.iter().filter_map(|name| Segment::number_of(name)).collect();
        numbers.sort_unstable();
        let mut survey = Self::default();
        for number in numbers {
            let segment = Segment::open(&**folder, salt, number)?;
            let sectors = segment.survey(&sealer)?;
            survey.files.push((segment, sectors));
        }
        survey.find_frames(covered)?;
        survey.check_next(covered)?;
        Ok(survey)
    }

    /// Whether there are no files at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The numbers of the live frames, in order.
    pub fn frames(&self) -> impl Iterator<Item = u64> {
        self.frames.keys().copied()
    }

    /// The frame that a crash tore, if it did. Its number must not be used again.
    #[must_use]
    pub fn torn(&self) -> Option<u64> {
        self.torn
    }

    /// The version and the body of a live frame.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is not what it was a moment ago.
    pub fn body(&self, number: u64) -> Result<(u8, Vec<u8>), StoreError> {
        let place = self.frames.get(&number).ok_or_else(|| damaged(number, "is missing"))?;
        let mut bytes = vec![0; frame::sectors(place.body_bytes) * SECTOR_BYTES];
        self.files[place.file].0.read(page_of(place.sector), &mut bytes)?;
        let (sectors, _) = bytes.as_chunks::<SECTOR_BYTES>();
        Ok((place.version, frame::body(sectors, place.body_bytes)))
    }

    /// The files, for the log to go on with.
    #[must_use]
    pub fn into_segments(self) -> Vec<Segment> {
        self.files.into_iter().map(|(segment, _)| segment).collect()
    }

    fn find_frames(&mut self, covered: u64) -> Result<(), StoreError> {
        let found = self.partials(covered)?;
        let Some(&last) = found.keys().next_back() else { return Ok(()) };
        for (expected, (number, partial)) in (covered + 1..).zip(found) {
            if number != expected {
                return Err(damaged(expected, "is missing, though a later one is there"));
            }
            match self.complete(number, &partial, covered)? {
                Some(place) => drop(self.frames.insert(number, place)),
                None if number == last => self.torn = Some(number),
                None => return Err(damaged(number, "is incomplete, though a later one is there")),
            }
        }
        Ok(())
    }

    /// The sectors of every live frame.
    fn partials(&self, covered: u64) -> Result<BTreeMap<u64, Partial>, StoreError> {
        let mut found: BTreeMap<u64, Partial> = BTreeMap::new();
        for (file, (_, sectors)) in self.files.iter().enumerate() {
            for (at, sector) in sectors.iter().enumerate() {
                let &Sector::Whole { frame, place } = sector else { continue };
                if frame <= covered {
                    continue;
                }
                let place = usize::try_from(place).unwrap_or(usize::MAX);
                let stray = || damaged(frame, "has sectors where it cannot have any");
                let first = at.checked_sub(place).filter(|first| first % PAGE_SECTORS == 0).ok_or_else(stray)?;
                let partial = found.entry(frame).or_insert_with(|| Partial { file, sector: first, places: Vec::new() });
                if (partial.file, partial.sector) != (file, first) {
                    return Err(stray());
                }
                partial.places.push(place);
            }
        }
        Ok(found)
    }

    /// Where the frame lies, if all of it is there; `None` if it was torn.
    fn complete(&self, number: u64, partial: &Partial, covered: u64) -> Result<Option<Place>, StoreError> {
        let (segment, sectors) = &self.files[partial.file];
        let older = |at: usize| match sectors.get(at) {
            Some(Sector::Blank) => true,
            Some(Sector::Whole { frame, .. }) => *frame <= covered,
            Some(Sector::Damaged) | None => false,
        };
        if partial.places.first() != Some(&0) {
            return if older(partial.sector) { Ok(None) } else { Err(damaged(number, "is damaged")) };
        }
        let mut first = [0; SECTOR_BYTES];
        segment.read(page_of(partial.sector), &mut first)?;
        let (version, body_bytes) = frame::head(&first)?;
        let count = frame::sectors(body_bytes);
        if partial.places.len() == count && partial.places.last() == Some(&(count - 1)) {
            return Ok(Some(Place { file: partial.file, sector: partial.sector, version, body_bytes }));
        }
        let mut missing = (0..count).filter(|place| partial.places.binary_search(place).is_err());
        if missing.all(|place| older(partial.sector + place)) {
            return Ok(None);
        }
        Err(damaged(number, "is damaged"))
    }

    /// Where the frame after the last one would begin, no page may be damaged as a whole: it could have been that frame.
    fn check_next(&self, covered: u64) -> Result<(), StoreError> {
        let last = self.frames.keys().next_back().copied().unwrap_or(covered);
        for (_, sectors) in &self.files {
            let end =
                sectors.iter().rposition(|sector| matches!(sector, Sector::Whole { frame, .. } if *frame == last));
            let next = end.map(|end| (end / PAGE_SECTORS + 1) * PAGE_SECTORS);
            for start in [Some(0), next].into_iter().flatten() {
                let page = sectors.iter().skip(start).take(PAGE_SECTORS);
                let is_damaged = page.clone().any(|sector| *sector == Sector::Damaged);
                if is_damaged && !page.clone().any(|sector| matches!(sector, Sector::Whole { .. })) {
                    return Err(damaged(last + 1, "may have been there and is damaged"));
                }
            }
        }
        Ok(())
    }
}

/// The page that a sector lies in, counted in the file. Sectors are counted from page 1.
fn page_of(sector: usize) -> u32 {
    u32::try_from(sector / PAGE_SECTORS + 1).unwrap_or(u32::MAX)
}

fn damaged(number: u64, what: &str) -> StoreError {
    StoreError::Damaged(format!("commit {number} in the log {what}"))
}
