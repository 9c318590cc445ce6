//! Who sends an operation, as far as remembering its answer goes.
//!
//! An answer is remembered so that a retry gets it again. Two things decide for how long:
//!
//! * the [`Access`] that let the caller in: callers of one access share a part of what the host remembers, and can neither see
//!   nor push out the answers of another;
//! * the [`NamedClient`], if the caller gave itself a name: it numbers its requests and says below which number it has every
//!   answer, so the host keeps just the others. This is the scheme of RIFL (Lee and others, SOSP 2015).

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{error::Refusal, limits::REQUEST_ID_BYTES_MAX};

/// The `[[access]]` that let a caller in, as a digest of its name. It decides whose share an answer counts towards; two names
/// with the same digest would share one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Access(pub u32);

impl Access {
    /// A host without `[[access]]`, where every caller is the same.
    pub const NONE: Self = Self(0);

    /// The access of this name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let [a, b, c, d, ..] = digest(&[b"access", name.as_bytes()]);
        Self(u32::from_le_bytes([a, b, c, d]))
    }
}

/// A client that named itself: a digest of its access and of the 128 random bits that it drew. The access is a part of it,
/// so a client is never taken for one of another access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClientId(pub [u8; 16]);

impl ClientId {
    /// The client that calls itself this, let in by the access of this name.
    #[must_use]
    pub fn new(access: Option<&str>, bits: [u8; 16]) -> Self {
        Self(digest(&[b"client", access.unwrap_or_default().as_bytes(), &bits]))
    }
}

/// A client that named itself, and what it says of its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedClient {
    /// Its name.
    pub id: ClientId,
    /// It has the answer to each of its requests with a smaller number, or will not ask for it again.
    pub settled_below: u64,
}

/// Who sends an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// What let it in.
    pub access: Access,
    /// The client, if it named itself.
    pub client: Option<NamedClient>,
}

/// Names one `New` of one caller, over all its retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestName {
    /// A named client; or a digest of the caller's access and its request id.
    pub caller: ClientId,
    /// The client's number for the request, from 1; 0 for a request id.
    pub number: u64,
}

impl RequestName {
    /// Length of the key form, in bytes.
    pub const BYTES: usize = 24;

    /// The request with this id, of a caller that was let in by the access of this name.
    ///
    /// # Errors
    ///
    /// [`Refusal::TooLong`].
    pub fn of_id(access: Option<&str>, request_id: &str) -> Result<Self, Refusal> {
        if request_id.len() > REQUEST_ID_BYTES_MAX {
            return Err(Refusal::TooLong { what: "the request id (in bytes)", max: REQUEST_ID_BYTES_MAX });
        }
        let digest = digest(&[b"request", access.unwrap_or_default().as_bytes(), request_id.as_bytes()]);
        Ok(Self { caller: ClientId(digest), number: 0 })
    }

    /// Whether a named client made it.
    #[must_use]
    pub fn is_numbered(&self) -> bool {
        self.number != 0
    }

    /// The key form.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..16].copy_from_slice(&self.caller.0);
        bytes[16..].copy_from_slice(&self.number.to_be_bytes());
        bytes
    }

    /// The reverse of [`RequestName::to_bytes`].
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let (mut caller, mut number) = ([0; 16], [0; 8]);
        caller.copy_from_slice(&bytes[..16]);
        number.copy_from_slice(&bytes[16..]);
        Self { caller: ClientId(caller), number: u64::from_be_bytes(number) }
    }
}

/// Where a session came from: what a retry of its `New` is known by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The access of the client that opened it.
    pub access: Access,
    /// The `New` that opened it, if that had a name.
    pub request: Option<OpenedBy>,
    /// Whether another client than the named one that opened it worked on it: then the numbers of its operations say nothing of
    /// what its opener may still ask.
    pub handed_on: bool,
}

/// A `New` with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedBy {
    /// Its name.
    pub name: RequestName,
    /// A hash of what was asked, to tell a retry from another request that took the same name.
    pub fingerprint: u64,
}

/// Half a SHA-256 of these parts, each preceded by its length. A cryptographic hash, because whoever found two texts with the
/// same digest could have another caller's session handed out.
fn digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut half = [0; 16];
    half.copy_from_slice(&hash.finalize()[..16]);
    half
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_name_comes_back_from_its_key(caller: [u8; 16], number: u64) {
            let name = RequestName { caller: ClientId(caller), number };
            prop_assert_eq!(RequestName::from_bytes(name.to_bytes()), name);
        }
    }

    #[test]
    fn what_different_callers_say_is_never_the_same_name() {
        let of = |access, id| RequestName::of_id(access, id).unwrap();
        let names = [of(None, "a"), of(Some("x"), "a"), of(Some("y"), "a"), of(Some("xa"), ""), of(None, "xa")];
        for (at, name) in names.iter().enumerate() {
            assert!(names[at + 1..].iter().all(|other| other != name), "{at}");
        }
        assert_eq!(of(Some("x"), "a"), names[1]);
        assert_ne!(ClientId::new(Some("x"), [7; 16]), ClientId::new(Some("y"), [7; 16]));
        assert_ne!(Access::of("x"), Access::NONE);
    }

    #[test]
    fn a_request_id_has_a_longest_length() {
        RequestName::of_id(None, &"x".repeat(REQUEST_ID_BYTES_MAX)).unwrap();
        let refused = RequestName::of_id(None, &"x".repeat(REQUEST_ID_BYTES_MAX + 1));
        assert!(matches!(refused, Err(Refusal::TooLong { max: REQUEST_ID_BYTES_MAX, .. })));
    }
}
