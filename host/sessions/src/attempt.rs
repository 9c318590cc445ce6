//! One repeat of a session, as kept in its history.

use std::fmt;

use mpy6a_untrusted::text;
use serde::{Deserialize, Serialize};

use crate::{
    ids::Index,
    limits::{CAUSE_BYTES_MAX, LOG_TAIL_BYTES_MAX},
};

/// One run of a handler over a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The index at which the run got the session.
    pub fence: Index,
    /// Which repeat it was, from 1, since an operator last stored the session.
    pub repeat: u32,
    /// When it was claimed, Unix milliseconds.
    pub started_ms: u64,
    /// How it ended and what it used.
    pub report: Report,
}

/// How a run ended and what it used, as the sandbox saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// From the claim to the end of the run, microseconds.
    pub duration_us: u64,
    /// Fuel used: about one unit an instruction.
    pub fuel: u64,
    /// The most linear memory and tables it held, in bytes.
    pub memory_peak_bytes: u64,
    /// SHA-256 of the plugin file that ran; zeroes if none did.
    pub plugin_digest: [u8; 32],
    /// The last lines of its log, at most [`LOG_TAIL_BYTES_MAX`] bytes.
    pub log_tail: String,
}

impl Report {
    /// The report of a run about which nothing is known but how it ended.
    #[must_use]
    pub fn bare(outcome: Outcome) -> Self {
        Self { outcome, duration_us: 0, fuel: 0, memory_peak_bytes: 0, plugin_digest: [0; 32], log_tail: String::new() }
    }

    /// The same, with its texts as a session may keep them: cut, the cause one line, and nothing in them that a terminal obeys or
    /// hides. They are the words of handlers, and of services that these called.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        if let Some(cause) = self.outcome.cause_mut() {
            // Before as well: escaping takes time for each byte.
            truncate(cause, CAUSE_BYTES_MAX);
            *cause = text::line(cause).into_owned();
            truncate(cause, CAUSE_BYTES_MAX);
        }
        self.log_tail = text::lines(&self.log_tail).into_owned();
        let excess = self.log_tail.len().saturating_sub(LOG_TAIL_BYTES_MAX);
        let from = (excess..=self.log_tail.len()).find(|&at| self.log_tail.is_char_boundary(at)).unwrap_or(0);
        self.log_tail.drain(..from);
        self
    }
}

/// Cut a text to at most `max` bytes, at a character boundary.
fn truncate(text: &mut String, max: usize) {
    let end = (0..=max.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    text.truncate(end);
}

/// How a run of a handler ended.
///
/// In the first group the handler returned, and what it did to its session is committed. In the second it was ended: what
/// was not yet committed is thrown away. Whether the session is gone, stored or parked then is the rules' to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It returned ok. It may have deleted or stored the session; if not, it finished nothing.
    Returned,
    /// It returned `retry` with this reason.
    Retry(String),
    /// It returned `permanent` with this reason: no repeat can help.
    Permanent(String),

    /// It trapped; the message names the trap.
    Trapped(String),
    /// It used up its fuel.
    OutOfFuel,
    /// It asked for more memory or table space than it may have.
    OutOfMemory,
    /// It ran out of wall-clock time.
    TimedOut,
    /// It broke the contract: the message says how.
    ContractBroken(String),
    /// It could not be started: the message says why.
    NotStarted(String),
    /// The host died during the run.
    HostDied,
}

/// What there is to say of a run that returned ok, where that left its session as it was.
pub const UNFINISHED: &str = "the handler returned without delete or store";

impl Outcome {
    /// The name of each, as [`Outcome::name`] has it.
    pub const NAMES: [&str; 10] = [
        "returned",
        "retry",
        "permanent",
        "trapped",
        "out-of-fuel",
        "out-of-memory",
        "timed-out",
        "contract-broken",
        "not-started",
        "host-died",
    ];

    /// A short stable name, for logs, metrics and the wire.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Returned => "returned",
            Self::Retry(_) => "retry",
            Self::Permanent(_) => "permanent",
            Self::Trapped(_) => "trapped",
            Self::OutOfFuel => "out-of-fuel",
            Self::OutOfMemory => "out-of-memory",
            Self::TimedOut => "timed-out",
            Self::ContractBroken(_) => "contract-broken",
            Self::NotStarted(_) => "not-started",
            Self::HostDied => "host-died",
        }
    }

    /// The handler's reason or the host's message, where there is one.
    #[must_use]
    pub fn cause(&self) -> &str {
        match self {
            Self::Retry(cause)
            | Self::Permanent(cause)
            | Self::Trapped(cause)
            | Self::ContractBroken(cause)
            | Self::NotStarted(cause) => cause,
            Self::Returned | Self::OutOfFuel | Self::OutOfMemory | Self::TimedOut | Self::HostDied => "",
        }
    }

    fn cause_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Retry(cause)
            | Self::Permanent(cause)
            | Self::Trapped(cause)
            | Self::ContractBroken(cause)
            | Self::NotStarted(cause) => Some(cause),
            Self::Returned | Self::OutOfFuel | Self::OutOfMemory | Self::TimedOut | Self::HostDied => None,
        }
    }

    /// Whether the handler itself returned, so that its operations are committed.
    #[must_use]
    pub fn is_returned(&self) -> bool {
        matches!(self, Self::Returned | Self::Retry(_) | Self::Permanent(_))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause() {
            "" => f.write_str(self.name()),
            cause => write!(f, "{}: {cause}", self.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_listed() {
        let text = String::new;
        let all = [
            Outcome::Returned,
            Outcome::Retry(text()),
            Outcome::Permanent(text()),
            Outcome::Trapped(text()),
            Outcome::OutOfFuel,
            Outcome::OutOfMemory,
            Outcome::TimedOut,
            Outcome::ContractBroken(text()),
            Outcome::NotStarted(text()),
            Outcome::HostDied,
        ];
        assert_eq!(all.each_ref().map(Outcome::name), Outcome::NAMES);
    }

    #[test]
    fn texts_are_cut_at_characters_the_cause_from_its_end_and_the_log_from_its_start() {
        let report = Report {
            log_tail: format!("{}end", "ж".repeat(LOG_TAIL_BYTES_MAX)),
            ..Report::bare(Outcome::Trapped(format!("x{}", "ж".repeat(CAUSE_BYTES_MAX))))
        }
        .bounded();
        assert_eq!(report.outcome.cause().len(), CAUSE_BYTES_MAX - 1);
        assert!(report.outcome.cause().starts_with("xж"));
        assert!(report.log_tail.len() <= LOG_TAIL_BYTES_MAX && report.log_tail.len() > LOG_TAIL_BYTES_MAX - 4);
        assert!(report.log_tail.ends_with("жend"));
    }

    #[test]
    fn texts_of_handlers_and_services_forge_no_line_and_turn_no_direction() {
        let report = Report {
            log_tail: "INFO a\u{202e}\nINFO b\r\n".to_owned(),
            ..Report::bare(Outcome::Retry("503\n  9   returned, \x1b[2Kall is well\u{2066}".to_owned()))
        }
        .bounded();
        assert_eq!(report.outcome.cause(), "503\\n  9   returned, \\u{1b}[2Kall is well\\u{2066}");
        assert_eq!(report.log_tail, "INFO a\\u{202e}\nINFO b\\r\n");
        assert_eq!(report.clone().bounded(), report, "once is enough");
        let long = Report::bare(Outcome::Permanent("\n".repeat(2 * CAUSE_BYTES_MAX))).bounded();
        assert_eq!(long.outcome.cause().len(), CAUSE_BYTES_MAX);
    }
}
