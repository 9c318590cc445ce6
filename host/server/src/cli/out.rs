//! What commands print, also where nobody reads it to the end: `mpy6a session ls | head`.
//!
//! [`out!`] and [`outln!`] stand for `print!` and `println!`, which panic then, and [`errln!`] for `eprintln!`. Their text may
//! come from outside (records, causes, names of files), so none of it moves a cursor, turns the direction of text or hides
//! anything: see [`text`]. Its line feeds are the command's own, so text from outside is made one line before: by
//! [`Table`](super::table::Table), or by [`text::line`].

use std::{
    fmt,
    io::{self, ErrorKind, Write as _},
    process,
};

use mpy6a_untrusted::text;
use serde_json::Value;

/// What a shell says of a program that SIGPIPE ended, as most end that write to nobody: 128 and its number.
const NOBODY_READS: i32 = 141;

/// Print to standard output.
macro_rules! out {
    ($($arguments:tt)*) => { $crate::cli::out::print(format_args!($($arguments)*)) };
}

/// The same, and end the line.
macro_rules! outln {
    ($($arguments:tt)*) => { $crate::cli::out::print(format_args!("{}\n", format_args!($($arguments)*))) };
}

/// Print a line to standard error.
macro_rules! errln {
    ($($arguments:tt)*) => { $crate::cli::out::complain(&format!("{}\n", format_args!($($arguments)*))) };
}

/// Print this, all of it. Where that is impossible the program ends: what it was asked for cannot be had.
pub fn print(text: fmt::Arguments<'_>) {
    print_own(&text::lines(&text.to_string()));
}

/// Print JSON on a line of its own. Control and format characters are escaped as JSON escapes them, so programs read the same value.
pub fn print_json(value: &Value) {
    print_own(&format!("{}\n", text::json(&value.to_string())));
}

/// Print a text of this program alone, as it is.
pub fn print_own(text: &str) {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => process::exit(NOBODY_READS),
        Err(error) => {
            errln!("what was asked for cannot be printed: {error}: send standard output elsewhere");
            process::exit(1);
        }
    }
}

/// Print to standard error. Where that is impossible nothing can be said.
pub fn complain(text: &str) {
    let _ = io::stderr().write_all(text::lines(text).as_bytes());
}
