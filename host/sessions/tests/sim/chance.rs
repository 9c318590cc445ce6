//! Chance: everything that is drawn comes from the seed, by named streams, so that a change to what one part draws does not
//! change what the others see.

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A stream of draws.
pub struct Chance(StdRng);

impl Chance {
    /// The stream of this name under a seed.
    pub fn new(seed: u64, name: &str) -> Self {
        Self(StdRng::seed_from_u64(xxh3_64_with_seed(name.as_bytes(), seed)))
    }

    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `end`; 0 for an `end` of 0.
    pub fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.bits() % end }
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    pub fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap()
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.index(of.len())]
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.bits().to_le_bytes()[0]).collect()
    }
}
