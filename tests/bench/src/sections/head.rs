//! What stands beside every section's figures: the commit, the time, the machine.

use std::{
    fs,
    process::Command,
    time::{Duration, SystemTime},
};

use crate::{Outcome, args::Args, report::Measured};

/// An empty section with all that filled in.
pub fn head(args: &Args) -> Outcome<Measured> {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    Ok(Measured {
        commit: commit(),
        at: format!("{} {} UTC", &now[..10], &now[11..16]),
        machine: machine()?,
        how: format!(
            "slices of {}, medians of {} rounds",
            humantime::format_duration(Duration::from_millis((args.seconds * 1000.0) as u64)),
            args.rounds
        ),
        ..Measured::default()
    })
}

/// The commit that the bench was built from; with `+` where the work tree has changes beside docs, which the bench writes.
fn commit() -> String {
    let git = |args: &[&str]| {
        let output = Command::new("git").arg("-C").arg(env!("CARGO_MANIFEST_DIR")).args(args).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short=10", "HEAD"]) else { return "unknown".to_owned() };
    let changed = git(&["status", "--porcelain", "--", ":/", ":!/docs"]).is_none_or(|text| !text.is_empty());
    if changed { commit + "+" } else { commit }
}

/// Processor, cores, memory, kernel.
fn machine() -> Outcome<String> {
    let cores = std::thread::available_parallelism()?;
    let cpu = fs::read_to_string("/proc/cpuinfo")?;
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown processor");
    let memory = fs::read_to_string("/proc/meminfo")?;
    let memory = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap_or("0 kB");
    let kib: u64 = memory.trim().trim_end_matches(" kB").parse()?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let cpu = cpu.trim_start_matches([' ', '\t', ':']).trim();
    Ok(format!("{cores} cores of {cpu}, {} GiB, Linux {}", kib.div_ceil(1 << 20), kernel.trim()))
}
