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
    /// The exit code. 0 is a host that was told to stop, 2 a wrong command line.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Server(_) | Self::System(_) => 1,
            Self::Config(_) | Self::Tls(_) | Self::Traces(_) => 3,
            Self::Listen(_) => 4,
            Self::Open(_) | Self::TakeOver(_) | Self::Unusable(_) => 5,
            Self::Sandbox(_) => 6,
            Self::StoreFailed(_) => 7,
        })
    }
}
