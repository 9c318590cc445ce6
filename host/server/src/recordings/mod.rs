//! Attempts that are kept, so that they can be replayed: `mpy6a session replay`.
//!
//! | file | its job |
//! |---|---|
//! | [`gate`] | how many are kept of many: failures before successes |
//! | [`shelf`] | what is kept, and what has to go for something new: decisions over values |
//! | [`format`] | a recording as a file |
//! | [`folder`] | the files: written aside and renamed, found again by the next host |
//! | [`keeper`] | the thread that writes them |
//! | [`reasons`] | why an attempt is not kept, for whoever asks for it |
//!
//! ```text
//! run -> recorder (in memory) -> gate -> queue, bounded -> keeper: encode, write, push out the oldest -> folder
//!                                                                       plugin file, once for each digest -^
//! ```
//!
//! Invariants:
//!
//! * A run and the writer never wait for this. What does not fit into the queue is dropped and counted; losing a recording is
//!   harmless. Nothing is fsynced, and the store knows nothing of it.
//! * Bounded for each kind by count and bytes (`[kind.keep]`), the oldest goes first; plugin files by what refers to them, and by
//!   [`KEPT_PLUGINS_BYTES_MAX`].
//! * A recording may hold secrets: what clients recorded, what services answered, and settings that the handler read. The folder
//!   is its owner's alone.

pub mod folder;
pub mod format;
pub mod gate;
mod keeper;
pub mod reasons;
pub mod shelf;

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    time::Instant,
};

use mpy6a_plugins::{Job, Plugin, Recorder, Recording, RunEnd};
use mpy6a_sessions::Index;
use tracing::warn;

use self::{
    folder::Folder,
    gate::Gate,
    keeper::{Keeper, Message},
    reasons::Reasons,
};
pub use self::{
    reasons::Why,
    shelf::{Entry, Shelf},
};
use crate::{
    config::{Config, Keep},
    limits::{KEPT_QUEUE, KEPT_QUEUE_BYTES_MAX},
};

/// Keeps attempts. Cheap to clone.
#[derive(Clone)]
pub struct Recordings(Arc<Shared>);

/// What those who offer, the thread that writes and those who ask share.
struct Shared {
    folder: Folder,
    /// None where the folder cannot be used.
    queue: Option<SyncSender<Message>>,
    /// Bytes that wait in the queue.
    queued: AtomicU64,
    /// How many were dropped, since the queue was full.
    dropped: AtomicU64,
    /// What each kind of the config in service keeps.
    keeps: Mutex<BTreeMap<u32, Keep>>,
    gates: Mutex<BTreeMap<u32, Gate>>,
    shelf: Mutex<Shelf>,
    reasons: Mutex<Reasons>,
}

