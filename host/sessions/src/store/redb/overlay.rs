//! A file that is read, and written to in memory only: so that redb can put in order what a killed host left behind, for somebody who
//! only looks at it, and the file stays as it is.

use std::{
    collections::HashMap,
    fs::File,
    io,
    os::unix::fs::FileExt as _,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use redb::StorageBackend;

/// Length of a block, in bytes.
const BLOCK_BYTES: usize = 4096;

/// The file, and what was written since.
#[derive(Debug)]
pub struct Overlay {
    file: File,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    len: u64,
    /// Whole blocks, by number.
    written: HashMap<u64, Vec<u8>>,
}

impl Overlay {
    /// Over this file.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok(Self { file, state: Mutex::new(State { len, written: HashMap::new() }) })
    }

    /// Nothing in here panics with the lock held, so a poisoned state is whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A block as it lies in the file; zeros behind its end.
    fn block(&self, number: u64) -> io::Result<Vec<u8>> {
        let (mut block, mut have) = (vec![0; BLOCK_BYTES], 0);
        while have < BLOCK_BYTES {
            match self.file.read_at(&mut block[have..], number * BLOCK_BYTES as u64 + have as u64)? {
                0 => break,
                read => have += read,
            }
        }
        Ok(block)
    }
}

/// The parts of a range that lie in one block each: block, where in it, and where in the range.
fn parts(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == length {
            return None;
        }
        let at = offset + done as u64;
        let within = usize::try_from(at % BLOCK_BYTES as u64).unwrap_or(0);
        let count = (BLOCK_BYTES - within).min(length - done);
        let range = done..done + count;
        done += count;
        Some((at / BLOCK_BYTES as u64, within, range))
    })
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.lock().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.lock();
        if offset.saturating_add(out.len() as u64) > state.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for (number, within, range) in parts(offset, out.len()) {
            let count = range.len();
            match state.written.get(&number) {
                Some(block) => out[range].copy_from_slice(&block[within..within + count]),
                None => out[range].copy_from_slice(&self.block(number)?[within..within + count]),
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.lock().len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.lock();
        for (number, within, range) in parts(offset, data.len()) {
            let block = match state.written.entry(number) {
                std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::hash_map::Entry::Vacant(entry) => entry.insert(self.block(number)?),
            };
            block[within..within + range.len()].copy_from_slice(&data[range]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_the_file_stays_as_it_is() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("file");
        let content: Vec<u8> = (0..10_000_u32).map(|at| at.to_le_bytes()[0]).collect();
        std::fs::write(&path, &content).unwrap();
        let overlay = Overlay::open(&path).unwrap();
        let mut model = content.clone();
        for (offset, length) in [(0, 10), (4_090, 20), (8_000, 2_000), (4_096, 4_096)] {
            let data = vec![7; length];
            overlay.write(offset as u64, &data).unwrap();
            model[offset..offset + length].copy_from_slice(&data);
        }
        let mut out = vec![0; content.len()];
        overlay.read(0, &mut out).unwrap();
        assert_eq!(out, model);
        assert!(overlay.read(9_999, &mut [0; 2]).is_err());
        overlay.set_len(20_000).unwrap();
        overlay.read(9_990, &mut out).unwrap();
        assert_eq!(out[10..], [0; 9_990]);
        assert_eq!(std::fs::read(&path).unwrap(), content);
    }
}
