//! Values drawn from the bytes of an input. When the bytes run out, zeroes follow: every input is one.

/// What is left of an input.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// All of it.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether all was drawn.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.0.is_empty()
    }

    /// So many bytes, or what is left.
    pub fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (drawn, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        drawn
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        self.bytes(usize::MAX)
    }

    /// A byte.
    pub fn byte(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    /// A number.
    pub fn number(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    /// Exactly so many bytes.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let drawn = self.bytes(N);
        array[..drawn.len()].copy_from_slice(drawn);
        array
    }

    /// Bytes that are preceded by their number, in two bytes, the lower one first.
    pub fn counted(&mut self) -> &'a [u8] {
        let count = u16::from_le_bytes(self.array());
        self.bytes(count.into())
    }

    /// The same as text; what is no UTF-8 is replaced.
    pub fn text(&mut self) -> String {
        String::from_utf8_lossy(self.counted()).into_owned()
    }
}

/// Bytes from which [`Input::counted`] draws these.
///
/// # Panics
///
/// If they are more than two bytes can say.
#[must_use]
pub fn counted(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let count = u16::try_from(bytes.as_ref().len()).expect("a seed is short");
    [&count.to_le_bytes(), bytes.as_ref()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_drawn_and_then_zeroes() {
        let bytes = [counted("one"), vec![7], counted("два")].concat();
        let mut input = Input::new(&bytes);
        assert_eq!((input.counted(), input.byte(), input.text()), (&b"one"[..], 7, "два".to_owned()));
        assert!(input.is_done());
        assert_eq!((input.byte(), input.number(), input.rest()), (0, 0, &b""[..]));
    }
}
