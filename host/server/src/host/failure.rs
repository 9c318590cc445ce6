//! Why a host did not start, or stopped serving, and the exit code that says so to scripts.

use std::{io, process::ExitCode};

use mpy6a_plugins::SandboxError;
use mpy6a_sessions::{
    StartError,
    store::{StoreError, redb::OpenError},
};
use opentelemetry_otlp::ExporterBuildError;

use crate::{config::ConfigError, grpc::listener::ListenError, tls::TlsError};

/// Why the host is not serving. Every message names the remedy.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The config cannot be used.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// The address cannot be had.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// A certificate or its key cannot be used.
    #[error("{0}. The host does not start without what its config promises")]
    Tls(#[from] TlsError),
    /// The system allows too few open files: connections could take those that the store needs.
    #[error(
        "the config's limits need {need} open files, and this process may have {may}: raise that (ulimit -n, or LimitNOFILE of \
         the unit), or lower `limits.connections`, {connections}"
    )]
    OpenFiles {
        /// How many are needed.
        need: u64,
        /// How many there may be.
        may: u64,
        /// `limits.connections`.
        connections: u32,
    },
    /// The database file cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store cannot be read or written while it is taken over.
    #[error("cannot take over the store: {0}. Free space or mend the disk, then start again")]
    TakeOver(StoreError),
    /// What lies there is damaged, or is not this store's. The message says what to do.
    #[error(transparent)]
    Unusable(StoreError),
    /// The sandbox cannot be built.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// Traces cannot be sent at all.
    #[error("cannot send traces: {0}: set traces.endpoint to the address of a collector, or to \"\" for no traces")]
    Traces(#[from] ExporterBuildError),
    /// The store failed while the host served.
    #[error(
        "the store failed: {0}. Nothing more was acknowledged and nothing acknowledged is lost: free space or mend the disk, \
         then start the host again"
    )]
    StoreFailed(String),
    /// The gRPC server ended by itself.
    #[error(
        "the gRPC server ended: {0}. Nothing acknowledged is lost: start the host again, and report it if it recurs"
    )]
    Server(String),
    /// The system refused threads, signals or the like.
    #[error(
        "the system refused what a host needs: {0}: lift the limit on processes or open files (ulimit -u, ulimit -n)"
    )]
    System(#[from] io::Error),
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Store(error @ StoreError::Io(_)) => Self::TakeOver(error),
            StartError::Store(error) => Self::Unusable(error),
            StartError::Thread(error) => Self::System(error),
        }
    }
}

impl Failure {
    /// The exit code, for scripts and service managers.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code())
    }

    /// 0 is a host that was told to stop, 2 a wrong command line, 8 a host that was told to stop twice.
    ///
    /// The unit in `host/packaging` starts a host again after 1, 4 and 7, which may pass by themselves. After 3, 5 and 6
    /// it does not: until a person has seen to it the next start ends alike. After 5 it must not: one who moves a store
    /// away to restore a backup would find a new, empty one in its place.
    fn code(&self) -> u8 {
        match self {
            Self::Server(_) | Self::System(_) => 1,
            Self::Config(_) | Self::Tls(_) | Self::Traces(_) | Self::OpenFiles { .. } => 3,
            Self::Listen(_) => 4,
            Self::Open(_) | Self::TakeOver(_) | Self::Unusable(_) => 5,
            Self::Sandbox(_) => 6,
            Self::StoreFailed(_) => 7,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_unit_starts_a_host_again_where_that_may_help_and_nowhere_else() {
        let unit = include_str!("../../../packaging/mpy6a.service");
        let line = unit.lines().find_map(|line| line.strip_prefix("RestartPreventExitStatus=")).unwrap();
        let left: BTreeSet<u8> = line.split(' ').map(|code| code.parse().unwrap()).collect();
        let codes = [Failure::System(io::Error::other("no threads")), Failure::StoreFailed(String::new())];
        assert!(codes.iter().all(|failure| !left.contains(&failure.code())), "{left:?}");
        let codes =
            [Failure::TakeOver(StoreError::Io(String::new())), Failure::Unusable(StoreError::Io(String::new()))];
        assert!(codes.iter().all(|failure| left.contains(&failure.code())), "{left:?}");
        assert_eq!(left, [2, 3, 5, 6, 8].into());
    }
}
