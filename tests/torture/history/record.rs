//! Records that say where they come from, so that each is recognised wherever it turns up, and damage shows.

use super::Tag;

/// A record: which session it was made for, a number of its own there, and its length in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    pub session: Tag,
    pub serial: u32,
    /// At least what its head takes; the rest is filled with what these three numbers say.
    pub len: u32,
}

impl Record {
    /// What stands for bytes that no one here ever sent.
    pub const ALIEN: Self = Self { session: Tag::MAX, serial: u32::MAX, len: 0 };

    /// Its bytes: one line of ASCII.
    pub fn text(&self) -> String {
        let mut text = format!("r{}.{}.{} ", self.session, self.serial, self.len);
        let mut noise = u64::from(self.session) << 32 | u64::from(self.serial) | 1;
        while text.len() < self.len as usize {
            // Knuth's multiplier for a linear congruential generator: any mixing would do.
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push(char::from(b'a' + (noise >> 59) as u8 % 26));
        }
        text
    }

    /// The record that these bytes are, to the last of them.
    pub fn of(bytes: &[u8]) -> Self {
        Self::read(bytes).filter(|record| record.text().as_bytes() == bytes).unwrap_or(Self::ALIEN)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (head, _) = str::from_utf8(bytes).ok()?.strip_prefix('r')?.split_once(' ')?;
        let mut numbers = head.split('.').map(|number| number.parse().ok());
        let mut next = || numbers.next().flatten();
        Some(Self { session: next()?, serial: next()?, len: next()? })
    }
}

#[test]
fn a_record_is_read_as_it_was_written_and_a_flipped_bit_makes_it_alien() {
    let record = Record { session: 7, serial: 3, len: 200 };
    let mut bytes = record.text().into_bytes();
    assert_eq!((bytes.len(), Record::of(&bytes)), (200, record));
    bytes[150] ^= 1;
    assert_eq!(Record::of(&bytes), Record::ALIEN);
    bytes.truncate(150);
    assert_eq!(Record::of(&bytes), Record::ALIEN);
}
