//! Logging: structured events through `tracing`, to stderr, as text or as one JSON object a line.
//!
//! | file | its job |
//! |---|---|
//! | here | the log: its level, its format, its last lines |
//! | [`queue`] | lines on their way to stderr: bounded; only a thread of its own waits for a reader |
//!
//! Keys of sessions hide themselves, and settings of plugins, which may be secrets, are logged nowhere. Text from outside moves no
//! cursor and forges no line: every line is escaped when it is whole.

pub mod queue;

use std::{
    borrow::Cow,
    env,
    io::{self, IsTerminal as _, Write},
    panic,
    sync::{Arc, OnceLock, mpsc},
    thread,
    time::SystemTime,
};

use mpy6a_untrusted::text;
use tracing::warn;
use tracing_subscriber::{
    EnvFilter, Layer as _, Registry, fmt::MakeWriter, layer::SubscriberExt as _, reload, util::SubscriberInitExt as _,
};

use self::queue::{Queue, Room};
use crate::{
    config::LogFormat,
    limits::{LOG_FLUSH_MAX, LOG_QUEUE_BYTES_MAX, LOG_QUEUE_LINES_MAX},
};

/// The environment variable that overrides the config's `log.level`.
pub const LEVEL_VARIABLE: &str = "RUST_LOG";

/// The lines of this process on their way to stderr, once it logs, and how they look.
static LOG: OnceLock<(Arc<Queue>, LogFormat)> = OnceLock::new();

/// The log of this process. Its level can change while it runs.
#[derive(Clone, Debug)]
pub struct Telemetry {
    filter: reload::Handle<EnvFilter, Registry>,
}

impl Telemetry {
    /// Start to log. Once for each process; a second time changes nothing.
    ///
    /// # Errors
    ///
    /// The system has no thread to write with.
    pub fn start(format: LogFormat, level: &str) -> io::Result<Self> {
        let (filter, handle) = reload::Layer::new(filter(env::var(LEVEL_VARIABLE).ok(), level));
        let tell: fn(u64) -> String = match format {
            LogFormat::Text => |count| line_of(LogFormat::Text, "WARN", &dropped(count)),
            LogFormat::Json => |count| line_of(LogFormat::Json, "WARN", &dropped(count)),
        };
        let queue = Queue::new(Room { lines: LOG_QUEUE_LINES_MAX, bytes: LOG_QUEUE_BYTES_MAX }, tell);
        queue.write_to(io::stderr())?;
        let is_terminal = io::stderr().is_terminal();
        let lines = tracing_subscriber::fmt::layer().with_ansi(is_terminal).with_writer(Lines {
            queue: Arc::clone(&queue),
            format,
            has_colours: is_terminal,
        });
        let lines = match format {
            LogFormat::Text => lines.boxed(),
            LogFormat::Json => lines.json().flatten_event(true).boxed(),
        };
        // Fails where something else logs for this process already, a test for example: then that goes on.
        if tracing_subscriber::registry().with(filter).with(lines).try_init().is_ok() {
            let _ = LOG.set((queue, format));
        }
        Ok(Self { filter: handle })
    }

    /// Log at another level from now on.
    pub fn set_level(&self, level: &str) {
        if let Err(error) = self.filter.reload(filter(env::var(LEVEL_VARIABLE).ok(), level)) {
            warn!(%error, "the level of the log stays as it was");
        }
    }
}

/// How many lines of this process were dropped, because more came than was read.
#[must_use]
pub fn lines_dropped() -> u64 {
    LOG.get().map_or(0, |(queue, _)| queue.dropped())
}

/// Wait until the last lines are written: before the process ends, and not for long where they are not read.
pub fn flush() {
    if let Some((queue, _)) = LOG.get() {
        queue.flush(LOG_FLUSH_MAX);
    }
}

/// Write a text to stderr without a log, and wait for that no longer than for the last lines of one.
pub fn say(text: &str) {
    let text = format!("{}\n", text::lines(text));
    let (done, is_done) = mpsc::channel();
    let write = move || {
        let _ = io::stderr().write_all(text.as_bytes());
        let _ = done.send(());
    };
    // Without a thread nothing can be said.
    if thread::Builder::new().spawn(write).is_ok() {
        let _ = is_done.recv_timeout(LOG_FLUSH_MAX);
    }
}

/// The variable, where it is set and right; the config otherwise.
fn filter(variable: Option<String>, level: &str) -> EnvFilter {
    let variable = variable.filter(|text| !text.is_empty());
    let variable = variable.and_then(|text| EnvFilter::builder().parse(text).ok());
    // The config has checked its level; the log must go on in any case.
    variable.unwrap_or_else(|| EnvFilter::builder().parse_lossy(level))
}

