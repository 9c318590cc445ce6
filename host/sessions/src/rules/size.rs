//! How much a session may hold.

use crate::{error::Refusal, limits::Limits, session::Session};

/// The records of a session, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// How many records.
    pub records: u32,
    /// How many bytes they have.
    pub bytes: u64,
}

impl Size {
    /// What a session holds now.
    #[must_use]
    pub fn of(session: &Session) -> Self {
        Self { records: session.records, bytes: session.bytes }
    }

    /// What it holds with one more record of this many bytes.
    ///
    /// # Errors
    ///
    /// A refusal that names the limit which would be passed.
    pub fn with_appended(self, record_bytes: usize, limits: &Limits) -> Result<Self, Refusal> {
        let added = u64::try_from(record_bytes).unwrap_or(u64::MAX);
        if added > limits.record_bytes_max {
            return Err(Refusal::RecordTooLarge { bytes: added, max: limits.record_bytes_max });
        }
        if self.records >= limits.session_records_max {
            return Err(Refusal::TooManyRecords { max: limits.session_records_max });
        }
        let bytes = self.bytes.saturating_add(added);
        if bytes > limits.session_bytes_max {
            return Err(Refusal::SessionTooLarge { bytes, max: limits.session_bytes_max });
        }
        Ok(Self { records: self.records + 1, bytes })
    }
}

/// Refuse a timeout over the limit.
///
/// # Errors
///
/// [`Refusal::TimeoutTooLong`].
pub fn check_timeout(timeout_s: Option<u32>, limits: &Limits) -> Result<(), Refusal> {
    match timeout_s {
        Some(timeout_s) if timeout_s > limits.timeout_s_max => {
            Err(Refusal::TimeoutTooLong { timeout_s, max_s: limits.timeout_s_max })
        }
        _ => Ok(()),
    }
}
