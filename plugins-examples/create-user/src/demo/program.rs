//! A program that runs beside this one and ends with it.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use super::Trouble;

/// How often a program that starts is asked whether it answers.
const ASK_EVERY: Duration = Duration::from_millis(20);
/// How long it may take to answer. A host compiles its handlers at the first start: CPython takes 7 s on two cores that
/// do nothing else, and minutes in a debug build on a busy machine.
const START_WITHIN: Duration = Duration::from_secs(300);
/// How long it may take to end when told to.
const END_WITHIN: Duration = Duration::from_secs(10);

/// A program: what to run, where its output goes, and the process, while there is one.
///
/// **The process is killed when this is dropped**, so it ends with a panic, an error and Ctrl-C alike.
pub struct Program {
    name: &'static str,
    path: PathBuf,
    args: Vec<OsString>,
    log: PathBuf,
    child: Option<Child>,
}

impl Program {
    /// This program, not yet started. Its output will be appended to `log`.
    pub fn new(name: &'static str, path: PathBuf, args: Vec<OsString>, log: PathBuf) -> Self {
        Self { name, path, args, log, child: None }
    }

    /// Where its output goes.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Start it, and wait until `probe` says that it answers.
    pub async fn start(&mut self, probe: impl AsyncFn() -> bool) -> Result<(), Trouble> {
        let log = self.open_log().map_err(|why| format!("{} cannot be written: {why}", self.log.display()))?;
        let mut command = Command::new(&self.path);
        command.args(&self.args).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
        // Ctrl-C on a terminal goes to the whole group: in a group of its own it is ended by us, in our order.
        command.process_group(0);
        let child = command
            .spawn()
            .map_err(|why| format!("{} cannot be started: {why}; build it first", self.path.display()))?;
        self.child = Some(child);
        let answers = async {
            while !probe().await {
                self.check_runs()?;
                tokio::time::sleep(ASK_EVERY).await;
            }
            Ok(())
        };
        match tokio::time::timeout(START_WITHIN, answers).await {
            Ok(answers) => answers,
            Err(_) => {
                let (name, log) = (self.name, self.log.display());
                Err(format!("{name} does not answer after {} s: see {log}", START_WITHIN.as_secs()).into())
            }
        }
    }

    /// An error if it has ended by itself.
    pub fn check_runs(&mut self) -> Result<(), Trouble> {
        match self.child.as_mut().map(Child::try_wait).transpose()?.flatten() {
            Some(status) => {
                Err(format!("{} has ended ({status}); its last words:\n{}", self.name, last_lines(&self.log)).into())
            }
            None => Ok(()),
        }
    }

    /// SIGKILL, and wait until it is gone.
    pub async fn kill(&mut self) -> Result<(), Trouble> {
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
        }
        Ok(())
    }

    /// Ask it to end, and kill it if it does not.
    pub async fn end(&mut self) -> Result<(), Trouble> {
        let pid = self.child.as_ref().and_then(Child::id).and_then(|id| Pid::from_raw(id.try_into().ok()?));
        if let (Some(child), Some(pid)) = (self.child.as_mut(), pid) {
            // It may have ended meanwhile; then there is nobody to tell.
            let _ = kill_process(pid, Signal::TERM);
            let _ = tokio::time::timeout(END_WITHIN, child.wait()).await;
        }
        self.kill().await
    }

    /// The log file, at its end. A killed program may have left half a line: begin a new one.
    fn open_log(&self) -> Result<File, std::io::Error> {
        let mut log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        if log.metadata()?.len() > 0 {
            log.write_all(b"\n")?;
        }
        Ok(log)
    }
}

/// The end of a log file, for an error message.
fn last_lines(log: &Path) -> String {
    const LINES: usize = 5;
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}
