//! A recording as a file: a head that says what it is and whether it is whole, then the recording.
//!
//! ```text
//! 8 bytes   "mpy6aR2\n"
//! 4         kind                               numbers: the lowest byte first
//! 16 + 16   session, fence                     as keys, which sort as history does
//! 4         repeat
//! 1         1 where the handler returned ok
//! 32        SHA-256 of the plugin file
//! 8         length of the recording, in bytes
//! 32        SHA-256 of the recording
//! ```
//!
//! A host that starts reads heads alone. The version in the first line changes with the recording's form: recordings of another
//! version are removed, since losing one is harmless and guessing is not.

use std::io::{self, Read};

use mpy6a_plugins::Recording;
use mpy6a_sessions::{Index, Outcome};
use sha2::{Digest as _, Sha256};

use super::Entry;

/// What a file begins with.
const MAGIC: &[u8; 8] = b"mpy6aR2\n";

/// Length of the head, in bytes.
pub const HEAD_BYTES: usize = 8 + 4 + 2 * Index::BYTES + 4 + 1 + 32 + 8 + 32;

/// A file is no recording, or not a whole one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// It begins otherwise.
    #[error("it is no recording of this version of mpy6a: use the version that made it")]
    Foreign,
    /// It is shorter or longer than it says, or its parts do not fit together.
    #[error("it is cut off or damaged: take another attempt")]
    Damaged,
    /// The recording in it cannot be read.
    #[error("{0}")]
    Code(String),
}

/// A recording as the bytes of a file, and what its head says.
///
/// # Errors
///
/// None that is known.
pub fn file(recording: &Recording) -> Result<(Entry, Vec<u8>), FormatError> {
    let body = recording.to_bytes().map_err(|error| FormatError::Code(error.to_string()))?;
    let (session, report) = (&recording.given.session, &recording.did.report);
    let entry = Entry {
        kind: session.kind,
        id: session.id,
        fence: session.fence,
        repeat: session.repeats,
        is_success: report.outcome == Outcome::Returned,
        plugin: report.plugin_digest,
        bytes: (HEAD_BYTES + body.len()) as u64,
    };
    let mut file = Vec::with_capacity(HEAD_BYTES + body.len());
    file.extend(MAGIC);
    file.extend(entry.kind.to_le_bytes());
    file.extend(entry.id.to_bytes());
    file.extend(entry.fence.to_bytes());
    file.extend(entry.repeat.to_le_bytes());
    file.push(u8::from(entry.is_success));
    file.extend(entry.plugin);
    file.extend((body.len() as u64).to_le_bytes());
    file.extend(Sha256::digest(&body));
    file.extend(body);
    Ok((entry, file))
}

/// What the head of a file says, and the digest of what follows.
///
/// # Errors
///
/// It is no head.
pub fn head(bytes: &[u8; HEAD_BYTES]) -> Result<(Entry, [u8; 32]), FormatError> {
    // Reads from memory: it fails only at the end, and each part lies within the head.
    let mut rest = bytes.as_slice();
    let mut parts = || -> io::Result<_> {
        let magic: [u8; 8] = take(&mut rest)?;
        let kind = u32::from_le_bytes(take(&mut rest)?);
        let (id, fence) = (Index::from_bytes(take(&mut rest)?), Index::from_bytes(take(&mut rest)?));
        let repeat = u32::from_le_bytes(take(&mut rest)?);
        let [is_success] = take(&mut rest)?;
        let plugin = take(&mut rest)?;
        let bytes = u64::from_le_bytes(take(&mut rest)?).saturating_add(HEAD_BYTES as u64);
        Ok((magic, Entry { kind, id, fence, repeat, is_success: is_success == 1, plugin, bytes }, take(&mut rest)?))
    };
    match parts() {
        Ok((magic, entry, digest)) if magic == *MAGIC => Ok((entry, digest)),
        Ok(_) => Err(FormatError::Foreign),
        Err(_) => Err(FormatError::Damaged),
    }
}

fn take<const N: usize>(from: &mut &[u8]) -> io::Result<[u8; N]> {
    let mut taken = [0; N];
    from.read_exact(&mut taken)?;
    Ok(taken)
}

/// The recording in the bytes of a file.
///
/// # Errors
///
/// [`FormatError`], with the remedy.
pub fn read(bytes: &[u8]) -> Result<Recording, FormatError> {
    let (first, body) = bytes.split_first_chunk::<HEAD_BYTES>().ok_or(FormatError::Damaged)?;
    let (entry, digest) = head(first)?;
    if entry.bytes != bytes.len() as u64 || Sha256::digest(body)[..] != digest {
        return Err(FormatError::Damaged);
    }
    let recording = Recording::from_bytes(body).map_err(|error| FormatError::Code(error.to_string()))?;
    let session = &recording.given.session;
    if (session.id, session.fence, session.kind) != (entry.id, entry.fence, entry.kind) {
        return Err(FormatError::Damaged);
    }
    Ok(recording)
}
