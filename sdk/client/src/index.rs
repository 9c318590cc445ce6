//! A position in the host's history: session ids and fences.

use std::{fmt, str::FromStr};

use mpy6a_proto::v1;

/// A position in the host's history, written `term-index`.
///
/// Ordered: of two fences of one session the larger one belongs to the later operator. An outside system that keeps the
/// largest fence it has seen for a session can refuse whoever comes with a smaller one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Index {
    /// Grows by one every time a host takes ownership of the store.
    pub term: u64,
    /// Grows by one with every applied operation.
    pub index: u64,
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.term, self.index)
    }
}

/// The text is not an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an index: write two decimal numbers with a hyphen between them, `term-index`, such as 1-42")]
pub struct NotAnIndex;

impl FromStr for Index {
    type Err = NotAnIndex;

    /// The inverse of `Display`.
    fn from_str(text: &str) -> Result<Self, NotAnIndex> {
        let (term, index) = text.split_once('-').ok_or(NotAnIndex)?;
        // Digits only: as a number `+7` would do, too.
        let number = |digits: &str| match digits.bytes().all(|byte| byte.is_ascii_digit()) {
            true => digits.parse().map_err(|_| NotAnIndex),
            false => Err(NotAnIndex),
        };
        Ok(Self { term: number(term)?, index: number(index)? })
    }
}

impl From<v1::Index> for Index {
    fn from(wire: v1::Index) -> Self {
        Self { term: wire.term, index: wire.index }
    }
}

impl From<Index> for v1::Index {
    fn from(index: Index) -> Self {
        Self { term: index.term, index: index.index }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_as_it_is_written() {
        let index = Index { term: 3, index: u64::MAX };
        assert_eq!(index.to_string().parse(), Ok(index));
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "1", "1-", "-1", "1-2-3", "a-b", "1 - 2", "+1-2"] {
            assert_eq!(text.parse::<Index>(), Err(NotAnIndex), "{text:?}");
        }
    }

    #[test]
    fn a_later_term_is_larger_whatever_the_index() {
        assert!(Index { term: 2, index: 1 } > Index { term: 1, index: 9 });
    }
}
