//! A small disk of its own, to be filled: an image with ext4 on it, or, where no image can be mounted, a tmpfs.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// Its size: room for a store, what it keeps beside itself, and some seconds of work; and quickly filled.
const BYTES: u64 = 256 << 20;

/// The disk, until it is dropped.
pub struct Disk {
    folder: TempDir,
    /// What it is, for people.
    pub what: &'static str,
}

impl Disk {
    /// A disk; none where this machine lets nobody mount one.
    pub fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let (image, place) = (folder.path().join("image"), folder.path().join("disk"));
        fs::create_dir(&place).unwrap();
        File::create(&image).unwrap().set_len(BYTES).unwrap();
        // No blocks are kept back for root: the last byte is to be had.
        let ext4 = run(Command::new("mkfs.ext4").args(["-q", "-m", "0"]).arg(&image))
            && run(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(&place));
        if ext4 {
            return Some(Self { folder, what: "an ext4 image" });
        }
        let size = format!("size={BYTES}");
        let tmpfs = run(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "mpy6a-torture"]).arg(&place));
        tmpfs.then_some(Self { folder, what: "a tmpfs" })
    }

    /// Where it is mounted.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// Fill it, to the last byte.
    pub fn fill(&self) {
        let mut ballast = File::options().create(true).append(true).open(self.ballast()).unwrap();
        for bytes in [1 << 20, 4096, 1] {
            let some = vec![0xB5; bytes];
            while ballast.write_all(&some).is_ok() {}
        }
        let _ = ballast.sync_all();
    }

    /// Make room again.
    pub fn empty(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        unmount(&self.path());
    }
}

/// Lazily: a host that is being killed may still have a file open.
fn unmount(place: &Path) {
    run(Command::new("umount").arg("-l").arg(place));
}

fn run(command: &mut Command) -> bool {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
