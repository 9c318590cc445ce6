//! A session in the hands of its client: what the caller sees. What an operation does is in
//! [`operate`](crate::operate).

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant as StdInstant, SystemTime, UNIX_EPOCH},
};

use crate::{
    call::{Operation, Way},
    client::Shared,
    error::Error,
    index::Index,
    lease::Watch,
    limits::STORE_TIMEOUT_S_MAX,
    numbers::Numbers,
    record::IntoRecord,
    unfinished::Unfinished,
};

/// A session: what a piece of work means to do, recorded before it is done.
///
/// # Its operations
///
/// Each returns when it is durable, or with the reason why not. They are numbered and tried again until they have an
/// answer or run out of time, so none is applied twice.
///
/// One that failed with [`Error::maybe_applied`], or whose future was dropped, has an unknown outcome. Calling *the same
/// again*, with the same record, resumes it: it is applied once in all, also if something else refused it meanwhile (access
/// that was withdrawn and given back, a proxy). Calling *another* gives it up: it was applied before that one or will never
/// be.
///
/// # Its lease
///
/// Renewed in the background from the moment it is opened; operations count as renewals. When the host cannot be
/// reached, the lease runs out: [`check_lease`](Session::check_lease) says so, [`lost`](Session::lost) wakes whoever
/// waits for it. Then do nothing outside. Operations may still be called: they succeed if the host has not taken the
/// session, and all is well again.
///
/// # Dropping it
///
/// A session that is dropped without [`delete`](Session::delete) or [`store`](Session::store) is left to its repeat
/// handler, once its lease has ended: as if the process had died. This is what an early return with `?` should do.
#[derive(Debug)]
#[must_use = "dropped, a session is left to its repeat handler: keep it, and delete it when its work is done"]
pub struct Session {
    pub(crate) shared: Arc<Shared>,
    pub(crate) way: Way,
    pub(crate) watch: Arc<Watch>,
    pub(crate) numbers: Numbers,
    fence: Index,
}

impl Session {
    /// A session that was opened; from now on its lease is kept.
    pub(crate) fn new(shared: Arc<Shared>, way: Way, watch: Arc<Watch>, numbers: Numbers, fence: Index) -> Self {
        shared.registry.insert(watch.clone());
        Self { shared, way, watch, numbers, fence }
    }

    /// Let its lease end, for the time being.
    pub(crate) fn stop_renewing(&self) {
        self.shared.registry.remove(&self.watch);
    }

    /// Keep its lease again.
    pub(crate) fn go_on_renewing(&self) {
        self.shared.registry.insert(self.watch.clone());
    }

    /// The session's id: the index that created it.
    #[must_use]
    pub fn id(&self) -> Index {
        self.watch.session
    }

    /// The index at which this client got the session. Hand it to outside systems that can refuse a stale holder: a
    /// repeat of this session has a larger one.
    #[must_use]
    pub fn fence(&self) -> Index {
        self.fence
    }

    /// Append a record. Returns the index of this change.
    ///
    /// # Errors
    ///
    /// Any [`Error`] but `Setup`; [`Error::is_final`] tells whether the session is over.
    pub fn append<R: IntoRecord>(
        &mut self,
        record: R,
    ) -> impl Future<Output = Result<Index, Error>> + Send + use<'_, R> {
        let operation = Operation::Append(record.into_record());
        async move { Ok(self.operate(&operation).await?.change_id) }
    }

    /// Drop all records and keep this one. Returns the index of this change.
    ///
    /// # Errors
    ///
    /// As [`Session::append`].
    pub fn replace<R: IntoRecord>(
        &mut self,
        record: R,
    ) -> impl Future<Output = Result<Index, Error>> + Send + use<'_, R> {
        let operation = Operation::Replace(record.into_record());
        async move { Ok(self.operate(&operation).await?.change_id) }
    }

    /// The work is finished: have the session forgotten.
    ///
    /// # Errors
    ///
    /// As [`Session::append`], and with it the session, where it can still be used. If the future is dropped the
    /// session is dropped as well, deleted or not.
    pub async fn delete(mut self) -> Result<(), Unfinished> {
        match self.operate(&Operation::Delete).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Unfinished::new(self, error)),
        }
    }

    /// Close the session and have it repeated after this long, rounded up to whole seconds; without a timeout, after
    /// its kind's own delay. Returns when the repeat falls due, jitter included.
    ///
    /// # Errors
    ///
    /// As [`Session::delete`]; [`Error::Rejected`] with reason `TIMEOUT_TOO_LONG` for one over the host's limit.
    pub async fn store(mut self, timeout: impl Into<Option<Duration>>) -> Result<SystemTime, Unfinished> {
        let stored = match timeout.into().map(whole_seconds).transpose() {
            Ok(timeout_s) => self.operate(&Operation::Store { timeout_s }).await,
            Err(error) => Err(error),
        };
        match stored {
            Ok(applied) => Ok(UNIX_EPOCH + Duration::from_millis(applied.due_ms)),
            Err(error) => Err(Unfinished::new(self, error)),
        }
    }

    /// Until when the lease may be relied on if nothing more is heard from the host. A tenth of the lease is kept back,
    /// as time to stop. Moves on with every operation and renewal.
    #[must_use]
    pub fn lease_ends(&self) -> StdInstant {
        self.watch.ends().into_std()
    }

    /// Whether the session is surely ours now. Call it before each effect outside that takes no time to speak of; for
    /// one that does, see [`Session::lost`].
    ///
    /// # Errors
    ///
    /// [`Error::LeaseExpired`]: do nothing outside until an operation succeeds. [`Error::LeaseLost`],
    /// [`Error::NotFound`] or [`Error::Finished`]: the session is over.
    pub fn check_lease(&self) -> Result<(), Error> {
        self.watch.check()
    }

    /// Wait until the session is no longer surely ours, and say why, in the words of [`Session::check_lease`]. Borrows
    /// nothing:
    ///
    /// ```no_run
    /// # async fn call_service() -> Vec<u8> { Vec::new() }
    /// # async fn example(mut session: mpy6a_client::Session) -> Result<(), mpy6a_client::Error> {
    /// let answer = tokio::select! {
    ///     answer = call_service() => answer,
    ///     why = session.lost() => return Err(why),
    /// };
    /// session.append(answer).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn lost(&self) -> impl Future<Output = Error> + Send + use<> {
        let watch = self.watch.clone();
        async move { watch.ended().await }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.shared.registry.remove(&self.watch);
    }
}

/// Rounded up, so that a repeat is never earlier than asked.
fn whole_seconds(timeout: Duration) -> Result<u32, Error> {
    let seconds = timeout.as_secs().saturating_add(u64::from(timeout.subsec_nanos() > 0));
    u32::try_from(seconds).map_err(|_| Error::Rejected {
        reason: "TIMEOUT_TOO_LONG".to_owned(),
        message: format!(
            "a timeout of {seconds} s cannot be asked for: at most {STORE_TIMEOUT_S_MAX}, and the host's limit"
        ),
        maybe_applied: false,
    })
}
