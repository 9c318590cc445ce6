//! `[traces]`: where traces go, and how many.

use http::Uri;
use toml::de::DeValue;

use super::{
    reader::{Parsed, Table, kind_of},
    values::string,
};

/// Where traces go, and how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traces {
    /// The collector that takes them, over OTLP and gRPC; none: there are no traces.
    pub endpoint: Option<String>,
    /// How many of a million traces that begin here are kept. Where the caller has decided, that holds.
    pub sample_ppm: u32,
}

/// One of a hundred.
const SAMPLE_PPM: u32 = 10_000;

/// All of them.
const ALL_PPM: u32 = 1_000_000;

/// Read the table.
pub(super) fn read(root: &Table<'_, '_>) -> Traces {
    let table = root.table("traces");
    let traces = Traces {
        endpoint: table.or("endpoint", None, endpoint),
        sample_ppm: table.or("sample", SAMPLE_PPM, sample_ppm),
    };
    table.done();
    traces
}

fn endpoint(value: &DeValue<'_>) -> Parsed<Option<String>> {
    let text = string(value)?;
    if text.is_empty() {
        return Ok(None);
    }
    let uri = text.parse::<Uri>().ok();
    let right = uri.filter(|uri| uri.scheme_str() == Some("http") && uri.port().is_some() && uri.path() == "/");
    match right {
        Some(_) => Ok(Some(text)),
        None => Err(format!(
            "`{text}` is no collector: write its address without TLS and with its port, for example \"http://127.0.0.1:4317\"; \
             one on another machine is best reached by way of a collector on this one"
        )),
    }
}

/// A share from 0 to 1, in millionths.
fn sample_ppm(value: &DeValue<'_>) -> Parsed<u32> {
    let text = match value {
        DeValue::Float(float) => float.as_str().to_owned(),
        DeValue::Integer(integer) => integer.to_string(),
        other => return Err(format!("{}: write a number from 0 to 1, for example 0.01", kind_of(other))),
    };
    let ppm = text.replace('_', "").parse().unwrap_or(f64::NAN) * f64::from(ALL_PPM);
    if !(0.0..=f64::from(ALL_PPM)).contains(&ppm) {
        return Err(format!("{text} is out of range: write a number from 0 (only what callers ask for) to 1 (all)"));
    }
    if (ppm - ppm.round()).abs() > 1e-6 {
        return Err(format!("{text} is finer than a millionth: write at most six decimal places"));
    }
    // Between 0 and a million, and whole: the cast loses nothing.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Ok(ppm.round() as u32)
}
