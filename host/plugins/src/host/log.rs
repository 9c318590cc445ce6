//! The log of a run: lines of the guest into the host's log (target `handler`) and into the tail kept with the session.
//!
//! A guest's text is never trusted: control characters, and those that turn the direction of text, are escaped, so that a line
//! stays a line and no terminal obeys it. Lines are cut, and after the run's limit dropped and counted.

use std::{
    fmt::Write,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use mpy6a_sessions::{Index, limits::LOG_TAIL_BYTES_MAX};
use tracing::Level;

use super::stdio::Stream;
use crate::limits::LOG_LINE_BYTES_MAX;

/// What an empty line costs of the run's limit, in bytes, so that lines are bounded too: the head of a log line.
const LINE_OVERHEAD_BYTES: u64 = 32;

/// A run's log; clones are the same log.
#[derive(Clone)]
pub(crate) struct LogSink(Arc<Mutex<RunLog>>);

struct RunLog {
    session: Index,
    kind: u32,
    repeat: u32,
    bytes_left: u64,
    dropped: u64,
    tail: String,
    /// What a standard stream was given of a line that has not ended yet: stdout, stderr.
    partial: [Vec<u8>; 2],
}

impl LogSink {
    pub(crate) fn new(session: Index, kind: u32, repeat: u32, bytes_max: u64) -> Self {
        Self(Arc::new(Mutex::new(RunLog {
            session,
            kind,
            repeat,
            bytes_left: bytes_max,
            dropped: 0,
            tail: String::new(),
            partial: [Vec::new(), Vec::new()],
        })))
    }

    /// Write one line.
    pub(crate) fn line(&self, level: Level, text: &str) {
        self.lock().line(level, text);
    }

    /// Take what a guest wrote to a standard stream; whole lines go to the log.
    pub(crate) fn bytes(&self, stream: Stream, bytes: &[u8]) {
        self.lock().bytes(stream, bytes);
    }

    /// The run is over: write what is left and give the tail.
    pub(crate) fn finish(&self) -> String {
        let mut log = self.lock();
        for stream in [Stream::Stdout, Stream::Stderr] {
            if !log.partial[stream as usize].is_empty() {
                log.bytes(stream, b"\n");
            }
        }
        if log.dropped > 0 {
            let note = format!("{} more log lines dropped: over the kind's limit", log.dropped);
            log.emit(Level::WARN, &note);
        }
        mem::take(&mut log.tail)
    }

    /// A panic elsewhere leaves a log that is still a log.
    fn lock(&self) -> MutexGuard<'_, RunLog> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RunLog {
    fn line(&mut self, level: Level, text: &str) {
        let text = escape(text);
        let cost = text.len() as u64 + LINE_OVERHEAD_BYTES;
        match self.bytes_left.checked_sub(cost) {
            Some(left) if self.dropped == 0 => {
                self.bytes_left = left;
                self.emit(level, &text);
            }
            _ => self.dropped += 1,
        }
    }

    fn emit(&mut self, level: Level, text: &str) {
        let (session, kind, repeat) = (self.session, self.kind, self.repeat);
        // The level of an event is fixed where it stands.
        macro_rules! event {
            ($level:expr) => {
                tracing::event!(target: "handler", $level, %session, kind, repeat, "{text}")
            };
        }
        match level {
            Level::TRACE => event!(Level::TRACE),
            Level::DEBUG => event!(Level::DEBUG),
            Level::INFO => event!(Level::INFO),
            Level::WARN => event!(Level::WARN),
            Level::ERROR => event!(Level::ERROR),
        }
        // Writing to a `String` cannot fail.
        let _ = writeln!(self.tail, "{level} {text}");
        // Cut now and then rather than for each line.
        if self.tail.len() > 2 * LOG_TAIL_BYTES_MAX {
            let from = self.tail.len() - LOG_TAIL_BYTES_MAX;
            let from = (from..=self.tail.len()).find(|&at| self.tail.is_char_boundary(at)).unwrap_or(0);
            self.tail.drain(..from);
        }
    }

    fn bytes(&mut self, stream: Stream, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let end = memchr::memchr(b'\n', bytes);
            let (text, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            let partial = &mut self.partial[stream as usize];
            let room = LOG_LINE_BYTES_MAX.saturating_sub(partial.len());
            partial.extend_from_slice(&text[..text.len().min(room)]);
            bytes = rest.get(1..).unwrap_or_default();
            if end.is_some() {
                let line = mem::take(partial);
                self.line(stream.level(), String::from_utf8_lossy(&line).trim_end_matches('\r'));
            }
        }
    }
}

/// A text that is one line and obeyed by no terminal, cut to [`LOG_LINE_BYTES_MAX`].
fn escape(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(LOG_LINE_BYTES_MAX));
    for char in text.chars() {
        if line.len() >= LOG_LINE_BYTES_MAX {
            line.push('…');
            break;
        }
        let turns_direction =
            matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if char.is_control() || turns_direction || matches!(char, '\u{2028}' | '\u{2029}') {
            line.extend(char.escape_default());
        } else {
            line.push(char);
        }
    }
    line
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
