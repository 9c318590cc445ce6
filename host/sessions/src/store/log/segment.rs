//! A segment: one file of the log, of a length that never changes, written from its second page on and then used again.
//!
//! ```text
//! page 0: header                    page 1, 2, …: frames
//! | "mpy6a log 1\n" | number u32 LE | tag u64 LE | check u64 LE | 0 … |
//! ```
//!
//! The header is written once, when the file is made. *number* is the file's, also in its name; *tag* tells one store's
//! files from another's; *check* is XXH3-64 of what stands before it. Which frames a file holds, its sectors say.

use xxhash_rust::xxh3::xxh3_64;

use super::{
    frame::{PAGE_BYTES, PAGE_SECTORS, first_sector},
    io,
    sector::{SECTOR_BYTES, Salt, Sealer, Sector, position},
};
use crate::store::{
    StoreError,
    disk::{File, Folder},
};

const MAGIC: &[u8] = b"mpy6a log 1\n";
const NUMBER: usize = MAGIC.len();
const TAG: usize = NUMBER + 4;
const CHECK: usize = TAG + 8;
const HEADER_BYTES: usize = CHECK + 8;

/// How much of a file is read at once, in bytes.
const READ_BYTES: usize = 64 * PAGE_BYTES;

/// One file of the log.
#[derive(Debug)]
pub struct Segment {
    /// Its number: never used twice in one folder at a time.
    pub number: u32,
    /// Its length in pages, the header's among them.
    pub pages: u32,
    file: Box<dyn File>,
}

impl Segment {
    /// The name of the file with this number.
    #[must_use]
    pub fn name(number: u32) -> String {
        format!("{number:08}.log")
    }

    /// The number in the name of a file; none if it is not one of ours.
    #[must_use]
    pub fn number_of(name: &str) -> Option<u32> {
        name.strip_suffix(".log").and_then(|number| number.parse().ok()).filter(|number| Self::name(*number) == name)
    }

    /// Make a file of this many pages.
    ///
    /// # Errors
    ///
    /// If it cannot be made: no room, most likely.
    pub fn create(folder: &dyn Folder, salt: &Salt, number: u32, pages: u32) -> Result<Self, StoreError> {
        let name = Self::name(number);
        let bytes = u64::from(pages) * PAGE_BYTES as u64;
        let file = folder.create(&name, &header(salt, number), bytes);
        let file = file.map_err(|error| io(&format!("file {name} cannot be made"), &error))?;
        Ok(Self { number, pages, file })
    }

    /// Open the file with this number.
    ///
    /// # Errors
    ///
    /// If it cannot be read, is damaged, or belongs to another store.
    pub fn open(folder: &dyn Folder, salt: &Salt, number: u32) -> Result<Self, StoreError> {
        let name = Self::name(number);
        let fail = |error: std::io::Error| io(&format!("file {name} cannot be read"), &error);
        let damaged = |what: &str| Err(StoreError::Damaged(format!("the log file {name} {what}")));
        let foreign = |what: &str| Err(StoreError::Foreign(format!("the log file {name} {what}")));
        let file = folder.open(&name).map_err(fail)?;
        let length = file.len().map_err(fail)?;
        let pages = u32::try_from(length / PAGE_BYTES as u64).unwrap_or(u32::MAX);
        if pages < 2 || u64::from(pages) * PAGE_BYTES as u64 != length {
            return damaged(&format!("is {length} bytes long, which no file of the log is"));
        }
        let mut found = [0; HEADER_BYTES];
        file.read_at(0, &mut found).map_err(fail)?;
        let expected = header(salt, number);
        if found[..MAGIC.len()] != expected[..MAGIC.len()] {
            return foreign(
                "is of another version or of another program: use the version of mpy6a that wrote it, or put back the \
                 files that belong to this store",
            );
        }
        if found[CHECK..] != xxh3_64(&found[..CHECK]).to_le_bytes() {
            return damaged("has a header that does not match its checksum");
        }
        if found != expected {
            return foreign("belongs to another store, or was renamed: put back the files that belong to this one");
        }
        Ok(Self { number, pages, file })
    }

    /// Write pages and sync them.
    ///
    /// # Errors
    ///
    /// If they may not be durable.
    pub fn write(&self, page: u32, bytes: &[u8]) -> Result<(), StoreError> {
        let offset = u64::from(page) * PAGE_BYTES as u64;
        self.file.write_at(offset, bytes).map_err(|error| io("cannot be written", &error))?;
        self.file.sync().map_err(|error| io("cannot be synced", &error))
    }

    /// What each of its sectors is, the header's left out: the first is sector 0 of page 1.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn survey(&self, sealer: &Sealer) -> Result<Vec<Sector>, StoreError> {
        let first = first_sector(1);
        let mut sectors = Vec::with_capacity((self.pages as usize) * PAGE_SECTORS);
        let mut buffer = vec![0; READ_BYTES];
        let mut page = 1;
        while page < self.pages {
            let length = (PAGE_BYTES * (self.pages - page) as usize).min(READ_BYTES);
            self.read(page, &mut buffer[..length])?;
            let (read, _) = buffer[..length].as_chunks::<SECTOR_BYTES>();
            for sector in read {
                let at = first + u32::try_from(sectors.len()).unwrap_or(u32::MAX);
                sectors.push(sealer.read(sector, position(self.number, at)));
            }
            page += u32::try_from(length / PAGE_BYTES).unwrap_or(u32::MAX);
        }
        Ok(sectors)
    }

    /// Read from this page on.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn read(&self, page: u32, out: &mut [u8]) -> Result<(), StoreError> {
        let offset = u64::from(page) * PAGE_BYTES as u64;
        self.file.read_at(offset, out).map_err(|error| io("cannot be read", &error))
    }
}

fn header(salt: &Salt, number: u32) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..NUMBER].copy_from_slice(MAGIC);
    header[NUMBER..TAG].copy_from_slice(&number.to_le_bytes());
    header[TAG..CHECK].copy_from_slice(&Sealer::tag(salt).to_le_bytes());
    let check = xxh3_64(&header[..CHECK]);
    header[CHECK..].copy_from_slice(&check.to_le_bytes());
    header
}
