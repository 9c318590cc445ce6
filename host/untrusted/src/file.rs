//! Opens files that a config or a person names.
//!
//! A path may name anything: opening a FIFO waits for its other end, opening a device may act on it, and reading either may
//! never end. So a path is looked at first, opened without waiting, looked at again through the descriptor, and read up to a
//! bound.

use std::{
    fs::{self, File, FileType, Metadata, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _},
    path::Path,
};

use rustix::fs::OFlags;

/// A file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system's reason, or that it is no regular file.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It has more bytes than these.
    #[error("longer than {0} bytes")]
    TooLong(u64),
}

/// Open a regular file to read it. Never waits for another process.
///
/// # Errors
///
/// The system's; [`io::ErrorKind::InvalidInput`] where the path names something else, with its name.
pub fn open(path: &Path) -> io::Result<(File, Metadata)> {
    regular(&fs::metadata(path)?)?;
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    // Another file may be there by now.
    let metadata = file.metadata()?;
    regular(&metadata)?;
    Ok((file, metadata))
}

/// The bytes of a regular file, at most so many.
///
/// # Errors
///
/// As [`open`], and [`ReadError::TooLong`].
pub fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, ReadError> {
    let (file, _) = open(path)?;
    let mut bytes = Vec::new();
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(ReadError::TooLong(bytes_max));
    }
    Ok(bytes)
}

fn regular(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    let message = format!("it is a {}: name a regular file", name(metadata.file_type()));
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}

fn name(it: FileType) -> &'static str {
    if it.is_dir() {
        "folder"
    } else if it.is_fifo() {
        "FIFO"
    } else if it.is_socket() {
        "socket"
    } else {
        "device"
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::net::UnixListener;

    use rustix::fs::{CWD, Mode, mkfifoat};

    use super::*;

    #[test]
    fn only_regular_files_are_opened_and_nothing_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        mkfifoat(CWD, path("fifo"), Mode::RUSR).unwrap();
        let _socket = UnixListener::bind(path("socket")).unwrap();
        std::os::unix::fs::symlink(path("fifo"), path("link")).unwrap();
        let refused = |path: &Path| open(path).unwrap_err().to_string();
        assert_eq!(refused(&path("fifo")), "it is a FIFO: name a regular file");
        assert_eq!(refused(&path("link")), "it is a FIFO: name a regular file");
        assert_eq!(refused(&path("socket")), "it is a socket: name a regular file");
        assert_eq!(refused(folder.path()), "it is a folder: name a regular file");
        assert_eq!(refused(Path::new("/dev/zero")), "it is a device: name a regular file");
    }

    #[test]
    fn a_file_is_read_up_to_its_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "1234").unwrap();
        assert_eq!(read(&path, 4).unwrap(), b"1234");
        assert!(matches!(read(&path, 3), Err(ReadError::TooLong(3))));
        assert!(matches!(read(&folder.path().join("b"), 3), Err(ReadError::Io(_))));
    }
}
