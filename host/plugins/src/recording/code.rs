//! A recording as bytes.

use super::Recording;

/// The bytes are no recording of this version of the program.
#[derive(Debug, thiserror::Error)]
#[error(
    "these bytes are no recording ({0}): it is damaged, or of another version of mpy6a, so use the one that made it"
)]
pub struct CodeError(String);

impl Recording {
    /// As bytes.
    ///
    /// # Errors
    ///
    /// None that is known: every part of it has a form.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CodeError> {
        postcard::to_stdvec(self).map_err(|error| CodeError(error.to_string()))
    }

    /// From bytes, whosoever they are.
    ///
    /// # Errors
    ///
    /// [`CodeError`], with the remedy.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CodeError> {
        match postcard::take_from_bytes(bytes) {
            Ok((recording, [])) => Ok(recording),
            Ok((_, rest)) => Err(CodeError(format!("{} bytes more than it says", rest.len()))),
            Err(error) => Err(CodeError(error.to_string())),
        }
    }
}
