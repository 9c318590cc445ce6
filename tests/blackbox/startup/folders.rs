//! Folders that are for the host's user alone, whatever the umask and whatever was there.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt as _, chown},
    process::Command,
};

use super::check;
use crate::harness::{Config, Host, Kind};

/// The exit code of a host that cannot open its store.
const STORE_UNUSABLE: Option<i32> = Some(5);

const FOLDERS: [&str; 3] = ["mpy6a.redb-log", "mpy6a.redb-recordings", "own.cache"];

fn config() -> Config {
    Config::of([Kind::misbehave(1)]).set("plugins.cache", "own.cache")
}

/// The program under a umask that takes nothing away.
fn unmasked() -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "umask 000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_mpy6a")]);
    command
}

fn modes(host: &Host) -> [u32; 3] {
    FOLDERS.map(|name| fs::metadata(host.path(name)).unwrap().permissions().mode() & 0o777)
}

#[tokio::test]
async fn they_are_made_for_their_owner_alone_whatever_the_umask() {
    let mut host = Host::prepare(&config());
    host.try_launch(unmasked).await.unwrap();
    let session = host.left(1, &["permanent kept"]).await;
    host.parked(session).await;
    assert_eq!(modes(&host), [0o700; 3]);
    let plugins = fs::metadata(host.path("mpy6a.redb-recordings/plugins")).unwrap().permissions().mode();
    assert_eq!(plugins & 0o777, 0o700);
}

#[tokio::test]
async fn those_that_were_open_are_closed_and_that_is_said() {
    let mut host = Host::prepare(&config());
    for name in &FOLDERS[..2] {
        fs::create_dir(host.path(name)).unwrap();
        fs::set_permissions(host.path(name), Permissions::from_mode(0o775)).unwrap();
    }
    assert!(check(&host).right, "a host closes them: {}", check(&host).text);
    host.launch().await;
    assert_eq!(modes(&host), [0o700; 3]);
    host.logged("the log's folder was open to other users, and is closed to them now").await;
    host.logged("the folder of recordings was open to other users").await;
}

#[tokio::test]
async fn the_log_of_another_user_is_not_used_and_check_says_so() {
    let mut host = Host::prepare(&config());
    let log = host.path(FOLDERS[0]);
    fs::create_dir(&log).unwrap();
    if chown(&log, Some(65_534), None).is_err() {
        eprintln!("SKIPPED: only root can give a folder away");
        return;
    }
    let exit = host.exit_of_start().await;
    assert_eq!(exit.code, STORE_UNUSABLE, "{exit:?}");
    let checked = check(&host);
    for part in ["belongs to user 65534", "chown it"] {
        assert!(exit.text.contains(part) && checked.text.contains(part), "{part}: {exit:?} {}", checked.text);
    }
    assert!(!checked.right);
}
