//! Folders that are for the host's user alone: the log of the store, recordings, compiled plugins.
//!
//! | what lies there | what becomes of it |
//! |---|---|
//! | nothing | a folder is made, mode 0700, whatever the umask |
//! | this user's folder, mode 0700 or less | used |
//! | this user's folder, open to others | closed by [`private`]; [`look`] says how it is |
//! | another user's folder, anything else | refused |
//!
//! A symbolic link is followed where it is this user's or root's: another user could let it point elsewhere at any time.

use std::{
    fs::{self, DirBuilder, Metadata, Permissions},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

/// For the owner alone.
const MODE: u32 = 0o700;
/// The rights of everybody else.
const OTHERS: u32 = 0o077;

/// A folder that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The system's reason.
    #[error("the folder {}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Something else is there.
    #[error("{} is no folder: move it away", .0.display())]
    NoFolder(PathBuf),
    /// It, or the link to it, is another user's.
    #[error("{} belongs to user {owner}, and the host is user {user}: chown it, or run the host as its owner", path.display())]
    Foreign {
        /// Which.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who asked.
        user: u32,
    },
}

/// How a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not there.
    Missing,
    /// This user's alone.
    Private,
    /// This user's, and others may read or write there.
    Open,
}

/// Look at a folder, and change nothing.
///
/// # Errors
///
/// It is none, or not this user's.
pub fn look(path: &Path) -> Result<Standing, FolderError> {
    look_for(path, user())
}

/// The user that this process is.
#[must_use]
pub fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The same, for a process of another user.
///
/// # Errors
///
/// It is none, or not that user's.
pub fn look_for(path: &Path, user: u32) -> Result<Standing, FolderError> {
    let failed = |error| FolderError::Io { path: path.to_owned(), error };
    let link = match fs::symlink_metadata(path) {
        Ok(link) => link,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Standing::Missing),
        Err(error) => return Err(failed(error)),
    };
    if link.is_symlink() && link.uid() != 0 {
        owned(path, &link, user)?;
    }
    let folder = fs::metadata(path).map_err(failed)?;
    if !folder.is_dir() {
        return Err(FolderError::NoFolder(path.to_owned()));
    }
    owned(path, &folder, user)?;
    Ok(if folder.mode() & OTHERS == 0 { Standing::Private } else { Standing::Open })
}

/// Make a folder private: made where there is none, with those that it lies in; closed where it was open. Answers how it was.
///
/// # Errors
///
/// It cannot be made or closed, is no folder, or is another user's.
pub fn private(path: &Path) -> Result<Standing, FolderError> {
    let failed = |error| FolderError::Io { path: path.to_owned(), error };
    let standing = look(path)?;
    if standing == Standing::Missing {
        DirBuilder::new().recursive(true).mode(MODE).create(path).map_err(failed)?;
        // Another process may have made something there meanwhile.
        look(path)?;
    }
    if standing != Standing::Private {
        // The umask may have taken rights of the owner from a new one.
        fs::set_permissions(path, Permissions::from_mode(MODE)).map_err(failed)?;
    }
    Ok(standing)
}

fn owned(path: &Path, metadata: &Metadata, user: u32) -> Result<(), FolderError> {
    let owner = metadata.uid();
    if owner == user { Ok(()) } else { Err(FolderError::Foreign { path: path.to_owned(), owner, user }) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn a_folder_is_made_for_its_owner_and_an_open_one_is_closed() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        assert_eq!(look(&path).unwrap(), Standing::Missing);
        assert_eq!(private(&path).unwrap(), Standing::Missing);
        assert_eq!((mode(&path), look(&path).unwrap()), (0o700, Standing::Private));
        fs::set_permissions(&path, Permissions::from_mode(0o775)).unwrap();
        assert_eq!((look(&path).unwrap(), mode(&path)), (Standing::Open, 0o775), "looking changes nothing");
        assert_eq!((private(&path).unwrap(), mode(&path)), (Standing::Open, 0o700));
        assert_eq!(private(&path).unwrap(), Standing::Private);
    }

    #[test]
    fn anything_else_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a");
        fs::write(&path, "").unwrap();
        assert!(matches!(private(&path), Err(FolderError::NoFolder(_))));
        let own = parent.path().join("link");
        std::os::unix::fs::symlink(parent.path(), &own).unwrap();
        private(parent.path()).unwrap();
        assert_eq!(look(&own).unwrap(), Standing::Private);
        // Root can give a folder away; another user is given `/`, which is root's.
        let foreign = parent.path().join("foreign");
        fs::create_dir(&foreign).unwrap();
        let given = std::os::unix::fs::chown(&foreign, Some(1), None).is_ok();
        let foreign = if given { foreign } else { PathBuf::from("/") };
        assert!(matches!(private(&foreign), Err(FolderError::Foreign { .. })));
        if given {
            std::os::unix::fs::lchown(&own, Some(1), None).unwrap();
            assert!(matches!(look(&own), Err(FolderError::Foreign { .. })), "another user's link");
        }
    }
}
