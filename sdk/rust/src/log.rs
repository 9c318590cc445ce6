//! Lines into the host's log, and into the session's history.
//!
//! The macros [`trace!`](crate::trace), [`debug!`](crate::debug), [`info!`](crate::info), [`warn!`](crate::warn) and
//! [`error!`](crate::error) take what `format!` takes. The host escapes control characters, cuts long lines, and
//! drops lines after the run's limit. There is no level filter here: the level is the host's to choose.

use crate::host;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Every step.
    Trace,
    /// For who looks for a bug.
    Debug,
    /// What happened.
    Info,
    /// What should not happen often.
    Warn,
    /// What should not happen.
    Error,
}

/// Write one line.
pub fn write(level: Level, message: &str) {
    host::log(level, message);
}

/// Write the message and place of a panic to the log at error, before the panic traps. [`crate::export!`] does this
/// before every run.
#[cfg(target_arch = "wasm32")]
pub(crate) fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        let message = panic.payload_as_str().unwrap_or("a value that is not text");
        write(Level::Error, &format!("the handler panicked{place}: {message}"));
    }));
}

/// Write a line at trace.
#[macro_export]
macro_rules! trace {
    ($($format:tt)+) => { $crate::log::write($crate::log::Level::Trace, &::std::format!($($format)+)) };
}

/// Write a line at debug.
#[macro_export]
macro_rules! debug {
    ($($format:tt)+) => { $crate::log::write($crate::log::Level::Debug, &::std::format!($($format)+)) };
}

/// Write a line at info.
#[macro_export]
macro_rules! info {
    ($($format:tt)+) => { $crate::log::write($crate::log::Level::Info, &::std::format!($($format)+)) };
}

/// Write a line at warn.
#[macro_export]
macro_rules! warn {
    ($($format:tt)+) => { $crate::log::write($crate::log::Level::Warn, &::std::format!($($format)+)) };
}

/// Write a line at error.
#[macro_export]
macro_rules! error {
    ($($format:tt)+) => { $crate::log::write($crate::log::Level::Error, &::std::format!($($format)+)) };
}