/// The folder of recordings that belongs to a store.
#[must_use]
pub fn folder_of(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push("-recordings");
    PathBuf::from(name)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Recordings {
    /// Keep attempts beside this store, and find those that an earlier host kept. A folder that cannot be used keeps no host from
    /// serving: nothing is kept then.
    #[must_use]
    pub fn start(store: &Path, config: &Config) -> Self {
        let folder = Folder::at(folder_of(store));
        let (queue, messages) = sync_channel(KEPT_QUEUE);
        let opened = folder.open();
        if let Err(error) = &opened {
            let folder = folder.path().display();
            warn!(%folder, %error, "attempts are not kept: check this folder, and restart the host");
        }
        let queue = opened.is_ok().then_some(queue);
        let found = opened.unwrap_or_default();
        let shared = Arc::new(Shared {
            folder,
            queue,
            queued: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            keeps: Mutex::default(),
            gates: Mutex::default(),
            shelf: Mutex::new(Shelf::of(found)),
            reasons: Mutex::default(),
        });
        // Without the thread the queue fills, and what comes then is dropped and counted.
        if let Err(error) = Keeper::spawn(&shared, messages) {
            warn!(%error, "no thread to keep attempts with: lift the limit on processes (ulimit -u), and restart the host");
        }
        let this = Self(shared);
        this.set_keeps(config);
        this
    }

    /// From now on kinds keep what this config says.
    pub fn set_keeps(&self, config: &Config) {
        *lock(&self.0.keeps) = config.kinds.iter().map(|(id, kind)| (*id, kind.keep)).collect();
        self.0.nudge();
    }

    /// Somebody to record this run, if its kind keeps any.
    #[must_use]
    pub fn recorder(&self, plugin: &Arc<Plugin>, job: &Job, keep: Keep) -> Option<Recorder> {
        let is_kept = keep.attempts > 0 && self.0.queue.is_some();
        is_kept.then(|| plugin.recorder(job, keep.bytes))
    }

    /// The run has ended like this: keep it, if it is one to keep.
    pub fn offer(&self, plugin: &Arc<Plugin>, recorder: Recorder, end: &RunEnd, keep: Keep) {
        let shared = &self.0;
        let (id, fence, kind) = recorder.of();
        let is_success = matches!(end.report.outcome, mpy6a_sessions::Outcome::Returned);
        let passes = lock(&shared.gates).entry(kind).or_default().passes(is_success, keep.attempts, Instant::now());
        if !passes {
            return;
        }
        let recording = Box::new(recorder.recording(end));
        let bytes = recording.weight();
        let has_room = shared.queued.fetch_add(bytes, Ordering::Relaxed) + bytes <= KEPT_QUEUE_BYTES_MAX;
        shared.because(id, fence, Why::Waiting);
        let message = Message::Keep { recording, plugin: Arc::clone(plugin), bytes };
        let taken = has_room && shared.queue.as_ref().is_some_and(|queue| queue.try_send(message).is_ok());
        if !taken {
            shared.queued.fetch_sub(bytes, Ordering::Relaxed);
            shared.dropped.fetch_add(1, Ordering::Relaxed);
            shared.because(id, fence, Why::Dropped);
        }
    }

    /// Whether an attempt is kept; if not, why.
    ///
    /// # Errors
    ///
    /// [`Why`] not.
    pub fn look(&self, kind: u32, id: Index, fence: Index) -> Result<Entry, Why> {
        let shared = &self.0;
        if let Some(entry) = lock(&shared.shelf).get(kind, id, fence) {
            return Ok(*entry);
        }
        if let Some(why) = lock(&shared.reasons).of(id, fence) {
            return Err(why);
        }
        let keeps_none = lock(&shared.keeps).get(&kind).is_none_or(|keep| keep.attempts == 0);
        Err(if keeps_none || shared.queue.is_none() { Why::Off } else { Why::LeftOut })
    }

    /// Whether an attempt of this session is about to be kept.
    #[must_use]
    pub fn is_waiting(&self, id: Index) -> bool {
        let waiting = lock(&self.0.reasons).waiting(id);
        let kept = self.of_session(id);
        waiting.iter().any(|fence| kept.iter().all(|entry| entry.fence != *fence))
    }

    /// Every attempt of a session that is kept, oldest first.
    #[must_use]
    pub fn of_session(&self, id: Index) -> Vec<Entry> {
        lock(&self.0.shelf).of_session(id)
    }

    /// How many recordings were dropped since the host started, because more came than could be written.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// The newest recordings of a kind, at most so many, the oldest of them first. Reads files: off the async threads.
    #[must_use]
    pub fn newest(&self, kind: u32, at_most: usize) -> Vec<Recording> {
        let entries = lock(&self.0.shelf).newest(kind, at_most);
        let read = |entry: &Entry| format::read(&self.0.folder.read(entry).ok()?).ok();
        entries.iter().filter_map(read).collect()
    }

    /// The file of a recording, and of the plugin that ran, if it is kept still. Reads files: off the async threads.
    ///
    /// # Errors
    ///
    /// The recording's file cannot be read: it was pushed out a moment ago, or somebody removed it.
    pub fn files(&self, entry: &Entry) -> io::Result<(Vec<u8>, Option<File>)> {
        Ok((self.0.folder.read(entry)?, self.0.folder.plugin(entry.plugin).ok()))
    }
}

impl Shared {
    /// Note why an attempt is not kept.
    fn because(&self, id: Index, fence: Index, why: Why) {
        lock(&self.reasons).put(id, fence, why);
    }

    /// Have the thread look at the bounds. One that is busy will anyway.
    fn nudge(&self) {
        if let Some(queue) = &self.queue {
            let _ = queue.try_send(Message::Look);
        }
    }
}
