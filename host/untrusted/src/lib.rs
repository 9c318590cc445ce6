//! Text, files and folders from outside, looked at before they are used. Every other crate of the host goes through these.
//!
//! | module | what it is for |
//! |---|---|
//! | [`text`] | text that reaches a terminal or a log: control and format characters are escaped |
//! | [`file`] | files named by a config: regular ones only, opened without waiting, read up to a bound |
//! | [`folder`] | folders for the host's user alone |

pub mod file;
pub mod folder;
pub mod text;
