//! An attempt that is kept is run again by the command line, out of what it got then: to the same fuel, with no effect.
//!
//! | file | what is held |
//! |---|---|
//! | [`same`] | the same plugin does the same: clocks, chance, HTTP, limits, traps |
//! | [`differs`] | another plugin differs, and that is shown |
//! | [`bounds`] | no more is kept than the config says, and why something is not is told |
//! | [`folder`] | files that a killed host left |

mod bounds;
mod differs;
mod folder;
mod same;

use std::{path::PathBuf, process::Output};

use mpy6a_proto::v1::Index;
use serde_json::Value;

use crate::{
    admin::cli::mpy6a,
    harness::{Host, shown},
};

/// `mpy6a session replay` of the last attempt that is kept, with these arguments more.
async fn replay(host: &Host, id: Index, more: &[&str]) -> Output {
    let id = shown(id);
    let arguments = [&["session", "replay", id.as_str()], more].concat();
    mpy6a(host, &arguments).await
}

/// The same, as JSON; and the exit code.
async fn replayed(host: &Host, id: Index, more: &[&str]) -> (Value, i32) {
    let output = replay(host, id, &[&["--output", "json"], more].concat()).await;
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let object = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    (object, output.status.code().unwrap())
}

/// Replay, and hold it to what happened then, to the last unit of fuel.
async fn does_the_same(host: &Host, id: Index, what: &str) -> Value {
    let (object, code) = replayed(host, id, &[]).await;
    assert_eq!(object["then"], object["now"], "{what}");
    assert_eq!((code, &object["same"], &object["differences"]), (0, &true.into(), &Value::Array(Vec::new())), "{what}");
    object["now"].clone()
}

/// The files of recordings that a host keeps.
fn files(host: &Host) -> Vec<PathBuf> {
    let folder = host.path("mpy6a.redb-recordings");
    let kinds = std::fs::read_dir(folder).into_iter().flatten().map(|kind| kind.unwrap().path());
    let kinds = kinds.filter(|kind| kind.file_name().unwrap() != "plugins");
    let mut files: Vec<PathBuf> =
        kinds.flat_map(|kind| std::fs::read_dir(kind).unwrap().map(|file| file.unwrap().path())).collect();
    files.sort();
    files
}
