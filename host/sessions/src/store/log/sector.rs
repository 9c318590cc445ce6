//! A sector: 512 bytes that know where they belong.
//!
//! ```text
//! 0             492            500           504          512
//! | payload ... | frame u64 LE | place u32 LE | check u64 LE |
//! ```
//!
//! *frame* is the number of the frame, *place* counts the frame's sectors from 0. *check* is XXH3-64 of the first 504 bytes
//! under a secret made from the store's [`Salt`], with the sector's position mixed in: a sector that lies where it was not
//! written is damage. All zeros is a sector that was never written; no sealed one is, since frames are numbered from 1.

use std::fmt;

use xxhash_rust::xxh3::{xxh3_64_with_secret, xxh3_64_with_seed};

/// Length of a sector, in bytes: the unit that every disk writes whole. Disks of larger sectors write eight of these at
/// once, which only helps.
pub const SECTOR_BYTES: usize = 512;

/// How much of a sector is payload, in bytes.
pub const PAYLOAD_BYTES: usize = FRAME;

const FRAME: usize = 492;
const PLACE: usize = 500;
const CHECK: usize = 504;

/// What checksums are keyed with: 128 random bits, drawn when a store is made and kept in it. Nobody outside learns it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 16]);

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(hidden)")
    }
}

/// Length of the secret that XXH3 is keyed with, in bytes: its own default length.
const SECRET_BYTES: usize = 192;

/// Seals and reads sectors of one store.
#[derive(Clone)]
pub struct Sealer {
    secret: [u8; SECRET_BYTES],
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(hidden)")
    }
}

/// What a sector turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sector {
    /// Never written.
    Blank,
    /// As it was written.
    Whole {
        /// The frame that it belongs to.
        frame: u64,
        /// Which of the frame's sectors it is.
        place: u32,
    },
    /// Neither.
    Damaged,
}

/// Where a sector lies: the number of its segment and its own within that, as one number.
#[must_use]
pub fn position(segment: u32, sector: u32) -> u64 {
    u64::from(segment) << 32 | u64::from(sector)
}

impl Sealer {
    /// For the store of this salt.
    #[must_use]
    pub fn new(salt: &Salt) -> Self {
        let mut secret = [0; SECRET_BYTES];
        for (seed, word) in (0..).zip(secret.chunks_exact_mut(8)) {
            word.copy_from_slice(&xxh3_64_with_seed(&salt.0, seed).to_le_bytes());
        }
        Self { secret }
    }

    /// What a segment's header shows of the salt, to tell one store's files from another's. Says nothing about the secret.
    #[must_use]
    pub fn tag(salt: &Salt) -> u64 {
        xxh3_64_with_seed(&salt.0, u64::MAX)
    }

    /// Complete a sector whose payload is in place.
    pub fn seal(&self, sector: &mut [u8; SECTOR_BYTES], frame: u64, place: u32, position: u64) {
        sector[FRAME..PLACE].copy_from_slice(&frame.to_le_bytes());
        sector[PLACE..CHECK].copy_from_slice(&place.to_le_bytes());
        let check = self.check(sector, position);
        sector[CHECK..].copy_from_slice(&check.to_le_bytes());
    }

    /// Tell what a sector at this position is.
    #[must_use]
    pub fn read(&self, sector: &[u8; SECTOR_BYTES], position: u64) -> Sector {
        if sector.iter().all(|byte| *byte == 0) {
            return Sector::Blank;
        }
        let (mut frame, mut place) = ([0; 8], [0; 4]);
        frame.copy_from_slice(&sector[FRAME..PLACE]);
        place.copy_from_slice(&sector[PLACE..CHECK]);
        if sector[CHECK..] != self.check(sector, position).to_le_bytes() {
            return Sector::Damaged;
        }
        Sector::Whole { frame: u64::from_le_bytes(frame), place: u32::from_le_bytes(place) }
    }

    fn check(&self, sector: &[u8; SECTOR_BYTES], position: u64) -> u64 {
        // An odd factor keeps different positions different (the golden ratio's bits, as in Fibonacci hashing).
        xxh3_64_with_secret(&sector[..CHECK], &self.secret) ^ position.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_sector_is_whole_where_it_was_written_and_damaged_with_any_bit_flipped(
            salt: [u8; 16], payload: u8, frame in 1..u64::MAX, place: u32, segment: u32, at: u32,
            flipped in 0..SECTOR_BYTES * 8,
        ) {
            let sealer = Sealer::new(&Salt(salt));
            let mut sector = [payload; SECTOR_BYTES];
            let here = position(segment, at);
            sealer.seal(&mut sector, frame, place, here);
            prop_assert_eq!(sealer.read(&sector, here), Sector::Whole { frame, place });
            prop_assert_eq!(sealer.read(&sector, position(segment, at.wrapping_add(1))), Sector::Damaged);
            let other = Salt(salt.map(|byte| byte ^ 1));
            prop_assert_eq!(Sealer::new(&other).read(&sector, here), Sector::Damaged);
            sector[flipped / 8] ^= 1 << (flipped % 8);
            prop_assert_eq!(sealer.read(&sector, here), Sector::Damaged);
        }
    }

    #[test]
    fn zeros_are_blank_and_the_salt_stays_out_of_logs() {
        let salt = Salt([7; 16]);
        assert_eq!(Sealer::new(&salt).read(&[0; SECTOR_BYTES], 5), Sector::Blank);
        assert_eq!(format!("{salt:?} {:?}", Sealer::new(&salt)), "Salt(hidden) Sealer(hidden)");
    }
}
