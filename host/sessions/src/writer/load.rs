//! How much work lies somewhere: what the bounds of the queue and of a batch are about.

use super::message::Message;

/// Operations, and the bytes of records in them.
#[derive(Clone, Copy, Default)]
pub struct Load {
    pub ops: usize,
    pub bytes: usize,
}

impl Load {
    /// What a message brings.
    pub fn of(message: &Message) -> Self {
        Self { ops: message.ops(), bytes: message.record_bytes() }
    }

    /// Add something.
    pub fn add(&mut self, other: Self) {
        self.ops += other.ops;
        self.bytes = self.bytes.saturating_add(other.bytes);
    }

    /// Take something away that was added.
    pub fn sub(&mut self, other: Self) {
        self.ops -= other.ops;
        self.bytes = self.bytes.saturating_sub(other.bytes);
    }

    /// Whether this and the other together stay within one `part`th of the bounds.
    pub fn fits_with(mut self, other: Self, bounds: Self, part: usize) -> bool {
        self.add(other);
        self.ops <= bounds.ops / part && self.bytes <= bounds.bytes / part
    }
}
