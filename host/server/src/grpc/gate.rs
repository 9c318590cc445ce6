//! The gate in front of the services: once the host shuts down, new requests are turned away while those inside finish.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use mpy6a_sessions::Error;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::Status;

use crate::error::status;

/// Open until it is shut, for good. Clones are the same gate.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    /// Asked by every request: an atomic is cheaper than the token.
    shut: Arc<AtomicBool>,
    told: CancellationToken,
}

impl Gate {
    /// Turn new requests away from now on.
    pub fn shut(&self) {
        self.shut.store(true, Ordering::Relaxed);
        self.told.cancel();
    }

    /// Wait until it is shut, for streams that are inside.
    pub fn shuts(&self) -> WaitForCancellationFutureOwned {
        self.told.clone().cancelled_owned()
    }

    /// Whether a request may pass.
    ///
    /// # Errors
    ///
    /// `SHUTTING_DOWN`, once the gate is shut.
    // Relaxed: a request that slips through just after is still answered rightly, by the writer.
    pub fn check(&self) -> Result<(), Status> {
        if self.shut.load(Ordering::Relaxed) { Err(status(&Error::ShuttingDown)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shut_gate_turns_away_whoever_holds_it() {
        let gate = Gate::default();
        let other = gate.clone();
        assert!(other.check().is_ok());
        let mut shuts = std::pin::pin!(other.shuts());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(shuts.as_mut().poll(&mut context).is_pending());
        gate.shut();
        assert!(shuts.as_mut().poll(&mut context).is_ready());
        assert_eq!(other.check().map_err(|status| status.code()), Err(tonic::Code::Unavailable));
    }
}
