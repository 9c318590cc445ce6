//! `mpy6a check`: is this config right, and does every plugin that it names load with what it is granted? Prints a
//! report.
//!
//! It opens neither store nor port, so it can run beside a host that serves. It compiles every plugin itself, not
//! from a cache, so the time it prints is what a first start takes.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path, process::ExitCode, sync::Arc, time::Duration};

use mpy6a_plugins::{Sandbox, SandboxConfig};
use mpy6a_sessions::store::logged::log_folder;
use mpy6a_untrusted::folder::{self, Standing};
use tokio::{runtime::Builder, time::Instant};

use super::report::Report;
use crate::{
    config::{Config, Kind, values::SizeText},
    host::{files, sandbox_config},
    recordings::folder_of,
    time::now_ms,
};

/// Check a config and print what was found. Ends with 0 if everything is right, else with 1.
pub fn run(file: &Path) -> ExitCode {
    let (report, right) = check(file);
    out!("{report}");
    if right { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The report, and whether everything is right.
fn check(file: &Path) -> (String, bool) {
    let mut report = Report::default();
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(error) => {
            report.line("", &format!("{} is wrong:", file.display()));
            error.lines().for_each(|line| report.line("  ", &line));
            return (report.text, false);
        }
    };
    let right = check_whole(file, &config, &mut report);
    (report.text, right)
}

fn check_whole(file: &Path, config: &Config, report: &mut Report) -> bool {
    let runs: u32 = config.kinds.values().map(|kind| kind.policy.max_running).sum();
    let (kinds, runs_max) = (config.kinds.len(), config.fixed.runs_max);
    let s = if kinds == 1 { "" } else { "s" };
    report.line("", &format!("{}: {kinds} kind{s}, at most {runs} of {runs_max} runs at once", file.display()));
    if kinds == 0 {
        report.line("  ", "no kind: a host serves none until a [[kind]] is added");
    }
    if let Err(few) = files::check(&config.fixed) {
        // The host may be started with other limits of the system than this command.
        report.line("  ", &format!("started from here: {few}"));
    }
    let mut wrong = usize::from(!check_store_folder(config, report));
    wrong += check_private_folders(config, report) + check_certificates(config, report);
    let loaded =
        Builder::new_multi_thread().enable_all().build().map_err(|error| error.to_string()).and_then(|runtime| {
            let sandbox = SandboxConfig { cache_dir: None, ..sandbox_config(&config.fixed) };
            let sandbox = Sandbox::new(sandbox).map_err(|error| error.to_string())?;
            Ok(runtime.block_on(check_kinds(config, &sandbox, report)))
        });
    match loaded {
        Ok(wrong_kinds) => wrong += wrong_kinds,
        Err(trouble) => {
            report.line("", &trouble);
            wrong += 1;
        }
    }
    report.line("", "");
    report.line("", if wrong == 0 { "Everything is right." } else { "Not everything is right: see above." });
    wrong == 0
}

/// The folder of the store has to be there: a host makes the file, not the folder.
fn check_store_folder(config: &Config, report: &mut Report) -> bool {
    let folder = config.fixed.store_path.parent().unwrap_or(Path::new("/"));
    let there = folder.is_dir();
    if !there {
        report.line("  ", &format!("store.path: the folder {} is missing: make it", folder.display()));
    }
    there
}

/// The user of the host over this store: its owner where root checks, for root checks what other users' hosts serve; else this user.
fn user_of(store: &Path) -> u32 {
    let folder = store.parent().unwrap_or(Path::new("/"));
    let owner = fs::metadata(store).or_else(|_| fs::metadata(folder)).map(|it| it.uid());
    match folder::user() {
        0 => owner.unwrap_or(0),
        user => user,
    }
}

/// Look at the folders for the host's user alone; answers how many a host cannot use. Folders that it makes or closes itself are
/// not among them.
fn check_private_folders(config: &Config, report: &mut Report) -> usize {
    let fixed = &config.fixed;
    let user = user_of(&fixed.store_path);
    let mut wrong = Vec::new();
    for (key, folder) in [("log", log_folder(&fixed.store_path)), ("recordings", folder_of(&fixed.store_path))] {
        wrong.extend(
            folder::look_for(&folder, user).err().map(|error| format!("store.path: the folder of its {key}: {error}")),
        );
    }
    if let Some(cache) = &fixed.plugin_cache {
        match folder::look_for(cache, user) {
            Ok(Standing::Missing | Standing::Private) => {}
            Ok(Standing::Open) => wrong.push(format!(
                "plugins.cache: {} is open to other users, who may have put code there: empty it, and chmod it to 700",
                cache.display()
            )),
            Err(error) => wrong.push(format!("plugins.cache: {error}")),
        }
    }
    wrong.iter().for_each(|wrong| report.line("  ", wrong));
    wrong.len()
}

/// Read the certificates of both listeners; answers how many cannot be used.
fn check_certificates(config: &Config, report: &mut Report) -> usize {
    let mut wrong = 0;
    for (key, exposure) in [("tls", &config.fixed.exposure), ("admin.tls", &config.fixed.admin_exposure)] {
        let Some(files) = &exposure.tls else { continue };
        match files.read(&[], now_ms() / 1_000) {
            Ok(material) => {
                material.warnings.iter().for_each(|warning| report.line("  ", &format!("{key}: {warning}")))
            }
            Err(error) => {
                report.line("  ", &format!("{key}: {error}"));
                wrong += 1;
            }
        }
    }
    wrong
}

/// Load every plugin; answers how many do not.
async fn check_kinds(config: &Config, sandbox: &Arc<Sandbox>, report: &mut Report) -> usize {
    let mut wrong = 0;
    for (id, kind) in &config.kinds {
        let began = Instant::now();
        let loaded = sandbox.load(&kind.plugin).await;
        let loaded = loaded.map(|plugin| (plugin.digest(), began.elapsed())).map_err(|error| error.to_string());
        wrong += usize::from(loaded.is_err());
        report_kind(*id, kind, &loaded, report);
    }
    wrong
}

fn report_kind(id: u32, kind: &Kind, loaded: &Result<([u8; 32], Duration), String>, report: &mut Report) {
    let paused = if kind.paused { ", paused" } else { "" };
    report.line("", "");
    report.line("", &format!("kind {id} {}{paused}", kind.name));
    report.line("  file   ", &kind.plugin.file.display().to_string());
    match loaded {
        Ok((digest, took)) => {
            let bytes = fs::metadata(&kind.plugin.file).map_or(0, |it| it.len());
            report.line("  sha256 ", &hex::encode(digest));
            report.line("  size   ", &format!("{bytes} bytes, loaded and compiled in {} ms", took.as_millis()));
        }
        Err(trouble) => report.line("  WRONG  ", trouble),
    }
    let limits = kind.plugin.limits;
    let memory = SizeText(limits.memory_bytes);
    report.line("  limits ", &format!("fuel {}, memory {memory}, time {:?}", limits.fuel, limits.time));
    let targets: Vec<String> = kind.plugin.grants.http.iter().map(ToString::to_string).collect();
    report.line("  http   ", &if targets.is_empty() { "denied".to_owned() } else { targets.join(" ") });
    let names: Vec<&str> = kind.plugin.settings.keys().map(String::as_str).collect();
    report.line("  reads  ", &if names.is_empty() { "no settings".to_owned() } else { names.join(" ") });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::limits::REPORT_COLUMNS;

    /// A component that exports the handler: the real thing is loaded in the black-box tests; here a file is enough
    /// that is refused for a known reason.
    fn config(folder: &Path, text: &str) -> std::path::PathBuf {
        let file = folder.join("mpy6a.toml");
        fs::write(&file, text).unwrap();
        file
    }

    fn fits(report: &str) -> bool {
        report.lines().all(|line| line.chars().count() <= REPORT_COLUMNS)
    }

    #[test]
    fn every_mistake_of_a_config_is_in_the_report() {
        let folder = tempfile::tempdir().unwrap();
        let file = config(folder.path(), "lisen = \"127.0.0.1:1\"\n[[kind]]\nid = 1\nname = \"a b\"\nlease = 10\n");
        let (report, right) = check(&file);
        assert!(!right);
        for part in [":1: lisen:", "`listen`", ":4: kind.name:", ":5: kind.lease:", "kind.plugin.file: missing"] {
            assert!(report.replace("\n  ", " ").contains(part), "{part} is not in\n{report}");
        }
    }

    #[test]
    fn each_plugin_that_does_not_load_is_named_with_its_reason_in_80_columns() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("broken.wasm"), "no wasm").unwrap();
        let kind = |id: u32, file: &str| format!("[[kind]]\nid = {id}\nname = \"k{id}\"\nplugin.file = \"{file}\"\n");
        let file = config(folder.path(), &[kind(1, "broken.wasm"), kind(2, "absent.wasm")].concat());
        let (report, right) = check(&file);
        assert!(!right && fits(&report), "{report}");
        assert!(report.contains("kind 1 k1") && report.contains("kind 2 k2"), "{report}");
        assert_eq!(report.matches("WRONG").count(), 2, "{report}");
        assert!(!folder.path().join("mpy6a.redb").exists() && !folder.path().join("mpy6a.cache").exists());
    }

    #[test]
    fn a_config_without_kinds_is_right_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let (report, right) = check(&config(folder.path(), ""));
        assert!(right && report.contains("no kind") && report.contains("Everything is right."), "{report}");
    }

    #[test]
    fn a_folder_that_a_host_could_not_use_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let file = config(folder.path(), "");
        fs::write(folder.path().join("mpy6a.redb-log"), "").unwrap();
        fs::create_dir(folder.path().join("mpy6a.redb-recordings")).unwrap();
        fs::create_dir(folder.path().join("mpy6a.cache")).unwrap();
        for open in ["mpy6a.redb-recordings", "mpy6a.cache"] {
            fs::set_permissions(folder.path().join(open), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let (report, right) = check(&file);
        let report = report.replace("\n  ", " ");
        assert!(!right && report.contains("is no folder") && report.contains("is open to other users"), "{report}");
        assert!(!report.contains("recordings"), "a host closes it: {report}");
    }

    #[test]
    fn a_missing_folder_of_the_store_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let (report, right) = check(&config(folder.path(), "[store]\npath = \"none/x.redb\"\n"));
        assert!(!right && report.contains("store.path"), "{report}");
    }
}
