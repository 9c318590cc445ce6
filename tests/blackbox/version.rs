//! `mpy6a --version` names the commit, wherever the sources lie; and the script that finds it out has no reason to run again
//! where nothing changed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::harness::serve;

// The build script itself, whose functions are asked here about other folders.
#[path = "../../host/server/build.rs"]
#[allow(dead_code)]
mod build;

/// The time of every commit here, and its date.
const COMMITTED: &str = "2026-11-23T04:05:06+0000";
const DATE: &str = "2026-11-23";

#[test]
fn the_program_names_its_commit_and_its_engine() {
    let said = |option| {
        let output = serve().arg(option).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let (short, long) = (said("-V"), said("--version"));
    assert_eq!(long.lines().next(), short.lines().next());
    let engine = long.lines().nth(1).unwrap().strip_prefix("wasmtime ").unwrap();
    assert!(engine.split('.').count() == 3, "{long}");
    let inner = short.trim().strip_prefix(concat!("mpy6a ", env!("CARGO_PKG_VERSION"), " (")).unwrap();
    assert!(build::is_fit(inner.strip_suffix(')').unwrap()), "{short}");
}

#[test]
fn a_work_tree_says_its_commit_and_whether_it_was_changed() {
    let tree = Tree::new();
    let clean = tree.commit();
    assert_eq!(clean, format!("{} {DATE}", &tree.head()[..7]));
    tree.write("notes.md", "not in the program");
    tree.git(&["add", "."]);
    assert_eq!(tree.commit(), clean, "what is not in the program makes no other program");
    tree.write("host/lib.rs", "changed");
    assert_eq!(tree.commit(), format!("{clean}, modified"));
}

#[test]
fn linked_and_shallow_work_trees_say_the_same() {
    let tree = Tree::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let (linked, shallow) = (elsewhere.path().join("linked"), elsewhere.path().join("shallow"));
    tree.git(&["worktree", "add", "--quiet", linked.to_str().unwrap()]);
    let from = format!("file://{}", tree.root().display());
    tree.git(&["clone", "--quiet", "--depth", "1", &from, shallow.to_str().unwrap()]);
    for root in [linked, shallow] {
        assert_eq!(build::commit(&root).as_ref(), Some(&tree.commit()), "{}", root.display());
        let watched = build::watched(&root);
        assert!(watched.iter().any(|path| path.ends_with("HEAD")), "{watched:?}");
        assert!(watched.iter().all(|path| path.exists()), "cargo would run the script at every build: {watched:?}");
    }
}

#[test]
fn sources_without_a_repository_of_their_own_have_no_commit() {
    let nowhere = tempfile::tempdir().unwrap();
    assert_eq!(build::commit(nowhere.path()), None);
    // Unpacked within somebody else's.
    let tree = Tree::new();
    assert_eq!(build::commit(&tree.root().join("host")), None);
    assert_eq!(build::commit(Path::new("/no/such/folder")), None);
}

#[test]
fn what_was_looked_at_changes_with_a_commit_and_not_with_a_look() {
    let tree = Tree::new();
    let seen = || {
        let files = build::watched(&tree.root());
        files.into_iter().map(|file| (fs::metadata(&file).unwrap().modified().unwrap(), file)).collect::<Vec<_>>()
    };
    let before = seen();
    tree.git(&["status"]);
    tree.commit();
    assert_eq!(seen(), before);
    tree.git(&["commit", "--quiet", "--allow-empty", "--message", "two"]);
    assert_ne!(seen(), before);
}

#[test]
fn a_given_commit_is_one_short_line() {
    for fit in ["5df9df5 2026-11-23", "v0.1.0"] {
        assert!(build::is_fit(fit), "{fit}");
    }
    for unfit in ["", " ", "two\nlines", "\u{1b}[31m", &"7".repeat(65)] {
        assert!(!build::is_fit(unfit), "{unfit:?}");
    }
}

/// A repository with one commit of one source.
struct Tree(TempDir);

impl Tree {
    fn new() -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        tree.git(&["init", "--quiet"]);
        tree.write("host/lib.rs", "one");
        tree.git(&["add", "."]);
        tree.git(&["commit", "--quiet", "--message", "one"]);
        tree
    }

    fn root(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    fn write(&self, name: &str, text: &str) {
        let file = self.root().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn commit(&self) -> String {
        build::commit(&self.root()).unwrap()
    }

    fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(self.root())
            .args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
            .args(arguments);
        command.env("GIT_COMMITTER_DATE", COMMITTED).env("GIT_AUTHOR_DATE", COMMITTED).env_remove("GIT_DIR");
        let output = command.output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}
