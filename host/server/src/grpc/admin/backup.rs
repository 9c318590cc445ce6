//! A backup, sent to whoever asked for it.
//!
//! It is written beside the store first, and read back: a stream that ends well has carried a backup that is right. The file has no
//! name any more by the time it is sent, so whatever happens to the stream, nothing is left behind; what a host that is killed
//! before that leaves, the next one removes.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
    sync::Arc,
};

use bytes::Bytes;
use mpy6a_proto::v1::BackupChunk;
use mpy6a_sessions::store::redb::{BackupError, beside};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};
use tracing::info;

use super::AdminService;
use crate::{
    error::{build, status},
    limits::{BACKUP_CHUNK_BYTES, BACKUP_RETRY},
};

/// What is sent.
pub type Chunks = ReceiverStream<Result<BackupChunk, Status>>;

impl AdminService {
    /// A backup. `who`: for the log.
    pub(super) async fn chunks(&self, who: &str) -> Result<Chunks, Status> {
        let Ok(only) = Arc::clone(&self.backups).try_acquire_owned() else {
            let message = "a backup is under way: try again when it is done";
            return Err(build(Code::ResourceExhausted, "BACKUP_RUNNING", Vec::new(), Some(BACKUP_RETRY), message));
        };
        let path = beside(&self.board.now().config.fixed.store_path);
        info!(who, file = %path.display(), "backing up");
        let found = self.sessions.backup(path.clone()).await.map_err(|error| status(&error))?;
        let found = found.map_err(|error| failed(&error))?;
        let (file, file_bytes) = taken(&path).map_err(|source| failed(&BackupError::Io { path, source }))?;
        info!(who, file_bytes, held = found.held, stored = found.stored, parked = found.parked, "sending a backup");

        let (sender, chunks) = mpsc::channel(2);
        tokio::task::spawn_blocking(move || {
            send(file, file_bytes, &sender);
            drop(only);
        });
        Ok(ReceiverStream::new(chunks))
    }
}

/// The file, open and without a name, and its length.
fn taken(path: &Path) -> io::Result<(File, u64)> {
    let file = File::open(path);
    fs::remove_file(path)?;
    let file = file?;
    let bytes = file.metadata()?.len();
    Ok((file, bytes))
}

/// Send it, as fast as it is taken; nobody who is gone is waited for.
fn send(mut file: File, file_bytes: u64, sender: &mpsc::Sender<Result<BackupChunk, Status>>) {
    loop {
        let mut chunk = vec![0; BACKUP_CHUNK_BYTES];
        let read = match file.read(&mut chunk) {
            Ok(0) => return,
            Ok(read) => read,
            Err(source) => {
                let path = "the backup".into();
                let _ = sender.blocking_send(Err(failed(&BackupError::Io { path, source })));
                return;
            }
        };
        chunk.truncate(read);
        if sender.blocking_send(Ok(BackupChunk { file_bytes, bytes: Bytes::from(chunk) })).is_err() {
            return;
        }
    }
}

fn failed(error: &BackupError) -> Status {
    build(Code::FailedPrecondition, "BACKUP_FAILED", Vec::new(), None, &error.to_string())
}
