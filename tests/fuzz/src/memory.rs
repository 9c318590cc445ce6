//! How much memory parsing may take: so much for every byte of the input, and so much in any case.

/// A bound on memory.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// Bytes for every byte of input.
    pub factor: u64,
    /// Bytes in any case.
    pub base: u64,
}

impl Bound {
    /// Run something over an input of so many bytes.
    ///
    /// # Panics
    ///
    /// If this thread held more memory at any time, beyond what it held before.
    pub fn hold<T>(self, input_bytes: usize, run: impl FnOnce() -> T) -> T {
        let mut result = None;
        let used = allocation_counter::measure(|| result = Some(run()));
        let most = self.base + self.factor * input_bytes as u64;
        assert!(
            used.bytes_max <= most,
            "parsing {input_bytes} bytes took {} bytes of memory at once: {most} are allowed",
            used.bytes_max
        );
        result.expect("it ran")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "are allowed")]
    fn too_much_memory_is_found() {
        Bound { factor: 2, base: 1000 }.hold(100, || std::hint::black_box(vec![0_u8; 1201]));
    }

    #[test]
    fn what_is_given_back_counts_once() {
        Bound { factor: 2, base: 1000 }.hold(100, || {
            for _ in 0..100 {
                std::hint::black_box(vec![0_u8; 1200]);
            }
        });
    }
}
