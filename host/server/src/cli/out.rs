//! What commands print, also where nobody reads it to the end: `mpy6a session ls | head`.
//!
//! [`out!`] and [`outln!`] stand for `print!` and `println!`, which panic then.

use std::{
    fmt,
    io::{self, ErrorKind, Write as _},
    process,
};

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

/// Print this, all of it. Where that is impossible the program ends: what it was asked for cannot be had.
pub fn print(text: fmt::Arguments<'_>) {
    let mut stdout = io::stdout().lock();
    match stdout.write_fmt(text).and_then(|()| stdout.flush()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => process::exit(NOBODY_READS),
        Err(error) => {
            eprintln!("what was asked for cannot be printed: {error}: send standard output elsewhere");
            process::exit(1);
        }
    }
}
