//! Tokens: random, long, and kept nowhere. The config has their SHA-256.
//!
//! A digest without salt and without stretching is enough, and cheap enough for every request, because a token has 256
//! bits of chance: nobody can try them out. That is why tokens are made here and not thought up.

use rand::Rng as _;
use sha2::{Digest as _, Sha256};

/// What tokens begin with, so that scanners of source code and logs find one that went astray.
pub const PREFIX: &str = "mpy6a_";

/// Before the digest in the config: other digests may come.
pub const ALGORITHM: &str = "sha256:";

/// A new token, from the system's chance.
#[must_use]
pub fn new() -> String {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    format!("{PREFIX}{}", hex::encode(bytes))
}

/// A token's digest.
#[must_use]
pub fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// A token's digest as the config has it.
#[must_use]
pub fn shown(digest: &[u8; 32]) -> String {
    format!("{ALGORITHM}{}", hex::encode(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_and_each_is_another() {
        let (one, two) = (new(), new());
        assert!(one.starts_with(PREFIX) && one.len() == PREFIX.len() + 64 && one != two);
        assert!(one.len() <= crate::limits::TOKEN_BYTES_MAX);
    }

    #[test]
    fn the_digest_is_what_sha256sum_prints() {
        let known = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(shown(&digest(b"abc")), known);
    }
}
