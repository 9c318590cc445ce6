//! `mpy6a plugin new`, `build` and `check`, as the author of a handler meets them: what they print, what they leave, and what
//! they say of every mistake that an author makes.
//!
//! | file | what it holds them to |
//! |---|---|
//! | [`check`] | what `check` tells of a sound plugin, alone and against a config |
//! | [`refused`] | what it says of a file that no host loads: what to change, for each mistake |
//! | [`build`] | `build` on projects whose commands are everyday programs |
//! | [`new`] | `new` makes what builds and loads, in every language, with its real toolchain |

mod build;
mod check;
mod new;
mod refused;

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Output},
};

/// How `mpy6a plugin` ended.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

/// Run `mpy6a plugin` in a folder.
fn plugin<A: AsRef<OsStr>>(folder: &Path, arguments: &[A]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mpy6a"));
    ran(command.arg("plugin").args(arguments).current_dir(folder).output().unwrap())
}

fn ran(output: Output) -> Ran {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

impl Ran {
    /// It ended so, and printed every one of these, in 80 columns.
    #[track_caller]
    fn says(&self, code: i32, parts: &[&str]) {
        self.tells(code, parts);
        // A path is in one piece, however long.
        let too_wide =
            |line: &&str| line.chars().count() > 80 && line.split_whitespace().count() > 1 && !line.contains('/');
        assert_eq!(self.out.lines().chain(self.err.lines()).find(too_wide), None, "wider than 80 columns");
    }

    /// It ended so, and printed every one of these, whatever line ends are between their words. For builds, whose commands
    /// print what they like.
    #[track_caller]
    fn tells(&self, code: i32, parts: &[&str]) {
        let (out, err) = (&self.out, &self.err);
        let text = one_spaced(&format!("{out} {err}"));
        assert_eq!(self.code, code, "{out}{err}");
        for part in parts {
            assert!(text.contains(part), "{part:?} is not in\n{out}{err}");
        }
    }
}

fn one_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
