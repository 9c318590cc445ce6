//! The signals that stop a host: SIGTERM and SIGINT. The first asks it to finish, the second ends it at once.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{error, info};

use crate::telemetry;

/// Exit code of a host that was told to stop twice.
const TWICE: i32 = 8;

/// Listens for both.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on these signals no longer end the process by themselves.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Wait for the next.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => info!("SIGTERM"),
            _ = self.interrupt.recv() => info!("SIGINT"),
        }
    }

    /// From now on the next one ends the process at once. That loses nothing but the runs under way and the answers
    /// not yet sent: whatever was acknowledged is on disk.
    pub fn end_at_next(mut self) {
        tokio::spawn(async move {
            self.next().await;
            error!("told to stop a second time: ending at once");
            telemetry::flush();
            std::process::exit(TWICE);
        });
    }
}
