//! Making a store where there is none: aside, as a whole, and only then under its name. A host that dies meanwhile leaves
//! nothing in the way of the next.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use ::redb::Builder;

use super::{
    RedbStore,
    open::{OpenError, explain, guarded},
};

/// Make an empty store. If another host was quicker, its store is left alone.
///
/// # Errors
///
/// See [`OpenError`].
pub fn make(path: &Path) -> Result<(), OpenError> {
    let fail = |source| OpenError::Io { path: path.to_owned(), source };
    // A name of its own: two hosts that start at once must not write to one file.
    let aside = beside(path, &format!("{:016x}", rand::random::<u64>()));
    let made = fill(&aside).and_then(|()| put_in_place(&aside, path).map_err(fail));
    let removed = fs::remove_file(&aside);
    made?;
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(fail(error)),
        _ => Ok(()),
    }
}

/// Remove what hosts that died had begun to make. To be called by whoever has the store open.
///
/// # Errors
///
/// The operating system's.
pub fn tidy(path: &Path) -> io::Result<()> {
    let begins = beside(path, "").file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    for entry in fs::read_dir(folder_of(path))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&begins) {
            match fs::remove_file(entry.path()) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

fn fill(aside: &Path) -> Result<(), OpenError> {
    let options = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(aside);
    options.map_err(|source| OpenError::Io { path: aside.to_owned(), source })?;
    guarded(aside, || {
        let database = Builder::new().create(aside).map_err(|error| explain(aside, error))?;
        RedbStore::prepare(database).map(drop).map_err(|error| explain(aside, error.into()))
    })
}

/// Give the file its name, unless there is one of that name by now, and make the name durable.
fn put_in_place(aside: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(aside, path) {
        Ok(()) => {}
        // Another host was quicker. It may have tidied this one's file away, too.
        Err(_) if path.exists() => {}
        // A file system without links.
        Err(_) => fs::rename(aside, path)?,
    }
    File::open(folder_of(path))?.sync_all()
}

/// A name beside this file's, for what is not finished.
pub fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-unfinished-");
    name.push(end);
    PathBuf::from(name)
}

/// The folder that this file lies in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
