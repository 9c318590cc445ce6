//! Has everything read again by request, and tells when that is done.

use tokio::sync::{mpsc, oneshot};

/// Rings at the [`Reloader`](super::Reloader). Cheap to clone.
#[derive(Clone, Debug)]
pub struct Bell(mpsc::Sender<oneshot::Sender<()>>);

/// Where the rings arrive.
pub type Rings = mpsc::Receiver<oneshot::Sender<()>>;

/// A bell, and where its rings arrive.
#[must_use]
pub fn bell() -> (Bell, Rings) {
    // Each asker waits for its own answer: one place is enough.
    let (sender, rings) = mpsc::channel(1);
    (Bell(sender), rings)
}

impl Bell {
    /// Have everything read again, and wait until it was: also where the host is ending, and nobody answers any more.
    pub async fn ring(&self) {
        let (done_to, done) = oneshot::channel();
        if self.0.send(done_to).await.is_ok() {
            let _ = done.await;
        }
    }
}
