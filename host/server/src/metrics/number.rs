//! A number of a metric: counted, or measured.

use std::fmt;

use prometheus_client::encoding::{EncodeGaugeValue, GaugeValueEncoder};

/// A number as it was counted or measured.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// Counted.
    Whole(u64),
    /// Measured.
    Real(f64),
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self::Whole(number)
    }
}

impl From<usize> for Number {
    fn from(number: usize) -> Self {
        Self::Whole(number as u64)
    }
}

impl From<u32> for Number {
    fn from(number: u32) -> Self {
        Self::Whole(number.into())
    }
}

impl From<bool> for Number {
    fn from(is_it: bool) -> Self {
        Self::Whole(is_it.into())
    }
}

impl From<f64> for Number {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl EncodeGaugeValue for Number {
    fn encode(&self, encoder: &mut GaugeValueEncoder<'_>) -> fmt::Result {
        match self {
            Self::Whole(number) => number.encode(encoder),
            Self::Real(number) => number.encode(encoder),
        }
    }
}
