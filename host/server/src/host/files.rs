//! Open files: as many as the config's bounds need, or the host does not start.
//!
//! A store that cannot open the next file of its log has failed, and ends the host. So connections, which strangers open, must never
//! take the last file: the bound on connections protects the store only while it is below the system's bound on open files.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::Failure;
use crate::{
    config::Fixed,
    limits::{ADMIN_CONNECTIONS_MAX, FILES_OF_RUN, FILES_OWN},
};

/// Have the system allow as many open files as it will.
///
/// # Errors
///
/// They are fewer than the config's bounds need.
pub fn raise(fixed: &Fixed) -> Result<(), Failure> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // Nothing here waits by `select`, for which a process may want few. Where it is not allowed, the look below says what follows.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let now = getrlimit(Resource::Nofile).current.or(current);
    enough(fixed, now)
}

/// Whether a host with this config can be started by a process like this one.
///
/// # Errors
///
/// It cannot: it may not open as many files as it needs.
pub fn check(fixed: &Fixed) -> Result<(), Failure> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    enough(fixed, if current.is_none() { None } else { maximum })
}

/// `may`: how many it may open; none: as many as it likes.
fn enough(fixed: &Fixed, may: Option<u64>) -> Result<(), Failure> {
    let need = needed(fixed);
    match may {
        Some(may) if may < need => Err(Failure::OpenFiles { need, may, connections: fixed.connections_max }),
        _ => Ok(()),
    }
}

/// How many files a host with this config has open at most.
fn needed(fixed: &Fixed) -> u64 {
    let connections = u64::from(fixed.connections_max) + u64::from(ADMIN_CONNECTIONS_MAX);
    connections + FILES_OF_RUN * u64::from(fixed.runs_max) + FILES_OWN
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    #[test]
    fn fewer_files_than_the_bounds_need_are_refused_with_the_numbers() {
        let fixed = Config::parse("[limits]\nconnections = 100\nruns = 10", Path::new("/")).unwrap().fixed;
        let need = 100 + 64 + 20 + 128;
        assert!(enough(&fixed, Some(need)).is_ok() && enough(&fixed, None).is_ok());
        let refused = enough(&fixed, Some(need - 1)).unwrap_err().to_string();
        for part in ["312 open files", "may have 311", "ulimit -n", "lower `limits.connections`, 100"] {
            assert!(refused.contains(part), "{refused}");
        }
    }
}
