//! The files that the log writes: a seam, so that a simulation can be the disk.
//!
//! [`Folder`] and [`File`] are the little that the [log](super::log) asks of a file system; [`RealFolder`] asks the
//! operating system for it.

use std::{
    fmt, fs, io,
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use mpy6a_untrusted::folder::{self, FolderError, Standing};

/// A folder of files.
pub trait Folder: Send + Sync + fmt::Debug {
    /// The names of the files in it, in any order.
    ///
    /// # Errors
    ///
    /// The operating system's.
    fn names(&self) -> io::Result<Vec<String>>;

    /// Open a file that is there.
    ///
    /// # Errors
    ///
    /// The operating system's.
    fn open(&self, name: &str) -> io::Result<Box<dyn File>>;

    /// Make a file of this many bytes: `head`, then zeros. When this returns Ok it is there as a whole and durable, and so
    /// is its name; before, it is not there at all.
    ///
    /// # Errors
    ///
    /// The operating system's; no room, most likely.
    fn create(&self, name: &str, head: &[u8], bytes: u64) -> io::Result<Box<dyn File>>;

    /// Remove a file. After a crash it may be there again.
    ///
    /// # Errors
    ///
    /// The operating system's.
    fn remove(&self, name: &str) -> io::Result<()>;
}

/// A file whose length never changes.
pub trait File: Send + Sync + fmt::Debug {
    /// Its length, in bytes.
    ///
    /// # Errors
    ///
    /// The operating system's.
    fn len(&self) -> io::Result<u64>;

    /// Whether it has no bytes.
    ///
    /// # Errors
    ///
    /// The operating system's.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Fill `out` from this offset.
    ///
    /// # Errors
    ///
    /// The operating system's, also if the file ends before.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;

    /// Write all of `data` at this offset.
    ///
    /// # Errors
    ///
    /// The operating system's. Any part of it may have been written then.
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()>;

    /// Make everything written durable (`fdatasync`).
    ///
    /// # Errors
    ///
    /// The operating system's. What was written since the last sync may be lost for good then, whatever a later sync says.
    fn sync(&self) -> io::Result<()>;
}

/// A folder of the operating system, made when the first file is.
#[derive(Clone, Debug)]
pub struct RealFolder {
    path: PathBuf,
}

/// What the name of a file ends with while it is being made.
const UNFINISHED: &str = ".unfinished";

/// How much is written at once when a file is made, in bytes.
const ZEROS_BYTES: usize = 1 << 20;

impl RealFolder {
    /// The folder at this path.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Make the name of everything in a folder durable.
    fn sync_folder(path: &Path) -> io::Result<()> {
        fs::File::open(path)?.sync_all()
    }

    /// Remove what a host that died was making.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn tidy(&self) -> io::Result<()> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_name().to_string_lossy().ends_with(UNFINISHED) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Close the folder to other users, if it is there. The records in it are for the host's user alone.
    ///
    /// # Errors
    ///
    /// It is another user's, or no folder, or cannot be closed.
    pub fn close(&self) -> Result<(), FolderError> {
        match folder::look(&self.path)? {
            Standing::Missing | Standing::Private => Ok(()),
            Standing::Open => {
                folder::private(&self.path)?;
                let folder = self.path.display();
                tracing::warn!(%folder, "the log's folder was open to other users, and is closed to them now: mode 0700");
                Ok(())
            }
        }
    }

    fn make_folder(&self) -> io::Result<()> {
        // With the folder that the store lies in missing, nothing is made.
        let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::metadata(parent)?;
        match folder::private(&self.path).map_err(io::Error::other)? {
            Standing::Missing => Self::sync_folder(parent),
            Standing::Private | Standing::Open => Ok(()),
        }
    }
}

impl Folder for RealFolder {
    fn names(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.filter(|name| !name.as_ref().is_ok_and(|name| name.ends_with(UNFINISHED))).collect()
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn File>> {
        let file = fs::OpenOptions::new().read(true).write(true).open(self.path.join(name))?;
        forget_cached(&file)?;
        Ok(Box::new(RealFile(file)))
    }

    fn create(&self, name: &str, head: &[u8], bytes: u64) -> io::Result<Box<dyn File>> {
        self.make_folder()?;
        // Each its own: the writer may need one while another is being made beside it.
        let aside = self.path.join(format!("{name}{UNFINISHED}"));
        let mut options = fs::OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
        // Zeros, not a hole: writing into a hole makes every sync pay for allocating blocks.
        let zeros = vec![0; ZEROS_BYTES];
        let mut at = 0;
        while at < bytes {
            let length = usize::try_from(bytes - at).unwrap_or(usize::MAX).min(ZEROS_BYTES);
            file.write_all_at(&zeros[..length], at)?;
            at += ZEROS_BYTES as u64;
        }
        file.write_all_at(head, 0)?;
        file.sync_all()?;
        fs::rename(&aside, self.path.join(name))?;
        Self::sync_folder(&self.path)?;
        Ok(Box::new(RealFile(file)))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }
}

/// Make sure that reading shows what is on the disk. After a failed sync the system may keep pages in memory that never
/// reached it, and show them to whoever opens the file next: a later power failure would then take back what the next
/// host has built on.
///
/// # Errors
///
/// The operating system's: what it holds of the file cannot be written.
pub fn forget_cached(file: &fs::File) -> io::Result<()> {
    file.sync_data()?;
    // Advice: a file system that cannot follow it keeps no cache of this kind.
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed);
    Ok(())
}

#[derive(Debug)]
struct RealFile(fs::File);

impl File for RealFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(out, offset)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write_all_at(data, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}
