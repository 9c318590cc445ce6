//! The thread that writes recordings: one for each host, behind a bounded queue.

use std::{
    io::{self, Read as _},
    path::Path,
    sync::{Arc, atomic::Ordering, mpsc::Receiver},
    thread,
    time::{Duration, Instant},
};

use mpy6a_plugins::{Plugin, Recording, limits::PLUGIN_BYTES_MAX};
use mpy6a_untrusted::file;
use sha2::{Digest as _, Sha256};
use tracing::warn;

use super::{Entry, Shared, Why, format, lock};
use crate::limits::KEPT_PLUGINS_BYTES_MAX;

/// How often a trouble that lasts is told.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// What the thread is sent.
pub(super) enum Message {
    /// Keep this recording of a run of this plugin, which takes so many bytes of the queue.
    Keep { recording: Box<Recording>, plugin: Arc<Plugin>, bytes: u64 },
    /// The bounds changed.
    Look,
}

/// The thread's own.
pub(super) struct Keeper {
    shared: Arc<Shared>,
    told: Option<Instant>,
    dropped: u64,
}

impl Keeper {
    /// Start the thread. It ends with the process: what waits in the queue then is lost.
    pub(super) fn spawn(shared: &Arc<Shared>, messages: Receiver<Message>) -> io::Result<()> {
        let mut keeper = Self { shared: Arc::clone(shared), told: None, dropped: 0 };
        let run = move || {
            for message in messages {
                keeper.take(message);
            }
        };
        thread::Builder::new().name("mpy6a-keeper".to_owned()).spawn(run).map(drop)
    }

    fn take(&mut self, message: Message) {
        if let Message::Keep { recording, plugin, bytes } = message {
            let kept = self.keep(&recording, &plugin);
            self.shared.queued.fetch_sub(bytes, Ordering::Relaxed);
            if let Err(error) = kept {
                let session = &recording.given.session;
                self.shared.because(session.id, session.fence, Why::Failed);
                self.tell(
                    |folder| warn!(folder, %error, "an attempt is not kept: check this folder, and the room there"),
                );
            }
        }
        self.trim();
        let dropped = self.shared.dropped.load(Ordering::Relaxed);
        if dropped > self.dropped {
            self.dropped = dropped;
            self.tell(|folder| {
                warn!(folder, dropped, "attempts were dropped: more ended at once than could be written")
            });
        }
    }

    fn tell(&mut self, tell: impl FnOnce(&str)) {
        if self.told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
            self.told = Some(Instant::now());
            tell(&self.shared.folder.path().display().to_string());
        }
    }

    fn keep(&self, recording: &Recording, plugin: &Plugin) -> io::Result<()> {
        let (entry, bytes) = format::file(recording).map_err(io::Error::other)?;
        let most = lock(&self.shared.keeps).get(&entry.kind).map_or(0, |keep| keep.bytes);
        if entry.bytes > most {
            self.shared.because(entry.id, entry.fence, Why::TooLarge(entry.bytes));
            return Ok(());
        }
        // First the plugin: a recording whose plugin is not there is of little use.
        self.keep_plugin(entry.plugin, &plugin.spec().file)?;
        self.shared.folder.write(&entry, &bytes)?;
        lock(&self.shared.shelf).put(entry);
        Ok(())
    }

    /// Keep the bytes of a plugin, if its file still has them. Where it has not, the recording says of which plugin it is.
    fn keep_plugin(&self, digest: [u8; 32], path: &Path) -> io::Result<()> {
        // Where they cannot be listed, it is written once more.
        let kept = self.shared.folder.plugins().unwrap_or_default();
        if kept.iter().any(|(it, _)| *it == digest) {
            return Ok(());
        }
        let mut bytes = Vec::new();
        let Ok((file, _)) = file::open(path) else { return Ok(()) };
        file.take(PLUGIN_BYTES_MAX).read_to_end(&mut bytes)?;
        let all: u64 = kept.iter().map(|(_, bytes)| bytes).sum();
        if Sha256::digest(&bytes)[..] != digest || all + bytes.len() as u64 > KEPT_PLUGINS_BYTES_MAX {
            return Ok(());
        }
        self.shared.folder.write_plugin(digest, &bytes)
    }

    /// Remove what goes beyond the bounds, and plugins that nothing refers to any more.
    fn trim(&self) {
        let keeps = lock(&self.shared.keeps).clone();
        let out: Vec<Entry> = lock(&self.shared.shelf).trim(&keeps);
        for entry in &out {
            self.shared.folder.remove(entry);
            self.shared.because(entry.id, entry.fence, Why::PushedOut);
        }
        if out.is_empty() {
            return;
        }
        let needed = lock(&self.shared.shelf).plugins();
        // What cannot be listed now is removed another time.
        for (digest, _) in self.shared.folder.plugins().unwrap_or_default() {
            if !needed.contains(&digest) {
                self.shared.folder.remove_plugin(digest);
            }
        }
    }
}