fn dropped(count: u64) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} log line{s} dropped: the reader of this log is too slow, or had stopped")
}

/// A line that is written whatever the level of the log.
fn line_of(format: LogFormat, level: &str, message: &str) -> String {
    let now = humantime::format_rfc3339_micros(SystemTime::now());
    let target = module_path!();
    let line = match format {
        LogFormat::Text => format!("{now} {level:>5} {target}: {message}"),
        LogFormat::Json => {
            let line = serde_json::json!({
                "timestamp": now.to_string(), "level": level, "message": message, "target": target,
            });
            line.to_string()
        }
    };
    String::from_utf8_lossy(&escaped(line.as_bytes(), format, false)).into_owned() + "\n"
}

/// Have panics logged. The standard library writes them to stderr itself, and waits there for a reader.
pub fn log_panics() {
    let Some((queue, format)) = LOG.get() else { return };
    panic::set_hook(Box::new(|panic| {
        let thread = thread::current();
        let thread = thread.name().unwrap_or("without a name");
        let mut message = format!("thread {thread} panicked, a bug worth reporting: {panic}");
        let backtrace = std::backtrace::Backtrace::capture();
        if backtrace.status() == std::backtrace::BacktraceStatus::Captured {
            message.push_str(&format!("\n{backtrace}"));
        }
        queue.push(line_of(*format, "ERROR", &message).into_bytes());
    }));
}

/// Makes a writer for each event.
struct Lines {
    queue: Arc<Queue>,
    format: LogFormat,
    /// Whether the formatter colours what it writes itself.
    has_colours: bool,
}

/// An event being written: queued as one line when it is dropped.
struct Line<'a> {
    to: &'a Lines,
    bytes: Vec<u8>,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { to: self, bytes: Vec::new() }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let line = self.bytes.strip_suffix(b"\n").unwrap_or(&self.bytes);
        let line = escaped(line, self.to.format, self.to.has_colours);
        let mut whole = Vec::with_capacity(line.len() + 1);
        whole.extend_from_slice(&line);
        whole.push(b'\n');
        self.to.queue.push(whole);
    }
}

/// A line without its end, with everything escaped in it that is not text. Colours stay: the formatter has escaped those of others.
fn escaped(line: &[u8], format: LogFormat, has_colours: bool) -> Cow<'_, [u8]> {
    if line.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        return Cow::Borrowed(line);
    }
    let text = String::from_utf8_lossy(line);
    let shown = match format {
        LogFormat::Json => text::json(&text).into_owned(),
        LogFormat::Text if has_colours => text.split('\x1b').map(text::line).collect::<Vec<_>>().join("\x1b"),
        LogFormat::Text => text::line(&text).into_owned(),
    };
    Cow::Owned(shown.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_overrides_the_config_where_it_is_set_and_right() {
        let chosen = |variable: Option<&str>| filter(variable.map(str::to_owned), "warn").to_string();
        assert_eq!(chosen(None), "warn");
        assert_eq!(chosen(Some("")), "warn");
        assert_eq!(chosen(Some("debug")), "debug");
        assert_eq!(chosen(Some("a=b=c")), "warn");
    }

    #[test]
    fn a_line_stays_a_line_whatever_is_in_it() {
        let shown = |line: &str, format, has_colours| {
            String::from_utf8_lossy(&escaped(line.as_bytes(), format, has_colours)).into_owned()
        };
        assert_eq!(shown("a\n2026 ERROR b\u{202e}", LogFormat::Text, false), "a\\n2026 ERROR b\\u{202e}");
        assert_eq!(shown("\x1b[31ma\r\x1b[0m", LogFormat::Text, true), "\x1b[31ma\\r\x1b[0m");
        assert_eq!(shown("{\"a\":\"\u{202e}\"}", LogFormat::Json, false), "{\"a\":\"\\u202e\"}");
    }

    #[test]
    fn a_line_of_its_own_looks_like_the_others() {
        let text = line_of(LogFormat::Text, "WARN", &dropped(2));
        assert!(text.contains("  WARN mpy6a::telemetry: 2 log lines dropped: ") && text.ends_with('\n'), "{text}");
        let json = line_of(LogFormat::Json, "WARN", &dropped(1));
        assert!(json.contains("\"message\":\"1 log line dropped: ") && json.ends_with("}\n"), "{json}");
    }
}
