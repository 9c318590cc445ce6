//! Takes changed configs and plugins into service, one after another: the only writer of the [`Board`].

use std::{
    collections::{BTreeMap, BTreeSet},
    future,
    path::PathBuf,
    sync::Arc,
    time::Instant,
};

use mpy6a_plugins::Plugin;
use mpy6a_sessions::Sessions;
use tokio::{sync::oneshot, time};
use tracing::{error, info, warn};

use super::{
    Board, Certificates, Rings, careful, files, loads::Loads, probation::Failed, take, take_back, trial::Trial,
    watch::Watcher,
};
use crate::{
    config::{Config, CutOff, Kind, Text},
    limits::{ASKED_SETTLE_MAX, CUT_OFF_SETTLE},
    recordings::Recordings,
    telemetry::Telemetry,
};

/// Keeps what is in service up to date with the files.
pub struct Reloader {
    /// The config file.
    pub file: PathBuf,
    /// Its text in service.
    pub text: Text,
    /// A newer text that looks cut off.
    pub suspect: Option<Suspect>,
    /// What is in service.
    pub board: Arc<Board>,
    /// Loads plugins.
    pub loads: Loads,
    /// Tells of changed files.
    pub watcher: Watcher,
    /// The certificates of both listeners.
    pub certificates: Certificates,
    /// Told of changed policies.
    pub sessions: Sessions,
    /// Told of a changed level.
    pub telemetry: Telemetry,
    /// Told how many attempts are to be kept.
    pub recordings: Recordings,
    /// Requests to read everything again.
    pub rings: Rings,
    /// Those that are answered once no plugin is being loaded any more.
    pub answers: Vec<oneshot::Sender<()>>,
}

/// Why files are read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Because {
    /// They changed, and lie still.
    Changed,
    /// A person asked for it, and takes it that they are whole.
    Asked,
}

/// The next thing to do.
enum Wake {
    Files(BTreeSet<PathBuf>),
    Asked(oneshot::Sender<()>),
    Loaded(u32, Result<Arc<Plugin>, String>),
    Failed(Vec<Failed>),
    /// A config that looks cut off stayed as it is.
    Stayed,
}

/// A config that looks cut off.
pub struct Suspect {
    text: Text,
    pub(super) since: Instant,
    is_read_again: bool,
}

impl Reloader {
    /// Watch and reload, for as long as the host runs.
    pub fn spawn(self) {
        tokio::spawn(self.run());
    }

    async fn run(mut self) {
        loop {
            match self.wake().await {
                Wake::Files(changed) => self.reload(Because::Changed, |file| changed.contains(file)).await,
                Wake::Asked(answer) => {
                    self.reload_all().await;
                    self.answers.push(answer);
                }
                Wake::Loaded(kind, result) => {
                    take(&self.board, kind, result);
                    self.publish();
                }
                Wake::Stayed => {
                    // The watcher reports it when it lies still, also where it changed a moment ago.
                    self.watcher.distrust(&self.file);
                    self.suspect.iter_mut().for_each(|suspect| suspect.is_read_again = true);
                }
                Wake::Failed(failed) => failed.into_iter().for_each(|failed| take_back(&self.board, failed)),
            }
            if self.loads.is_idle() {
                // Whoever does not wait any more needs no answer.
                for answer in self.answers.drain(..) {
                    let _ = answer.send(());
                }
            }
        }
    }

    async fn wake(&mut self) -> Wake {
        tokio::select! {
            changed = self.watcher.changed() => Wake::Files(changed),
            Some(answer) = self.rings.recv() => Wake::Asked(answer),
            Some((kind, result)) = self.loads.next() => Wake::Loaded(kind, result),
            failed = self.board.probation.failed() => Wake::Failed(failed),
            () = Self::suspect_stayed(self.suspect.as_ref()) => Wake::Stayed,
        }
    }

    /// Read everything again, as a person asked: when the config and the certificates lie still for a moment. Those that are being
    /// written are left to the watcher, and so is the config then; that is said.
    async fn reload_all(&mut self) {
        let careful = careful(&self.file, &self.certificates);
        let moving = self.watcher.moving(&careful).await;
        if moving.is_empty() {
            return self.reload(Because::Asked, |_| true).await;
        }
        let names: Vec<_> = moving.iter().map(|file| file.display().to_string()).collect();
        let names = names.join(", ");
        let trouble =
            format!("{names}: being written for {ASKED_SETTLE_MAX:?} and not yet done: reload again when it is whole");
        error!(files = names, trouble, "files are being written: the old config stays in service");
        self.board.change(|now| now.config_trouble = Some(trouble));
        self.watcher.distrust(&self.file);
        let config = self.file.clone();
        self.reload(Because::Asked, |file| *file != config && !moving.contains(file)).await;
    }

