//! A recording and its plugin, from the host.

use mpy6a_plugins::{Recording, limits::PLUGIN_BYTES_MAX};
use mpy6a_proto::v1;

use super::super::id;
use crate::{
    cli::remote::{Host, Trouble, refused},
    recordings::format,
};

/// The longest recording to take, in bytes: as long as any config may have one.
const RECORDING_BYTES_MAX: u64 = 2 << 30;

/// What a host had of an attempt.
pub struct Fetched {
    /// The run as it was.
    pub recording: Recording,
    /// The plugin that ran; empty where it is kept no longer.
    pub plugin: Vec<u8>,
}

/// Fetch it.
pub async fn fetch(session: &str, repeat: Option<u32>, host: Host) -> Result<Fetched, Trouble> {
    let request = v1::GetRecordingRequest { id: Some(id(session)?), repeat: repeat.unwrap_or(0) };
    let answer = host.admin.clone().get_recording(request).await;
    let mut chunks = answer.map_err(|status| host.trouble(&status))?.into_inner();
    let (mut bytes, mut lengths) = (Vec::new(), (0, 0));
    while let Some(chunk) = chunks.message().await.map_err(|status| host.trouble(&status))? {
        lengths = (chunk.recording_bytes, chunk.plugin_bytes);
        if lengths.0 > RECORDING_BYTES_MAX || lengths.1 > PLUGIN_BYTES_MAX {
            return Err(refused("the host sends more than any recording has: update this program, or the host"));
        }
        bytes.extend_from_slice(&chunk.bytes);
    }
    let is_whole = lengths.0 > 0 && bytes.len() as u64 == lengths.0 + lengths.1;
    // A length that is no `usize` is none of these bytes'.
    let split = usize::try_from(lengths.0).ok().filter(|_| is_whole);
    let Some((recording, plugin)) = split.and_then(|at| bytes.split_at_checked(at)) else {
        return Err(refused(format!("the recording was cut off after {} bytes: try again", bytes.len())));
    };
    let recording =
        format::read(recording).map_err(|error| refused(format!("the recording cannot be read: {error}")))?;
    Ok(Fetched { recording, plugin: plugin.to_vec() })
}
