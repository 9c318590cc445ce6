//! Names of things: [`Index`] for a position in history (and so for a session), [`Key`] for the right to touch one.

use std::{collections::HashMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A position in the host's history, written `term-index`.
///
/// `term` grows by one every time a host takes ownership of the store, `index` by one with every applied operation, over
/// all terms: a later change has the larger `Index`, whichever way the two are compared. The index that created a
/// session is the session's id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Index {
    /// How many times a host took ownership of the store, this one included.
    pub term: u64,
    /// How many operations were applied, this one included.
    pub index: u64,
}

impl Index {
    /// Length of the key form, in bytes.
    pub const BYTES: usize = 16;

    /// The key form: both numbers big-endian, so that bytes sort as history does.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let joined = u128::from(self.term) << 64 | u128::from(self.index);
        joined.to_be_bytes()
    }

    /// The reverse of [`Index::to_bytes`].
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let joined = u128::from_be_bytes(bytes);
        // The casts keep the halves that `to_bytes` joined.
        #[allow(clippy::cast_possible_truncation)]
        Self { term: (joined >> 64) as u64, index: joined as u64 }
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.term, self.index)
    }
}

/// A map by session. Its hash is fast and has no secret: only ids that this host gave are ever put in, never what a client
/// makes up.
pub type IdMap<V> = HashMap<Index, V, foldhash::fast::FixedState>;

/// The text is no [`Index`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no session id: expected two numbers, `term-index`, for example `3-1042`")]
pub struct ParseIndexError(String);

impl FromStr for Index {
    type Err = ParseIndexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Digits only: as a number `+7` would do, too.
        let number = |digits: &str| digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let parsed =
            text.split_once('-').and_then(|(term, index)| Some(Self { term: number(term)?, index: number(index)? }));
        // Shown to people: the beginning will do, and nothing that a terminal obeys.
        parsed.ok_or_else(|| ParseIndexError(text.chars().take(64).flat_map(char::escape_debug).collect()))
    }
}

/// 64 random bits that an operator shows with every operation: ids can be guessed, keys cannot.
///
/// A key never appears in a log: its `Debug` form hides it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key(pub u64);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(hidden)")
    }
}

/// What an operator holds of its session: the id says which, the key proves the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handle {
    /// The session's id.
    pub id: Index,
    /// The operator's key.
    pub key: Key,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bytes_and_text_hold_the_whole_index(term: u64, index: u64) {
            let it = Index { term, index };
            prop_assert_eq!(Index::from_bytes(it.to_bytes()), it);
            prop_assert_eq!(it.to_string().parse::<Index>().unwrap(), it);
        }

        #[test]
        fn bytes_sort_as_history_does(a: (u64, u64), b: (u64, u64)) {
            let [a, b] = [a, b].map(|(term, index)| Index { term, index });
            prop_assert_eq!(a.to_bytes().cmp(&b.to_bytes()), a.cmp(&b));
        }
    }

    #[test]
    fn what_is_no_id_is_refused_with_an_example() {
        for text in ["", "7", "-", "1-", "-1", "1-2-3", "1-99999999999999999999", " 1-2", "+1-2"] {
            let error = text.parse::<Index>().unwrap_err();
            assert!(error.to_string().contains("`3-1042`"), "{error}");
        }
    }

    #[test]
    fn a_key_stays_out_of_logs() {
        assert_eq!(format!("{:?}", Key(42)), "Key(hidden)");
    }
}
