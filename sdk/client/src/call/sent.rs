//! Whether a try was handed to the connection.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

const WAITING: u8 = 0;
const SENT: u8 = 1;
const WITHDRAWN: u8 = 2;

/// The mark of one try: either it is sent or it is withdrawn, whichever comes first. So one that ran out of time while it
/// waited for a connection is known not to have been applied. Clones are the same mark.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent(Arc<AtomicU8>);

impl Sent {
    /// It goes out now. False: it was withdrawn, and must not.
    pub fn mark(&self) -> bool {
        self.0.compare_exchange(WAITING, SENT, Ordering::SeqCst, Ordering::SeqCst) != Err(WITHDRAWN)
    }

    /// It shall not go out any more. True: it has not.
    pub fn withdraw(&self) -> bool {
        self.0.compare_exchange(WAITING, WITHDRAWN, Ordering::SeqCst, Ordering::SeqCst) != Err(SENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_withdrawn_is_not_sent_and_what_is_sent_is_not_withdrawn() {
        let withdrawn = Sent::default();
        assert!(withdrawn.withdraw() && !withdrawn.mark() && withdrawn.withdraw());
        let sent = Sent::default();
        assert!(sent.mark() && !sent.withdraw() && sent.mark());
    }
}
