//! Counts of measurements by size: plain numbers that every thread may add to, without a lock.
//!
//! A measurement is a whole number of a small unit (microseconds, bytes, operations); a [`Scale`] says what it is in the base unit
//! that Prometheus wants. A look at it is not one moment: a measurement may be in the count and not yet in the sum. That evens
//! out at the next look.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// How measurements are sorted: the upper bounds, and what a whole unit is.
#[derive(Debug)]
pub struct Scale {
    /// The largest measurement of each bucket, in the small unit, growing. What is larger is in a last one of its own.
    bounds: &'static [u64],
    /// Small units to a base unit.
    per_base: f64,
}

/// Microseconds, as seconds: from 100 µs, about one fsync of a good disk, to 100 s, beyond any run's time; three to a tenfold, so
/// that a quantile read from it is off by a factor of 2.5 at most.
pub const SECONDS: Scale = Scale {
    bounds: &[
        100,
        200,
        500,
        1_000,
        2_000,
        5_000,
        10_000,
        20_000,
        50_000,
        100_000,
        200_000,
        500_000,
        1_000_000,
        2_000_000,
        5_000_000,
        10_000_000,
        20_000_000,
        50_000_000,
        100_000_000,
    ],
    per_base: 1e6,
};

/// Lags, as seconds: from 10 ms, below which a lag is the writer's rhythm, to a day, for what a pause of a kind held back.
pub const LAG: Scale = Scale {
    bounds: &[
        10_000,
        50_000,
        100_000,
        500_000,
        1_000_000,
        5_000_000,
        10_000_000,
        30_000_000,
        60_000_000,
        300_000_000,
        600_000_000,
        1_800_000_000,
        3_600_000_000,
        21_600_000_000,
        86_400_000_000,
    ],
    per_base: 1e6,
};

/// Operations of a commit: by doubling, up to the most that a batch of the writer takes.
pub const OPERATIONS: Scale =
    Scale { bounds: &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096], per_base: 1.0 };

/// Bytes of a run's memory: from a page of Wasm, 64 KiB, fourfold to 4 GiB, the most that 32 bits address.
pub const MEMORY: Scale =
    Scale { bounds: &[1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24, 1 << 26, 1 << 28, 1 << 30, 1 << 32], per_base: 1.0 };

/// Measurements, counted.
#[derive(Debug)]
pub struct Histogram {
    scale: &'static Scale,
    /// One more than bounds.
    buckets: Box<[AtomicU64]>,
    /// In the small unit. Wraps after half a million years of microseconds.
    sum: AtomicU64,
}

/// What a histogram holds, in base units: the sum, the count, and each bucket's upper bound and own count.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Of all measurements.
    pub sum: f64,
    /// How many there were.
    pub count: u64,
    /// The last bound is infinite.
    pub buckets: Vec<(f64, u64)>,
}

impl Histogram {
    /// Without a measurement.
    #[must_use]
    pub fn new(scale: &'static Scale) -> Self {
        let buckets = (0..=scale.bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { scale, buckets, sum: AtomicU64::new(0) }
    }

    /// Count a measurement, in the small unit.
    pub fn observe(&self, value: u64) {
        let at = self.scale.bounds.partition_point(|bound| *bound < value);
        self.buckets[at].fetch_add(1, Relaxed);
        self.sum.fetch_add(value, Relaxed);
    }

    /// What it holds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a double is finer than anybody reads a metric")]
    pub fn read(&self) -> Reading {
        let base = |small: u64| small as f64 / self.scale.per_base;
        let bounds = self.scale.bounds.iter().map(|bound| base(*bound)).chain([f64::INFINITY]);
        let buckets: Vec<_> = bounds.zip(self.buckets.iter().map(|count| count.load(Relaxed))).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        Reading { sum: base(self.sum.load(Relaxed)), count, buckets }
    }
}

/// A time span in microseconds.
#[must_use]
pub fn us(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_is_counted_where_it_belongs() {
        let histogram = Histogram::new(&SECONDS);
        for value in [0, 100, 101, 1_000_000, u64::from(u32::MAX)] {
            histogram.observe(value);
        }
        let Reading { sum, count, buckets } = histogram.read();
        assert_eq!(count, 5);
        assert!((sum - 4_295.967_496).abs() < 1e-6, "{sum}");
        let counted: Vec<_> = buckets.iter().filter(|(_, count)| *count > 0).copied().collect();
        assert_eq!(counted, [(0.000_1, 2), (0.000_2, 1), (1.0, 1), (f64::INFINITY, 1)]);
    }

    #[test]
    fn bounds_grow() {
        for scale in [SECONDS, LAG, OPERATIONS, MEMORY] {
            assert!(scale.bounds.is_sorted_by(|one, next| one < next), "{scale:?}");
        }
        assert!(OPERATIONS.bounds.last().is_some_and(|most| *most >= mpy6a_sessions::limits::BATCH_OPS_MAX as u64));
    }
}
