//! How the end of a run becomes a typed cause.

use std::{any::Any, fmt::Write};

use mpy6a_sessions::{Error, Outcome, limits::CAUSE_BYTES_MAX};
use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace, component::ResourceTableError};
use wasmtime_wasi::I32Exit;

use crate::{
    bindings::Failure,
    limits::{HOST_RESOURCES_MAX, TRAP_BYTES_MAX, TRAP_FRAMES_MAX},
    shown,
};

/// Why the host ends a run from within one of the guest's calls. It travels through wasmtime as an error and is found again
/// in [`of_error`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// The guest asked for more memory or table space than it may have.
    #[error("over the memory limit")]
    Memory,
    /// What the handler had asked could not be made durable, so nothing may follow it.
    #[error(
        "the host could not make the session's operations durable before a request, so the request was not sent: {0}"
    )]
    Barrier(Error),
    /// Who watches the run cut it off.
    #[error("the run was cut off")]
    Cut,
}

/// The handler returned.
pub(crate) fn of_return(returned: Result<(), Failure>) -> Outcome {
    match returned {
        Ok(()) => Outcome::Returned,
        Err(Failure::Retry(reason)) => Outcome::Retry(reason),
        Err(Failure::Permanent(reason)) => Outcome::Permanent(reason),
    }
}

/// The host panicked on behalf of the guest. That is a bug of the host, kept inside the run.
pub(crate) fn of_panic(panic: &(dyn Any + Send)) -> Outcome {
    let message = panic.downcast_ref::<&str>().copied();
    let message = message.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    Outcome::Trapped(format!("the host panicked during the run, please report it: {message}"))
}

/// wasmtime ended the run.
pub(crate) fn of_error(error: &wasmtime::Error) -> Outcome {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return match stop {
            Stop::Memory => Outcome::OutOfMemory,
            Stop::Barrier(_) => Outcome::Trapped(stop.to_string()),
            Stop::Cut => Outcome::HostDied,
        };
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return match trap {
            Trap::OutOfFuel => Outcome::OutOfFuel,
            trap => Outcome::Trapped(with_backtrace(&trap.to_string(), error)),
        };
    }
    if let Some(I32Exit(status)) = error.downcast_ref::<I32Exit>() {
        return Outcome::Trapped(with_backtrace(&exited(*status), error));
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return Outcome::NotStarted(format!("no room in the pool of instances: {}", error.root_cause()));
    }
    if let Some(ResourceTableError::Full) = error.downcast_ref::<ResourceTableError>() {
        let message = format!("it held more than {HOST_RESOURCES_MAX} host resources at once");
        return Outcome::ContractBroken(with_backtrace(&message, error));
    }
    // What remains is the guest breaking the rules between components: text that is not UTF-8, a pointer outside its
    // memory, a handle that is not its own, more bytes in one call than the host takes.
    Outcome::ContractBroken(with_backtrace(&error.root_cause().to_string(), error))
}

/// The guest ended itself. WASI 0.2 carries whether that was a success and no code: the engine makes 0 and 1 of it, which nobody
/// should take for what the guest said. Any other number is the guest's own.
fn exited(status: i32) -> String {
    let how = match status {
        0 => "it exited as if all were done".to_owned(),
        1 => "it exited with a failure".to_owned(),
        code => format!("it exited with code {code}"),
    };
    format!("{how}, instead of returning from `handle`")
}

/// What a trap is called says little: `unreachable` is what every language ends in when it panics. A handler that said in its
/// log what was wrong just before has the better words, so they come first. The frames of a stack may follow them, and what the
/// language's own runtime writes to stderr as it goes down.
pub(crate) fn with_last_words(outcome: Outcome, log_tail: &str) -> Outcome {
    let is_aftermath = |line: &&str| line.starts_with("WARN") || is_frame(line);
    let logged = log_tail.lines().rev().find(|line| !is_aftermath(line)).and_then(|line| line.strip_prefix("ERROR "));
    let written = log_tail
        .lines()
        .rev()
        .map_while(|line| line.strip_prefix("WARN").map(str::trim_start))
        .filter(|line| is_an_end(line));
    match (outcome, logged.or(written.last())) {
        (Outcome::Trapped(cause), Some(said)) => {
            Outcome::Trapped(format!("{}; {cause}", shown::line(said, CAUSE_BYTES_MAX / 2)))
        }
        (outcome, _) => outcome,
    }
}

