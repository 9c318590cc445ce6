//! Says which commit the program is built from, for `mpy6a --version`: sets `MPY6A_BUILD` for the compiler.
//!
//! | where the sources lie | what it says |
//! |---|---|
//! | in a work tree of their own repository, also a shallow or a linked one | `5df9df5 2026-11-23` |
//! | there, and tracked files that go into the program differ from the commit | `5df9df5 2026-11-23, modified` |
//! | elsewhere: an unpacked archive, a container's build | `commit unknown` |
//! | anywhere, and `MPY6A_COMMIT` is set | what that says |
//!
//! The date is the commit's, so that two builds of one commit are the same program. Cargo runs this again when the commit
//! changes or a file that it looked at does, and otherwise not: nothing is built anew for its sake.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// The variable that says which commit it is, where Git cannot.
const VARIABLE: &str = "MPY6A_COMMIT";

/// What goes into the program, from the root of the repository.
const SOURCES: [&str; 5] = ["Cargo.lock", "Cargo.toml", "host", "sdk", "wit"];

/// How much of a commit's name is shown, in hex digits. Git itself shows more in a repository with more commits: then a
/// shallow clone would make another program.
const COMMIT_DIGITS: usize = 7;

/// Longest text that `MPY6A_COMMIT` may hold, in bytes: a whole commit's name and a date fit.
const GIVEN_BYTES_MAX: usize = 64;

fn main() {
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    println!("cargo::rerun-if-changed=build.rs");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let build = match env::var(VARIABLE) {
        Ok(given) if is_fit(&given) => given,
        Ok(given) if !given.is_empty() => {
            println!("cargo::error={VARIABLE} is no commit: give at most {GIVEN_BYTES_MAX} printable ASCII characters");
            return;
        }
        _ => {
            watched(&root).iter().for_each(|path| println!("cargo::rerun-if-changed={}", path.display()));
            commit(&root).unwrap_or_else(|| "commit unknown".to_owned())
        }
    };
    println!("cargo::rustc-env=MPY6A_BUILD={build}");
}

/// Whether a text may stand in the version: one short line.
pub fn is_fit(given: &str) -> bool {
    let printable = given.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    !given.trim().is_empty() && given.len() <= GIVEN_BYTES_MAX && printable
}

/// The commit that lies in `root`, its date, and whether the sources differ from it. None where `root` is not the root of a
/// work tree, or there is no Git.
pub fn commit(root: &Path) -> Option<String> {
    let top = git(root, &["rev-parse", "--show-toplevel"])?;
    // Sources that lie unpacked within another repository are not its commit.
    if Path::new(&top).canonicalize().ok()? != root.canonicalize().ok()? {
        return None;
    }
    let head = git(root, &["log", "-1", "--format=%H %cs"])?;
    let (commit, date) = head.split_once(' ')?;
    let changes = git(root, &[&["status", "--porcelain", "--untracked-files=no", "--"], SOURCES.as_slice()].concat())?;
    let modified = if changes.is_empty() { "" } else { ", modified" };
    Some(format!("{} {date}{modified}", commit.get(..COMMIT_DIGITS)?))
}

/// The files that [`commit`] depends on. Only such as exist: for one that does not cargo would run this at every build.
pub fn watched(root: &Path) -> Vec<PathBuf> {
    // The log of HEAD grows with every commit and checkout. The index also changes where nothing did.
    let heads = ["HEAD", "logs/HEAD"].iter().filter_map(|name| git(root, &["rev-parse", "--git-path", name]));
    let tracked = git(root, &[&["ls-files", "--"], SOURCES.as_slice()].concat()).unwrap_or_default();
    let files = heads.chain(tracked.lines().map(str::to_owned)).map(|path| root.join(path));
    files.filter(|file| file.exists()).collect()
}

/// What Git says of the work tree at `root`, or none where it refuses.
fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    // Nothing is written, and a hook that runs this must not speak of its own repository.
    command.arg("--no-optional-locks").arg("-C").arg(root).args(arguments);
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(name);
    }
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim_end().to_owned())
}
