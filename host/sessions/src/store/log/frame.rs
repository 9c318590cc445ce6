//! A frame: the bytes of one commit, cut into [sectors](super::sector).
//!
//! The payloads of a frame's sectors, one after the other, are a head of eight bytes, the body, and zeros up to the end
//! of the last page:
//!
//! ```text
//! 0           4         5     8
//! | length LE | version | 0 0 0 | body ... | zeros |        version: 2; 1 is read, too
//! ```
//!
//! A frame begins and ends with a page, so that writing one never touches another, and the system need not read a page
//! before it writes a part of it.

use super::{
    super::StoreError,
    sector::{PAYLOAD_BYTES, SECTOR_BYTES, Salt, Sealer, position},
};

/// Length of a page, in bytes: what file systems and disks write at once.
pub const PAGE_BYTES: usize = 4096;

/// Sectors of a page.
pub const PAGE_SECTORS: usize = PAGE_BYTES / SECTOR_BYTES;

/// The first sector of a page, both counted in the file.
#[must_use]
pub fn first_sector(page: u32) -> u32 {
    const _: () = assert!(PAGE_SECTORS == 8);
    page * 8
}

/// Length of a frame's head, in bytes.
const HEAD_BYTES: usize = 8;

/// The version of frames and their bodies.
const VERSION: u8 = 2;
/// The first version. Only the body has changed since.
pub const VERSION_FIRST: u8 = 1;

/// How many pages a frame takes whose body has this many bytes.
#[must_use]
pub fn pages(body_bytes: usize) -> usize {
    (HEAD_BYTES + body_bytes).div_ceil(PAYLOAD_BYTES * PAGE_SECTORS)
}

/// How many sectors.
#[must_use]
pub fn sectors(body_bytes: usize) -> usize {
    pages(body_bytes) * PAGE_SECTORS
}

/// Builds frames, in one buffer that is used again.
#[derive(Debug)]
pub struct Builder {
    sealer: Sealer,
    buffer: Vec<u8>,
}

/// A buffer that grew larger than this for one frame is given back after it, in bytes.
const BUFFER_KEPT_BYTES: usize = 4 << 20;

impl Builder {
    /// For the store of this salt.
    #[must_use]
    pub fn new(salt: &Salt) -> Self {
        Self { sealer: Sealer::new(salt), buffer: Vec::new() }
    }

    /// The pages of a frame, to be written from this page of this segment on.
    ///
    /// # Errors
    ///
    /// A body of 4 GiB or more; the limits on sessions and batches keep far from it.
    pub fn build(&mut self, body: &[u8], number: u64, segment: u32, page: u32) -> Result<&[u8], StoreError> {
        let too_long = || StoreError::Io(format!("a commit of {} bytes is too long for the log", body.len()));
        let length = u32::try_from(body.len()).map_err(|_| too_long())?;
        let mut head = [0; HEAD_BYTES];
        head[..4].copy_from_slice(&length.to_le_bytes());
        head[4] = VERSION;
        self.buffer.clear();
        self.buffer.shrink_to(BUFFER_KEPT_BYTES);
        self.buffer.resize(pages(body.len()) * PAGE_BYTES, 0);
        let first = first_sector(page);
        let (sectors, _) = self.buffer.as_chunks_mut::<SECTOR_BYTES>();
        let mut rest = body;
        for (place, sector) in (0..).zip(sectors) {
            let from = if place == 0 { HEAD_BYTES } else { 0 };
            sector[..from].copy_from_slice(&head[..from]);
            let (now, later) = rest.split_at(rest.len().min(PAYLOAD_BYTES - from));
            sector[from..from + now.len()].copy_from_slice(now);
            rest = later;
            self.sealer.seal(sector, number, place, position(segment, first + place));
        }
        Ok(&self.buffer)
    }
}

/// The version and the length of the body, in bytes, from a frame's first sector.
///
/// # Errors
///
/// The frame is of a later version.
pub fn head(first: &[u8; SECTOR_BYTES]) -> Result<(u8, usize), StoreError> {
    let mut length = [0; 4];
    length.copy_from_slice(&first[..4]);
    match first[4] {
        version @ VERSION_FIRST..=VERSION => {
            Ok((version, usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX)))
        }
        other => Err(StoreError::Foreign(format!(
            "the log has frames of version {other}, this program knows {VERSION}: use the version of mpy6a that wrote it"
        ))),
    }
}

/// The body, from the frame's sectors, every one of which is whole.
#[must_use]
pub fn body(sectors: &[[u8; SECTOR_BYTES]], body_bytes: usize) -> Vec<u8> {
    let mut payload: Vec<u8> = Vec::with_capacity(sectors.len() * PAYLOAD_BYTES);
    for sector in sectors {
        payload.extend_from_slice(&sector[..PAYLOAD_BYTES]);
    }
    payload.truncate(HEAD_BYTES + body_bytes);
    payload.drain(..HEAD_BYTES.min(payload.len()));
    payload
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::{super::sector::Sector, *};

    proptest! {
        #[test]
        fn a_body_comes_back_whatever_its_length(length in 0..20_000_usize, fill: u8, page in 1..9_u32) {
            let body_in: Vec<u8> = (0..length).map(|at| fill.wrapping_add(at.to_le_bytes()[0])).collect();
            let salt = Salt([3; 16]);
            let mut builder = Builder::new(&salt);
            let bytes = builder.build(&body_in, 9, 4, page).unwrap().to_vec();
            prop_assert_eq!(bytes.len(), pages(length) * PAGE_BYTES);
            let (sectors, rest) = bytes.as_chunks::<SECTOR_BYTES>();
            prop_assert!(rest.is_empty());
            for (place, sector) in (0..).zip(sectors) {
                let whole = Sector::Whole { frame: 9, place };
                prop_assert_eq!(Sealer::new(&salt).read(sector, position(4, page * 8 + place)), whole);
            }
            prop_assert_eq!(head(&sectors[0]).unwrap(), (VERSION, length));
            prop_assert_eq!(body(sectors, length), body_in);
        }
    }

    #[test]
    fn a_frame_of_another_version_is_named() {
        let mut builder = Builder::new(&Salt([3; 16]));
        let mut sector = [0; SECTOR_BYTES];
        sector.copy_from_slice(&builder.build(b"x", 1, 1, 1).unwrap()[..SECTOR_BYTES]);
        for other in [0, VERSION + 1] {
            sector[4] = other;
            assert!(head(&sector).unwrap_err().to_string().contains(&format!("version {other}")));
        }
    }
}
