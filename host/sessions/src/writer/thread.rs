//! The thread around the writer.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use tokio::sync::watch;

use super::{Queue, Writer};
use crate::{error::Error, store::Store};

/// How the writer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was asked to, and everything acknowledged is in the store, which is closed.
    Stopped,
    /// The store failed: with this message. Nothing more is acknowledged; the process should end.
    Failed(String),
}

/// Start the thread. It ends when the queue is closed and empty, or when the store fails; `ended` tells how.
///
/// # Errors
///
/// If the operating system has no thread to give.
pub(crate) fn spawn<S: Store + 'static>(
    writer: Writer<S>,
    queue: Arc<Queue>,
    ended: watch::Sender<Option<Ending>>,
) -> std::io::Result<()> {
    let main = move || {
        // A store may panic on damage that it did not foresee. That must end service like any other failure of it.
        let ending = match catch_unwind(AssertUnwindSafe(|| run(writer, &queue))) {
            Ok(Ok(())) => Ending::Stopped,
            Ok(Err(error)) => Ending::Failed(error.to_string()),
            Err(panic) => Ending::Failed(format!("the writer panicked: {}", message(&*panic))),
        };
        if let Ending::Failed(error) = &ending {
            tracing::error!(%error, "the store failed: nothing more is acknowledged");
            queue.abandon(Error::StoreFailed);
        }
        // The receivers may all be gone.
        let _ = ended.send(Some(ending));
    };
    std::thread::Builder::new().name("mpy6a-writer".into()).spawn(main)?;
    Ok(())
}

fn run<S: Store>(mut writer: Writer<S>, queue: &Queue) -> Result<(), crate::store::StoreError> {
    let mut messages = Vec::new();
    // The first step finds what is due since before.
    let mut wait = Some(Duration::ZERO);
    while queue.take(&mut messages, wait) {
        wait = writer.step(&mut messages)?;
    }
    writer.close()
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}
