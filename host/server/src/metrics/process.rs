//! What the system says of this process. What it does not say is left out.

use std::{fs, path::Path};

/// Ticks of a second in which Linux counts a process's time: fixed for whatever reads `/proc` on every architecture that Rust
/// runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// What the system says of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Process {
    /// Memory that it has in use, in bytes.
    pub memory_bytes: Option<u64>,
    /// Open file descriptors.
    pub open_fds: Option<u64>,
    /// Most of them that it may have.
    pub max_fds: Option<u64>,
    /// Time on a processor, in seconds.
    pub cpu_seconds: Option<f64>,
}

impl Process {
    /// As it is now.
    #[must_use]
    pub fn read() -> Self {
        let file = |name: &str| fs::read_to_string(Path::new("/proc/self").join(name)).unwrap_or_default();
        let fds = fs::read_dir("/proc/self/fd").ok();
        Self {
            memory_bytes: resident(&file("status")),
            // The folder that is read is one of them itself.
            open_fds: fds.map(|fds| (fds.count() as u64).saturating_sub(1)),
            max_fds: max_fds(&file("limits")),
            cpu_seconds: cpu(&file("stat")),
        }
    }
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1_024)
}

fn max_fds(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn cpu(stat: &str) -> Option<f64> {
    // The name of the program stands in parentheses and may hold anything; what counts comes behind the last one. The time in
    // user and in kernel mode are the 14th and 15th field of all, so the 12th and 13th of these.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_says_everything_of_this_very_process() {
        let Process { memory_bytes, open_fds, max_fds, cpu_seconds } = Process::read();
        assert!(memory_bytes.is_some_and(|bytes| bytes > 1 << 20), "{memory_bytes:?}");
        assert!(open_fds > Some(2) && max_fds >= open_fds, "{open_fds:?} {max_fds:?}");
        assert!(cpu_seconds.is_some_and(|seconds| (0.0..1e6).contains(&seconds)), "{cpu_seconds:?}");
    }

    #[test]
    fn a_name_may_hold_anything() {
        let stat = "1 (a) b 7) R 1 2 3 4 5 6 7 8 9 10 150 50 1 1";
        assert_eq!(cpu(stat), Some(2.0));
        assert_eq!((cpu(""), resident("VmRSS:\tmany kB"), max_fds("Max open files   unlimited")), (None, None, None));
    }
}
