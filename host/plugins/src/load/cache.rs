//! The compile cache: machine code of components, kept between starts.
//!
//! Code from here runs in the host, outside the sandbox. So the folder and its files are this user's alone (checked each time),
//! a file carries a checksum of its contents (a torn or damaged one is ignored and made anew), and nobody else's files are ever
//! accepted. A file is written aside and renamed; it is read into memory and never mapped, so replacing it harms nobody.
//!
//! An entry is named by the digest of the component and a hash of everything in the engine that shapes its code. Failures
//! here cost time and nothing else: they are logged, and the component is compiled.

use std::{
    fs::{self, Metadata, OpenOptions},
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
    time::SystemTime,
};

use mpy6a_untrusted::{
    file,
    folder::{self, FolderError, Standing},
};
use wasmtime::{Engine, component::Component};
use xxhash_rust::xxh3::xxh3_128;

use crate::limits::CACHE_BYTES_MAX;

/// How an entry begins: a name for its layout.
pub(super) const MAGIC: [u8; 8] = *b"mpy6aWC2";
/// [`MAGIC`], then XXH3-128 of the rest. It is there against torn writes and failing disks: against people there are the rights of
/// the folder. A SHA-256 would take most of the time of loading a Python handler (60 MB of code) from here.
const HEAD_BYTES: usize = MAGIC.len() + 16;
const SUFFIX: &str = "cwasm";
/// Only the owner may read or write.
const FILE_MODE: u32 = 0o600;
/// Anybody else's rights.
const OTHERS: u32 = 0o077;

/// The folder of the cache cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It cannot be made or read.
    #[error("the folder for compiled plugins, {path}, cannot be used: {error}; name another one or none")]
    Io {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// Others could put code into it.
    #[error(
        "the folder for compiled plugins, {0}, is not this user's alone: chown it to the host's user and chmod it to 700"
    )]
    NotPrivate(PathBuf),
}

/// The cache of one engine.
pub(crate) struct Cache {
    folder: PathBuf,
    engine: u64,
}

impl Cache {
    /// Use this folder, which is made if there is none.
    pub(crate) fn open(folder: PathBuf, engine: &Engine) -> Result<Self, CacheError> {
        let standing = folder::look(&folder).and_then(|standing| match standing {
            Standing::Missing => folder::private(&folder).map(|_| Standing::Private),
            standing => Ok(standing),
        });
        match standing {
            Ok(Standing::Private) => {}
            // Others may have put code there: closing it now would not take that out again.
            Ok(_) | Err(FolderError::NoFolder(_) | FolderError::Foreign { .. }) => {
                return Err(CacheError::NotPrivate(folder));
            }
            Err(FolderError::Io { path, error }) => return Err(CacheError::Io { path, error }),
        }
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Self { folder, engine: hasher.finish() })
    }

    /// The component with this digest, if it was compiled before.
    pub(crate) fn get(&self, engine: &Engine, digest: [u8; 32]) -> Option<Component> {
        let path = self.path(digest);
        let entry = match read_entry(&path) {
            Ok(entry) => entry?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => return log_failure(&path, &error),
        };
        // SAFETY: `deserialize` trusts its input to come from wasmtime's own `serialize`. The file is this user's and nobody
        // else can write it, its checksum says that it is what `put` wrote, and `put` writes nothing but `serialize`'s output.
        // wasmtime itself checks that version and configuration of the engine are the same.
        #[allow(unsafe_code)]
        let component = unsafe { Component::deserialize(engine, &entry[HEAD_BYTES..]) };
        component.map_err(|error| log_failure::<()>(&path, &format_args!("{error:#}"))).ok()
    }

    /// Keep a compiled component.
    pub(crate) fn put(&self, component: &Component, digest: [u8; 32]) {
        let path = self.path(digest);
        let written = component.serialize().map_err(|error| io::Error::other(format!("{error:#}"))).and_then(|code| {
            self.write(&path, &code)?;
            self.evict()
        });
        if let Err(error) = written {
            log_failure::<()>(&path, &error);
        }
    }

    fn path(&self, digest: [u8; 32]) -> PathBuf {
        self.folder.join(format!("{}-{:016x}.{SUFFIX}", hex::encode(digest), self.engine))
    }

    fn write(&self, path: &Path, code: &[u8]) -> io::Result<()> {
        // Two loads in this process, or two processes, may write the same entry: each has a file of its own.
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let aside = self.folder.join(format!(".{}-{number}.tmp", process::id()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&aside)?;
        let written = file
            .write_all(&MAGIC)
            .and_then(|()| file.write_all(&xxh3_128(code).to_le_bytes()))
            .and_then(|()| file.write_all(code))
            .and_then(|()| fs::rename(&aside, path));
        if written.is_err() {
            let _ = fs::remove_file(&aside);
        }
        written
    }

    /// Delete what was not used for longest until the rest fits; files left behind by a host that died count too.
    fn evict(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_file() {
                files.push((metadata.modified()?, metadata.len(), entry.path()));
            }
        }
        files.sort();
        let mut bytes: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, length, path) in files {
            if bytes <= CACHE_BYTES_MAX {
                break;
            }
            fs::remove_file(path)?;
            bytes -= length;
        }
        Ok(())
    }
}

/// A whole entry, with the code behind its head; none if the entry is not what [`Cache::put`] wrote.
fn read_entry(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let (mut file, metadata) = file::open(path)?;
    if !is_private(&metadata) || metadata.len() > CACHE_BYTES_MAX {
        return Ok(log_failure(path, &"it is not this user's alone, or too large"));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let intact = bytes.len() >= HEAD_BYTES
        && bytes[..MAGIC.len()] == MAGIC
        && bytes[MAGIC.len()..HEAD_BYTES] == xxh3_128(&bytes[HEAD_BYTES..]).to_le_bytes();
    if !intact {
        return Ok(log_failure(path, &"it is damaged"));
    }
    // The time of use decides what goes first. Without it, the time of writing does.
    let _ = file.set_modified(SystemTime::now());
    Ok(Some(bytes))
}

fn is_private(metadata: &Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & OTHERS == 0
}

fn log_failure<T>(path: &Path, error: &dyn std::fmt::Display) -> Option<T> {
    tracing::warn!(path = %path.display(), %error, "an entry of the compile cache is not used, the plugin is compiled");
    None
}
