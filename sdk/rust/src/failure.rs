//! How a handler says that it failed, and which errors mean what when `?` meets them.
//!
//! The question is always the same: *can running the same handler over the same records once more end differently?*
//!
//! | what failed | becomes | because |
//! |---|---|---|
//! | a record does not parse; UTF-8 and number parsing; JSON that was already in hand | permanent | records never change |
//! | a session operation was refused | permanent | the same handler asks the same again: its code or a limit must change |
//! | a setting is missing | permanent | the config must change |
//! | HTTP: `Denied`, `Invalid`, `ResponseTooLarge` | permanent | the config, the handler or the service must change |
//! | HTTP: `Unreachable`, `Timeout`, `Broken` | retry | the outside may be well again later |
//! | status 5xx, 408, 409, 412, 423, 425, 429 | retry | the service asks for patience, or its state may change |
//! | any other status that is not 2xx | permanent | the service understood and refused |
//! | the body of a response does not parse | retry | what answers there may be a proxy, or half deployed |
//! | [`OrFail`], [`Failure::retry`], [`Failure::permanent`] | what you say | |
//!
//! A wrong *retry* costs a few runs, for the host parks the session after its last repeat anyway. A wrong *permanent*
//! parks work that would have healed. So what is in doubt is *retry*.

use std::{
    fmt::{self, Display},
    num::{ParseFloatError, ParseIntError},
    str::Utf8Error,
    string::FromUtf8Error,
};

/// The run failed. What it did to the session is committed all the same; the reason is kept with the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Try again after the kind's backoff, or park the session if this was the last repeat.
    Retry(String),
    /// No repeat can help: park the session now, until a person decides.
    Permanent(String),
}

impl Failure {
    /// Try again after the kind's backoff.
    pub fn retry(reason: impl Display) -> Self {
        Self::Retry(reason.to_string())
    }

    /// Park the session now.
    pub fn permanent(reason: impl Display) -> Self {
        Self::Permanent(reason.to_string())
    }

    /// The reason given.
    pub fn reason(&self) -> &str {
        match self {
            Self::Retry(reason) | Self::Permanent(reason) => reason,
        }
    }

    /// The same reason, to be tried again whatever it was: for a handler whose rule is "any error: leave, and repeat".
    #[must_use]
    pub fn into_retry(self) -> Self {
        match self {
            Self::Retry(reason) | Self::Permanent(reason) => Self::Retry(reason),
        }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retry(reason) => write!(f, "to be retried: {reason}"),
            Self::Permanent(reason) => write!(f, "permanent: {reason}"),
        }
    }
}

impl std::error::Error for Failure {}

/// Turn any error, or a missing value, into a [`Failure`], with words for what was being done.
///
/// ```
/// # use mpy6a_handler::{Failure, OrFail};
/// # fn f(text: &str, list: &[u8]) -> Result<(), Failure> {
/// let port: u16 = text.parse().or_permanent("reading the port")?;
/// let first = list.first().or_retry("taking the first of the list")?;
/// # Ok(()) }
/// ```
pub trait OrFail<T> {
    /// A [`Failure::Retry`] in place of the error.
    fn or_retry(self, doing: &str) -> Result<T, Failure>;
    /// A [`Failure::Permanent`] in place of the error.
    fn or_permanent(self, doing: &str) -> Result<T, Failure>;
}

impl<T, E: Display> OrFail<T> for Result<T, E> {
    fn or_retry(self, doing: &str) -> Result<T, Failure> {
        self.map_err(|why| Failure::Retry(format!("{doing}: {why}")))
    }

    fn or_permanent(self, doing: &str) -> Result<T, Failure> {
        self.map_err(|why| Failure::Permanent(format!("{doing}: {why}")))
    }
}

impl<T> OrFail<T> for Option<T> {
    fn or_retry(self, doing: &str) -> Result<T, Failure> {
        self.ok_or_else(|| Failure::Retry(format!("{doing}: there is none")))
    }

    fn or_permanent(self, doing: &str) -> Result<T, Failure> {
        self.ok_or_else(|| Failure::Permanent(format!("{doing}: there is none")))
    }
}

/// Errors of pure functions over what is in hand: they come out the same in every repeat.
macro_rules! permanent {
    ($($error:ty),+) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::permanent(error)
            }
        }
    )+};
}

permanent!(serde_json::Error, Utf8Error, FromUtf8Error, ParseIntError, ParseFloatError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn question_mark_on_what_is_in_hand_is_permanent() {
        fn number(text: &str) -> Result<u64, Failure> {
            Ok(text.parse::<u64>()?)
        }
        fn json(text: &str) -> Result<u64, Failure> {
            Ok(serde_json::from_str(text)?)
        }
        assert_eq!(number("x"), Err(Failure::permanent("invalid digit found in string")));
        assert!(matches!(json("{"), Err(Failure::Permanent(_))));
    }

    #[test]
    fn context_comes_first_and_a_missing_value_is_named() {
        let failed: Result<(), _> = Err("disk full");
        assert_eq!(failed.or_retry("writing"), Err(Failure::Retry("writing: disk full".into())));
        assert_eq!(None::<u8>.or_permanent("the first"), Err(Failure::Permanent("the first: there is none".into())));
    }

    #[test]
    fn into_retry_keeps_the_reason() {
        assert_eq!(Failure::permanent("no").into_retry(), Failure::retry("no"));
        assert_eq!(Failure::permanent("no").reason(), "no");
    }
}
