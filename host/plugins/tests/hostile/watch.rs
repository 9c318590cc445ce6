//! The memory of this process: how far it grew since a moment.

use std::{fs, sync::OnceLock};

/// What makes the kernel count a process's peak from now on (`man 5 proc_pid_clear_refs`).
const RESET_PEAK: &str = "5";

/// A watch on the memory that is really there, in bytes.
pub struct Watch {
    /// What there was when the watch began.
    before: u64,
    /// What there was when the first watch of all began, so that what earlier attacks left behind counts, too.
    at_first: u64,
}

impl Watch {
    pub fn begin() -> Self {
        static AT_FIRST: OnceLock<u64> = OnceLock::new();
        fs::write("/proc/self/clear_refs", RESET_PEAK).unwrap();
        let before = status("VmRSS:");
        Self { before, at_first: *AT_FIRST.get_or_init(|| before) }
    }

    /// By how many bytes the peak since the watch began is over what there was.
    pub fn growth(&self) -> u64 {
        status("VmHWM:").saturating_sub(self.before)
    }

    /// By how many bytes it is over what there was before all attacks.
    pub fn growth_in_all(&self) -> u64 {
        status("VmHWM:").saturating_sub(self.at_first)
    }
}

/// A line of `/proc/self/status`, in bytes.
fn status(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kibibytes << 10
}

/// What tests before this one held is given back in its own time, which hides growth: a later try sees it.
#[test]
fn the_watch_sees_memory_that_is_gone_again() {
    const BYTES: usize = 64 << 20;
    const TRIES: usize = 8;
    let _alone = crate::table::alone();
    let seen = [(); TRIES].map(|()| {
        let watch = Watch::begin();
        drop(std::hint::black_box(vec![1_u8; BYTES]));
        watch.growth()
    });
    assert!(seen.iter().any(|growth| *growth > BYTES as u64 / 2), "{seen:?}");
}
