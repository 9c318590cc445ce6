//! `mpy6a backup`, `mpy6a restore`, `mpy6a verify`: copies of everything that a host keeps.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use mpy6a_proto::v1;
use mpy6a_sessions::store::{
    logged::{log_folder, verify::verify},
    redb::{Verified, beside, install},
};

use super::{
    remote::{Host, Trouble, refused},
    report::Report,
};
use crate::config::Config;

/// Where a backup goes.
#[derive(Args, Debug)]
pub struct Backup {
    /// The file to make; it must not be there yet.
    file: PathBuf,
}

/// What is restored where.
#[derive(Args, Debug)]
pub struct Restore {
    /// The backup.
    file: PathBuf,
    /// The config of the host that will serve from it: `[store] path` says where it goes.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// What is looked at.
#[derive(Args, Debug)]
pub struct Verify {
    /// A backup, or a store that no host serves from.
    #[arg(required_unless_present = "config")]
    file: Option<PathBuf>,
    /// The store of this config.
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    config: Option<PathBuf>,
}

/// `backup`.
pub async fn backup(arguments: &Backup, host: Host) -> Result<ExitCode, Trouble> {
    let file = &arguments.file;
    if file.symlink_metadata().is_ok() {
        let file = file.display();
        return Err(refused(format!("{file} is there already, and was left as it is: name a file that is not")));
    }
    let aside = beside(file);
    let done = match receive(&aside, host).await {
        Ok(()) => install(&aside, file).map_err(refused),
        Err(trouble) => Err(trouble),
    };
    let _ = fs::remove_file(&aside);
    tell(file, &done?);
    Ok(ExitCode::SUCCESS)
}

async fn receive(aside: &Path, host: Host) -> Result<(), Trouble> {
    let failed =
        |error| refused(format!("cannot write {}: {error}: check its folder, and the room there", aside.display()));
    let answer = host.admin.clone().backup(v1::BackupRequest {}).await;
    let mut chunks = answer.map_err(|status| host.trouble(&status))?.into_inner();
    let mut file = made(aside).map_err(failed)?;
    let (mut received, mut whole) = (0, None);
    while let Some(chunk) = chunks.message().await.map_err(|status| host.trouble(&status))? {
        file.write_all(&chunk.bytes).map_err(failed)?;
        received += chunk.bytes.len() as u64;
        whole = Some(chunk.file_bytes);
    }
    if whole != Some(received) {
        return Err(refused(format!("the backup was cut off after {received} bytes: try again")));
    }
    file.sync_all().map_err(failed)
}

/// `restore`.
pub fn restore(arguments: &Restore) -> ExitCode {
    let done = try_restore(&arguments.file, &arguments.config);
    done.unwrap_or_else(|trouble| trouble.tell())
}

fn try_restore(backup: &Path, config: &Path) -> Result<ExitCode, Trouble> {
    let store = Config::load(config).map_err(refused)?.fixed.store_path;
    let log = log_folder(&store);
    for there in [&store, &log] {
        if there.symlink_metadata().is_ok() {
            return Err(refused(format!(
                "{} is there already, and a host may serve from it: stop that host, move {} and {} away, then restore",
                there.display(),
                store.display(),
                log.display()
            )));
        }
    }
    // Before it is copied: a backup that is none is named by its own name.
    let found = verify(backup).map_err(refused)?;
    if !found.is_right() {
        return Err(refused(format!("{} is no backup to restore: {}", backup.display(), found.wrong.join("; "))));
    }
    let aside = beside(&store);
    let copied = copy(backup, &aside);
    let copied = copied.map_err(|error| {
        refused(format!("cannot write {}: {error}: check its folder, and the room there", aside.display()))
    });
    let done = copied.and_then(|()| install(&aside, &store).map_err(refused));
    let _ = fs::remove_file(&aside);
    tell(&store, &done?);
    outln!("  start the host: it goes on with what the backup has");
    Ok(ExitCode::SUCCESS)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let (mut from, mut to) = (File::open(from)?, made(to)?);
    io::copy(&mut from, &mut to)?;
    to.sync_all()
}

/// A new file, for its owner alone: records are nobody else's business.
fn made(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// `verify`.
pub fn look(arguments: &Verify) -> ExitCode {
    try_look(arguments).unwrap_or_else(|trouble| trouble.tell())
}

fn try_look(arguments: &Verify) -> Result<ExitCode, Trouble> {
    let file = match (&arguments.file, &arguments.config) {
        (Some(file), _) => file.clone(),
        (None, Some(config)) => Config::load(config).map_err(refused)?.fixed.store_path,
        (None, None) => return Err(refused("name a file, or a config with --config")),
    };
    let found = verify(&file).map_err(refused)?;
    tell(&file, &found);
    if found.is_right() {
        return Ok(ExitCode::SUCCESS);
    }
    let mut report = Report::default();
    found.wrong.iter().for_each(|wrong| report.line("! ", wrong));
    if found.wrong_more > 0 {
        report.line("! ", &format!("and {} more", found.wrong_more));
    }
    out!("{}", report.text);
    Err(refused("it is damaged: restore a backup that is right, and report this with what the disk says"))
}

/// What is in a file.
fn tell(file: &Path, found: &Verified) {
    let Verified { held, stored, parked, records, record_bytes, logged, .. } = found;
    outln!("{}", file.display());
    outln!("  {} sessions: {held} held, {stored} stored, {parked} parked", held + stored + parked);
    outln!("  {records} records, {record_bytes} bytes");
    if *logged > 0 {
        outln!("  and {logged} commits in the log");
    }
    if found.is_right() {
        outln!("  read whole: all of it is right");
    }
}
