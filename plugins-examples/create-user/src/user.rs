//! A user, and what the services accept as one.
//!
//! Text is kept exactly as given, byte for byte: nothing is trimmed, folded or brought to a Unicode normal form. So
//! two nicks that look alike but differ in their code points (`é` as one code point, or as `e` and a combining
//! accent) are two nicks. A service that must not allow that would normalise here, in [`NewUser::check`], and nowhere
//! else.

use serde::{Deserialize, Serialize};

/// The longest nick, in bytes of UTF-8: room for some 25 characters of any script.
pub const NICK_BYTES_MAX: usize = 100;
/// The longest name, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 400;
/// The longest mail address, in bytes: what RFC 5321, section 4.5.3.1.3, leaves of a path without its brackets.
pub const MAIL_BYTES_MAX: usize = 254;

/// A user as service A keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Given by A, from 1, never used twice.
    pub id: i64,
    /// Unique among the users of A, byte for byte.
    pub nick: String,
    /// What the user is called. May be empty.
    pub name: String,
    /// Where mail goes. May be empty; its form is not checked.
    pub mail: String,
}

/// A user that does not exist yet: what a client asks A to create.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// As in [`User`].
    pub nick: String,
    /// As in [`User`].
    pub name: String,
    /// As in [`User`].
    pub mail: String,
}

/// Why something is not acceptable as a user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUser {
    /// The nick is empty, or white space only.
    #[error("nick is empty: give it at least one visible character")]
    NickEmpty,
    /// A field is longer than its limit.
    #[error("{field} is {bytes} bytes long: at most {max} are allowed")]
    TooLong {
        /// Which one.
        field: &'static str,
        /// Its length in bytes of UTF-8.
        bytes: usize,
        /// The limit, in the same.
        max: usize,
    },
    /// A field holds the character NUL, at which text functions of SQLite stop reading.
    #[error("{0} holds the character NUL (U+0000): remove it")]
    Nul(&'static str),
}

impl NewUser {
    /// Whether this may become a user.
    pub fn check(&self) -> Result<(), BadUser> {
        if self.nick.trim().is_empty() {
            return Err(BadUser::NickEmpty);
        }
        let fields = [
            ("nick", &self.nick, NICK_BYTES_MAX),
            ("name", &self.name, NAME_BYTES_MAX),
            ("mail", &self.mail, MAIL_BYTES_MAX),
        ];
        for (field, text, max) in fields {
            if text.len() > max {
                return Err(BadUser::TooLong { field, bytes: text.len(), max });
            }
            if text.contains('\0') {
                return Err(BadUser::Nul(field));
            }
        }
        Ok(())
    }

    /// This user, with the id that A gave it.
    pub fn with_id(self, id: i64) -> User {
        User { id, nick: self.nick, name: self.name, mail: self.mail }
    }
}

impl User {
    /// Whether this is what `wanted` asked for, whatever its id.
    pub fn is(&self, wanted: &NewUser) -> bool {
        self.nick == wanted.nick && self.name == wanted.name && self.mail == wanted.mail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(nick: &str) -> NewUser {
        NewUser { nick: nick.into(), name: "Анна".into(), mail: "anna@example.org".into() }
    }

    #[test]
    fn a_nick_has_something_to_see() {
        assert_eq!(user("").check(), Err(BadUser::NickEmpty));
        assert_eq!(user(" \t\u{3000}").check(), Err(BadUser::NickEmpty));
        assert_eq!(user("%_").check(), Ok(()));
    }

    #[test]
    fn limits_are_in_bytes_and_inclusive() {
        assert_eq!(user(&"я".repeat(NICK_BYTES_MAX / 2)).check(), Ok(()));
        let long = user(&"a".repeat(NICK_BYTES_MAX + 1)).check();
        assert_eq!(long, Err(BadUser::TooLong { field: "nick", bytes: NICK_BYTES_MAX + 1, max: NICK_BYTES_MAX }));
    }

    #[test]
    fn nul_is_refused_in_every_field() {
        assert_eq!(user("a\0b").check(), Err(BadUser::Nul("nick")));
        let mail = NewUser { mail: "\0".into(), ..user("a") };
        assert_eq!(mail.check(), Err(BadUser::Nul("mail")));
    }
}
