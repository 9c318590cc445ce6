//! One SQLite file, and one transaction for each call.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::refusal::Refusal;

/// How long to wait for another program that has the file locked, a backup or `sqlite3` for example.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// A service's database. Clones share it.
#[derive(Clone)]
pub struct Db(Arc<Mutex<Connection>>);

impl Db {
    /// Open or create the file, with the tables of `schema` (statements that may be run again).
    ///
    /// WAL mode: readers from outside do not block the service. `synchronous = FULL`: a commit is on disk before the
    /// call is answered. A service that acknowledges less would break the example's promise however good the pipe is.
    pub fn open(path: &Path, schema: &str) -> Result<Self, rusqlite::Error> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(LOCK_WAIT)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(schema)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Run `work` in one transaction, committed if it returns Ok and rolled back otherwise.
    ///
    /// Transactions run one after another, and what is started is finished even if the caller goes away meanwhile:
    /// that is how services behave whose clients die.
    pub async fn transact<T, W>(&self, work: W) -> Result<T, Refusal>
    where
        T: Send + 'static,
        W: FnOnce(&Transaction<'_>) -> Result<T, Refusal> + Send + 'static,
    {
        let shared = Arc::clone(&self.0);
        let task = tokio::task::spawn_blocking(move || {
            // A transaction that panicked was rolled back when it was dropped: the connection is sound.
            let mut connection = shared.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        });
        // The task is never aborted, so it can only fail to be joined when the program is going down.
        task.await.unwrap_or(Err(Refusal::Busy))
    }
}
