//! An attempt that is kept, sent to whoever wants to replay it; and whether one is.

use std::io::{self, Read};

use bytes::Bytes;
use mpy6a_proto::v1::{self, RecordingChunk};
use mpy6a_sessions::{Attempt, Index, Outcome, Session};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};
use tracing::info;

use super::{AdminService, convert};
use crate::{
    error::build,
    limits::{RECORDING_CHUNK_BYTES, RECORDING_LOOK, RECORDING_WAIT_MAX},
    recordings::{Entry, Recordings},
};

/// What is sent.
pub type Chunks = ReceiverStream<Result<RecordingChunk, Status>>;

/// The reason for an attempt that is not kept.
const NOT_KEPT: &str = "ATTEMPT_NOT_KEPT";

impl AdminService {
    /// An attempt of this session, and whether it is kept.
    pub(super) fn attempt(&self, session: &Session, attempt: Attempt) -> v1::Attempt {
        let never_ran = matches!(attempt.report.outcome, Outcome::HostDied | Outcome::NotStarted(_));
        let looked = self.recordings.look(session.kind, session.id, attempt.fence);
        let not_kept = match looked {
            Ok(_) => String::new(),
            Err(_) if never_ran => "no run of it came to its end: wait for the next one".to_owned(),
            Err(why) => why.to_string(),
        };
        v1::Attempt { kept: not_kept.is_empty(), not_kept, ..convert::attempt(attempt) }
    }

    /// A recording, and its plugin. `who`: for the log.
    pub(super) async fn recording(&self, request: v1::GetRecordingRequest, who: &str) -> Result<Chunks, Status> {
        let id = convert::id(request.id)?;
        let patience = Instant::now() + RECORDING_WAIT_MAX;
        while self.recordings.is_waiting(id) && Instant::now() < patience {
            sleep(RECORDING_LOOK).await;
        }
        let kept = self.recordings.of_session(id);
        let is_it = |entry: &&Entry| request.repeat == 0 || entry.repeat == request.repeat;
        let Some(entry) = kept.iter().rev().find(is_it).copied() else {
            return Err(self.not_kept(id, request.repeat, &kept).await);
        };
        info!(who, session = %id, repeat = entry.repeat, "sending an attempt to be replayed");
        let (sender, chunks) = mpsc::channel(2);
        let recordings = self.recordings.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = send(&recordings, &entry, &sender) {
                // Nobody who is gone is told.
                let _ = sender
                    .blocking_send(Err(refused(&format!("its file cannot be read ({error}): try another attempt"))));
            }
        });
        Ok(ReceiverStream::new(chunks))
    }

    /// Why there is no such attempt.
    async fn not_kept(&self, id: Index, repeat: u32, kept: &[Entry]) -> Status {
        if let [_, ..] = kept {
            let repeats: Vec<String> = kept.iter().map(|entry| entry.repeat.to_string()).collect();
            let repeats = repeats.join(", ");
            return refused(&format!("repeat {repeat} of session {id} is not kept: ask for one of {repeats}"));
        }
        let session = self.session(id).await.ok();
        let attempts = session.map(|session| session.attempts).unwrap_or_default();
        let asked = attempts.iter().rev().find(|attempt| repeat == 0 || attempt.repeat == repeat);
        match asked {
            Some(attempt) => {
                refused(&format!("repeat {} of session {id} is not kept: {}", attempt.repeat, attempt.not_kept))
            }
            None => refused(&format!(
                "no attempt of session {id} is kept: it was never repeated, or newer ones took the place, or its kind keeps none; \
                 `mpy6a session ls` lists sessions, and [kind.keep] says how many attempts are kept"
            )),
        }
    }
}

fn refused(why: &str) -> Status {
    build(Code::NotFound, NOT_KEPT, Vec::new(), None, why)
}

/// Send both files, as fast as they are taken.
fn send(
    recordings: &Recordings,
    entry: &Entry,
    sender: &mpsc::Sender<Result<RecordingChunk, Status>>,
) -> io::Result<()> {
    let (recording, plugin) = recordings.files(entry)?;
    let recording_bytes = recording.len() as u64;
    let plugin_bytes = plugin.as_ref().map_or(Ok(0), |file| file.metadata().map(|it| it.len()))?;
    let mut both: Box<dyn Read> = match plugin {
        Some(plugin) => Box::new(recording.as_slice().chain(plugin.take(plugin_bytes))),
        None => Box::new(recording.as_slice()),
    };
    loop {
        let mut chunk = Vec::with_capacity(RECORDING_CHUNK_BYTES);
        (&mut both).take(RECORDING_CHUNK_BYTES as u64).read_to_end(&mut chunk)?;
        if chunk.is_empty() {
            return Ok(());
        }
        let chunk = RecordingChunk { recording_bytes, plugin_bytes, bytes: Bytes::from(chunk) };
        if sender.blocking_send(Ok(chunk)).is_err() {
            return Ok(());
        }
    }
}
