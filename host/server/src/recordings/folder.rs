//! The folder of recordings: `KIND/FENCE.recording`, and `plugins/DIGEST.wasm`.
//!
//! A file is written aside, as `….part`, and renamed: a host that is killed meanwhile leaves a part, which the next one removes, as
//! it removes whatever is no whole recording. After a power cut a renamed file may lack its end; it is found out by its length
//! then, or by its digest when it is read.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use mpy6a_untrusted::{
    file,
    folder::{self, Standing},
};
use tracing::warn;

use super::{
    Entry,
    format::{HEAD_BYTES, head},
};

/// Where plugin files lie.
const PLUGINS: &str = "plugins";
/// How the names of recordings end.
const RECORDING: &str = "recording";

/// The folder.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// A folder there, which need not exist.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Make it, remove what is no whole recording, and say what is left.
    ///
    /// # Errors
    ///
    /// The system's, where the folder cannot be made or read.
    pub fn open(&self) -> io::Result<Vec<Entry>> {
        if folder::private(&self.0).map_err(io::Error::other)? == Standing::Open {
            let folder = self.0.display();
            warn!(%folder, "the folder of recordings was open to other users, and is closed to them now: mode 0700");
        }
        private(&self.0.join(PLUGINS))?;
        let mut entries = Vec::new();
        for folder in fs::read_dir(&self.0)? {
            let folder = folder?.path();
            if folder.file_name().is_some_and(|name| name == PLUGINS) {
                remove_parts(&folder)?;
                continue;
            }
            if !folder.is_dir() {
                continue;
            }
            for file in fs::read_dir(&folder)? {
                let file = file?.path();
                match look(&file).filter(|entry| self.file(entry) == file) {
                    Some(entry) => entries.push(entry),
                    None => fs::remove_file(&file)?,
                }
            }
        }
        Ok(entries)
    }

    fn file(&self, entry: &Entry) -> PathBuf {
        self.0.join(entry.kind.to_string()).join(format!("{}.{RECORDING}", entry.fence))
    }

    fn plugin_file(&self, digest: [u8; 32]) -> PathBuf {
        self.0.join(PLUGINS).join(format!("{}.wasm", hex::encode(digest)))
    }

    /// Write a recording.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn write(&self, entry: &Entry, bytes: &[u8]) -> io::Result<()> {
        put(&self.file(entry), bytes)
    }

    /// Read a recording.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn read(&self, entry: &Entry) -> io::Result<Vec<u8>> {
        file::read(&self.file(entry), entry.bytes).map_err(io::Error::other)
    }

    /// Remove a recording.
    pub fn remove(&self, entry: &Entry) {
        // It is gone, or the next host finds it again and removes it.
        let _ = fs::remove_file(self.file(entry));
    }

    /// Keep the bytes of a plugin.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn write_plugin(&self, digest: [u8; 32], bytes: &[u8]) -> io::Result<()> {
        put(&self.plugin_file(digest), bytes)
    }

    /// A plugin that is kept, to be read.
    ///
    /// # Errors
    ///
    /// The system's, where it is not.
    pub fn plugin(&self, digest: [u8; 32]) -> io::Result<File> {
        file::open(&self.plugin_file(digest)).map(|(file, _)| file)
    }

    /// The plugins that are kept: digest and length in bytes.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn plugins(&self) -> io::Result<Vec<([u8; 32], u64)>> {
        let mut plugins = Vec::new();
        for file in fs::read_dir(self.0.join(PLUGINS))? {
            let file = file?;
            let mut digest = [0; 32];
            let stem = file.path().file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            if hex::decode_to_slice(&stem, &mut digest).is_ok() {
                plugins.push((digest, file.metadata()?.len()));
            }
        }
        Ok(plugins)
    }

    /// Keep a plugin no longer.
    pub fn remove_plugin(&self, digest: [u8; 32]) {
        let _ = fs::remove_file(self.plugin_file(digest));
    }
}

/// What a file says that it is, if it is as long as it says.
fn look(path: &Path) -> Option<Entry> {
    let (mut file, metadata) = file::open(path).ok()?;
    let mut first = [0; HEAD_BYTES];
    file.read_exact(&mut first).ok()?;
    let (entry, _) = head(&first).ok()?;
    (metadata.len() == entry.bytes).then_some(entry)
}

fn remove_parts(folder: &Path) -> io::Result<()> {
    for file in fs::read_dir(folder)? {
        let file = file?.path();
        if file.extension().is_none_or(|end| end != "wasm") {
            fs::remove_file(file)?;
        }
    }
    Ok(())
}

/// Write a file aside, and give it its name.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        private(folder)?;
    }
    let aside = path.with_extension("part");
    // A part left over by a host that died; it may be any kind of file.
    match fs::remove_file(&aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside);
    let written = written.and_then(|mut file| file.write_all(bytes)).and_then(|()| fs::rename(&aside, path));
    if written.is_err() {
        let _ = fs::remove_file(&aside);
    }
    written
}

/// A folder for its owner alone, and those that it lies in.
fn private(folder: &Path) -> io::Result<()> {
    folder::private(folder).map(drop).map_err(io::Error::other)
}
