//! An error on the wire, and what it must say.

use std::{collections::HashMap, time::Duration};

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// An error on the wire.
#[derive(Clone, Debug)]
pub struct Refused {
    pub code: Code,
    pub reason: String,
    pub domain: String,
    pub numbers: HashMap<String, String>,
    pub retry: Option<Duration>,
    pub message: String,
}

impl Refused {
    /// It has this code and this reason, in the domain of mpy6a, and its message says what to do.
    #[track_caller]
    pub fn says(&self, code: Code, reason: &str, remedy: &str) {
        assert_eq!((self.code, self.reason.as_str(), self.domain.as_str()), (code, reason, "mpy6a"), "{self:?}");
        assert!(self.message.contains(remedy), "{remedy:?} is not in {self:?}");
    }
}

impl From<Status> for Refused {
    fn from(status: Status) -> Self {
        // Absent where the error is the transport's.
        let info = status.get_details_error_info();
        let (reason, domain, numbers) = info.map(|it| (it.reason, it.domain, it.metadata)).unwrap_or_default();
        Self {
            code: status.code(),
            reason,
            domain,
            numbers,
            retry: status.get_details_retry_info().and_then(|info| info.retry_delay),
            message: status.message().to_owned(),
        }
    }
}
