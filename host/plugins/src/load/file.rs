//! Reading a plugin file so that what was read is the whole file.
//!
//! People copy files over old ones, and a copy is seen half-done. So a file is read once into memory, and taken only if it had
//! been left alone for a moment and was the same before and after. Everything later works on those bytes.

use std::{
    fs::Metadata,
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::Path,
    thread,
    time::SystemTime,
};

use mpy6a_untrusted::file;

use super::LoadError;
use crate::limits::{PLUGIN_BYTES_MAX, QUIET, READS_MAX};

/// The bytes of the file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    for _ in 0..READS_MAX {
        let tried = read_once(path).map_err(|error| LoadError::File { path: path.to_owned(), error })?;
        match tried {
            Tried::Whole(bytes) => return Ok(bytes),
            Tried::TooLarge => return Err(LoadError::TooLarge { path: path.to_owned() }),
            Tried::Changing => thread::sleep(QUIET),
        }
    }
    Err(LoadError::Changing { path: path.to_owned() })
}

enum Tried {
    Whole(Vec<u8>),
    TooLarge,
    Changing,
}

fn read_once(path: &Path) -> io::Result<Tried> {
    let (mut file, before) = file::open(path)?;
    if before.len() > PLUGIN_BYTES_MAX {
        return Ok(Tried::TooLarge);
    }
    if !is_quiet(&before) {
        return Ok(Tried::Changing);
    }
    let mut bytes = Vec::new();
    // One byte more than there should be, to notice a file that grows.
    file.by_ref().take(before.len() + 1).read_to_end(&mut bytes)?;
    // By its path: the file may have been replaced by another meanwhile.
    let same = identity(&before) == identity(&path.metadata()?) && bytes.len() as u64 == before.len();
    Ok(if same { Tried::Whole(bytes) } else { Tried::Changing })
}

/// Whether nobody wrote to the file just now. A time in the future, from another machine's clock, tells nothing.
fn is_quiet(metadata: &Metadata) -> bool {
    let modified = metadata.modified().ok();
    let age = modified.and_then(|modified| SystemTime::now().duration_since(modified).ok());
    age.is_none_or(|age| age >= QUIET)
}

/// What changes when a file does.
fn identity(metadata: &Metadata) -> (u64, u64, u64, i64, i64) {
    (metadata.dev(), metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_left_alone_until_nobody_wrote_to_it_for_a_moment() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("plugin.wasm");
        fs::write(&path, b"new").unwrap();
        assert_eq!(read(&path).unwrap(), b"new");
        let age = fs::metadata(&path).unwrap().modified().unwrap().elapsed().unwrap();
        assert!(age >= QUIET, "read after {age:?}");
    }

    #[test]
    fn a_fifo_is_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("plugin.wasm");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR).unwrap();
        let refused = read(&path).unwrap_err().to_string();
        assert!(refused.contains("it is a FIFO: name a regular file"), "{refused}");
    }
}
