//! A session that could not be deleted or stored.

use std::fmt;

use crate::{error::Error, session::Session};

/// What a failed [`delete`](Session::delete) or [`store`](Session::store) leaves: why, and the session, where it can
/// still be used.
///
/// With `?` it becomes the plain [`Error`], and the session is dropped: its lease ends and its repeat handler goes on. Kept
/// in an error of another type (`anyhow`, `Box<dyn Error>`) the session comes to the same: its lease is not renewed in here,
/// and the [`Error`] is the `source`. To try again instead, take the session back:
///
/// ```no_run
/// # async fn example(session: mpy6a_client::Session) -> Result<(), mpy6a_client::Error> {
/// if let Err(unfinished) = session.delete().await {
///     eprintln!("not deleted yet: {unfinished}");
///     if let (Some(session), _) = unfinished.into_parts() {
///         session.delete().await?;
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct Unfinished {
    session: Option<Box<Session>>,
    error: Box<Error>,
}

impl Unfinished {
    pub(crate) fn new(session: Session, error: Error) -> Self {
        let session = (!error.is_final()).then(|| Box::new(session));
        if let Some(session) = &session {
            session.stop_renewing();
        }
        Self { session, error: Box::new(error) }
    }

    /// Why it failed.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// The session, unless it is over for good, and why it failed. From now on its lease is renewed again.
    #[must_use = "the session is left to its repeat handler when it is dropped"]
    pub fn into_parts(self) -> (Option<Session>, Error) {
        let session = self.session.map(|session| *session);
        if let Some(session) = &session {
            session.go_on_renewing();
        }
        (session, *self.error)
    }
}

impl From<Unfinished> for Error {
    fn from(unfinished: Unfinished) -> Self {
        *unfinished.error
    }
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the session is not finished: {}", self.error)
    }
}

impl fmt::Debug for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unfinished").field("session", &self.session).field("error", &self.error).finish()
    }
}

impl std::error::Error for Unfinished {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.error)
    }
}