/// Whether a line on stderr is what a language's runtime writes before it ends a program: Go's, libc++'s without exceptions, libc's.
fn is_an_end(line: &str) -> bool {
    const BEGIN: [&str; 4] = ["panic: ", "fatal error: ", "terminating", "Assertion failed"];
    BEGIN.iter().any(|begin| line.starts_with(begin)) || line.contains(" was thrown in -fno-exceptions mode")
}

/// Whether a line of the log is a frame of a stack: `ERROR     at handle (/src/handler.js:12:3)`.
fn is_frame(line: &str) -> bool {
    line.strip_prefix("ERROR ").is_some_and(|text| text.trim_start().starts_with("at "))
}

/// The message and the innermost frames, on one line.
fn with_backtrace(message: &str, error: &wasmtime::Error) -> String {
    let mut text = message.to_owned();
    let frames = error.downcast_ref::<WasmBacktrace>().map(WasmBacktrace::frames).unwrap_or_default();
    for (number, frame) in frames.iter().take(TRAP_FRAMES_MAX).enumerate() {
        text.push_str(if number == 0 { "; in " } else { " < " });
        // Writing to a `String` cannot fail.
        let _ = match frame.func_name() {
            Some(name) => write!(text, "{name}"),
            None => write!(text, "function {}", frame.func_index()),
        };
    }
    if frames.len() > TRAP_FRAMES_MAX {
        text.push_str(" < …");
    }
    let end = (0..=text.len().min(TRAP_BYTES_MAX)).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    text.truncate(end);
    // A function's name is the guest's own text.
    text.replace(|char: char| char.is_control(), " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_has_a_number_only_where_the_guest_gave_one() {
        assert_eq!(exited(0), "it exited as if all were done, instead of returning from `handle`");
        assert_eq!(exited(1), "it exited with a failure, instead of returning from `handle`");
        assert_eq!(exited(7), "it exited with code 7, instead of returning from `handle`");
    }

    #[test]
    fn a_trap_has_the_last_error_that_was_logged_as_its_cause() {
        let trapped = || Outcome::Trapped("wasm trap: unreachable".into());
        let of = |tail: &str| with_last_words(trapped(), tail);
        assert_eq!(of("INFO a\nERROR index 7\n"), Outcome::Trapped("index 7; wasm trap: unreachable".into()));
        assert_eq!(of("ERROR index 7\nINFO a\n"), trapped(), "it was not the end");
        let aftermath = "ERROR index 7\nERROR     at handle (a.js:1:2)\nWARN \nWARN thread panicked\n";
        assert_eq!(of(aftermath), Outcome::Trapped("index 7; wasm trap: unreachable".into()));
        for end in ["panic: index 7", "fatal error: index 7", "out_of_range was thrown in -fno-exceptions mode: 7"] {
            let tail = format!("INFO a\nWARN not this\nWARN {end}\nWARN \nWARN goroutine 1 [running]:\n");
            assert_eq!(of(&tail), Outcome::Trapped(format!("{end}; wasm trap: unreachable")));
            assert_eq!(of(&format!("{tail}INFO a\n")), trapped(), "it was not the end");
        }
        assert_eq!(of("WARN not this\n"), trapped(), "a handler's own warning");
        assert_eq!(of(""), trapped());
        assert_eq!(with_last_words(Outcome::OutOfFuel, "ERROR a\n"), Outcome::OutOfFuel);
    }
}