    /// Read again what changed: the config, if it did, and every plugin whose file or whose part of the config did.
    pub(super) async fn reload(&mut self, because: Because, changed: impl Fn(&PathBuf) -> bool) {
        let old = Arc::clone(&self.board.now().config);
        let new = if changed(&self.file) { self.read_config(&old, because) } else { Arc::clone(&old) };
        let certificates = self.certificates.reload(&changed);
        if !certificates.is_empty() {
            self.board.change(|now| now.note_certificates(certificates));
        }
        // Before anything is waited for: what the board shows as paused or gone must not be claimed any more.
        self.publish();
        self.watcher.set_files(files(&self.file, &self.board, &self.certificates)).await;
        for (id, kind) in &new.kinds {
            let same = old.kinds.get(id).is_some_and(|old| old.plugin == kind.plugin);
            if !same || changed(&kind.plugin.file) {
                self.loads.start(*id, kind.plugin.clone(), self.trial(*id, kind));
            }
        }
        let dropped = old.kinds_dropped_by(&new);
        for kind in dropped.keys() {
            self.loads.forget(*kind);
        }
        self.warn_of_dropped(&dropped).await;
    }

    /// How a changed plugin of this kind is tried: not where none is in service, and sessions wait for any.
    fn trial(&self, id: u32, kind: &Kind) -> Option<Trial> {
        let in_service = self.board.plugins.get(id)?.digest();
        let recordings = self.recordings.clone();
        Some(Trial { recordings, kind: id, attempts: kind.rollout.try_attempts, in_service })
    }

    /// The config to be in service now: the file's, or the old one where the file is wrong.
    fn read_config(&mut self, old: &Arc<Config>, because: Because) -> Arc<Config> {
        // Whatever is read now: a text that was seen in between was another, also where it is none.
        let suspect = self.suspect.take();
        let read = Text::read(&self.file).map_err(|error| error.to_string());
        let read = read.and_then(|text| {
            let config = text.config().map_err(|error| error.to_string())?;
            self.whole(&text, because, suspect).map_err(|why| format!("{}: {why}", self.file.display()))?;
            Ok((config, text))
        });
        match read.and_then(|(config, text)| Ok((config.within(old)?, text))) {
            Ok(((config, waiting), text)) => {
                self.text = text;
                if !waiting.is_empty() {
                    let keys = waiting.join(", ");
                    warn!(keys, "these keys changed and stay as they were until the host is restarted");
                }
                if config == **old {
                    // Touched, or put back to what is in service.
                    self.board.change(|now| now.config_trouble = None);
                    return Arc::clone(old);
                }
                let config = Arc::new(config);
                self.telemetry.set_level(&config.log_level);
                self.board.change(|now| {
                    now.config_trouble = None;
                    now.plugin_troubles.retain(|kind, _| config.kinds.contains_key(kind));
                    now.taken_back.retain(|kind, _| config.kinds.contains_key(kind));
                    now.config = Arc::clone(&config);
                });
                info!(file = %self.file.display(), kinds = config.kinds.len(), "config in service");
                config
            }
            Err(trouble) => {
                error!(file = %self.file.display(), trouble, "the config is wrong: the old one stays in service");
                self.board.change(|now| now.config_trouble = Some(trouble));
                Arc::clone(old)
            }
        }
    }

    /// Whether a text is to be taken for a whole one. One that looks cut off is, where it stays so for long, or a person asks for it.
    /// An empty one never is. `suspect`: the one that was read before it and looked cut off.
    fn whole(&mut self, text: &Text, because: Because, suspect: Option<Suspect>) -> Result<(), CutOff> {
        let Some(why) = text.cut_off(&self.text) else { return Ok(()) };
        let since = suspect.filter(|suspect| suspect.text == *text).map_or_else(Instant::now, |suspect| suspect.since);
        let is_over = because == Because::Asked || since.elapsed() >= CUT_OFF_SETTLE;
        match why {
            CutOff::Beginning | CutOff::Line if is_over => return Ok(()),
            CutOff::Beginning | CutOff::Line => {
                self.suspect = Some(Suspect { text: text.clone(), since, is_read_again: false });
            }
            CutOff::Empty => {}
        }
        Err(why)
    }

    /// Resolves when the config that looks cut off has stayed so for long.
    async fn suspect_stayed(suspect: Option<&Suspect>) {
        match suspect.filter(|suspect| !suspect.is_read_again) {
            Some(suspect) => time::sleep_until((suspect.since + CUT_OFF_SETTLE).into()).await,
            None => future::pending().await,
        }
    }

    /// Make the state machine and the registry follow the config in service: plugins of kinds that it dropped go,
    /// policies change, and kinds with a plugin may be claimed.
    pub(super) fn publish(&self) {
        let config = Arc::clone(&self.board.now().config);
        let mut plugins = BTreeMap::clone(&self.board.plugins.all());
        let policies = config.policies(|kind| plugins.contains_key(&kind));
        self.sessions.set_kinds(policies);
        self.recordings.set_keeps(&config);
        plugins.retain(|kind, _| config.kinds.contains_key(kind));
        self.board.plugins.swap(plugins);
    }

    async fn warn_of_dropped(&self, dropped: &BTreeMap<u32, &str>) {
        if dropped.is_empty() {
            return;
        }
        // Fails when the host is stopping: nobody needs the warning then.
        let Ok(counts) = self.sessions.counts().await else { return };
        for (kind, name) in dropped {
            let count = counts.get(kind).copied().unwrap_or_default();
            let sessions = count.active + count.stored + count.repeating + count.parked;
            if sessions > 0 {
                warn!(
                    kind,
                    name, sessions, "the kind left the config: its sessions are kept and wait until it is back"
                );
            }
        }
    }
}
