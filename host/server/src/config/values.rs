//! Parsers of single values. Each answers the value, or what is wrong with it together with what to write instead.

use std::{
    net::SocketAddr,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use toml::de::DeValue;

use super::reader::{Parsed, kind_of};
use crate::limits::{DURATION_MS_MAX, FACTOR_HUNDREDTHS_MAX, NAME_BYTES_MAX};

/// Any text.
pub fn string(value: &DeValue<'_>) -> Parsed<String> {
    match value {
        DeValue::String(text) => Ok(text.clone().into_owned()),
        other => Err(format!("{} where text is due: write it in quotes", kind_of(other))),
    }
}

/// Text with something in it.
pub fn nonempty(value: &DeValue<'_>) -> Parsed<String> {
    let text = string(value)?;
    if text.is_empty() { Err("empty: write something, or leave the key out".to_owned()) } else { Ok(text) }
}

/// True or false.
pub fn boolean(value: &DeValue<'_>) -> Parsed<bool> {
    value.as_bool().ok_or_else(|| format!("{}: write true or false, without quotes", kind_of(value)))
}

/// A whole number within a range.
pub fn integer<T>(range: RangeInclusive<T>) -> impl Fn(&DeValue<'_>) -> Parsed<T>
where
    T: Copy + PartialOrd + std::fmt::Display + TryFrom<i128>,
{
    move |value| {
        let (min, max) = (*range.start(), *range.end());
        let advice = || format!("write a whole number from {min} to {max}");
        let DeValue::Integer(number) = value else {
            return Err(format!("{}: {}, without quotes", kind_of(value), advice()));
        };
        let wide = i128::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok();
        let fits = wide.and_then(|wide| T::try_from(wide).ok()).filter(|it| range.contains(it));
        fits.ok_or_else(|| format!("{number} is out of range: {}", advice()))
    }
}

/// A time span of whole milliseconds, at least `min` of them and at most [`DURATION_MS_MAX`].
pub fn duration_ms(min_ms: u64) -> impl Fn(&DeValue<'_>) -> Parsed<u64> {
    move |value| {
        const ADVICE: &str =
            "write a number and a unit in quotes, for example \"10s\", \"500ms\", \"5m\" or \"1h 30m\"";
        let DeValue::String(text) = value else { return Err(format!("{}: {ADVICE}", kind_of(value))) };
        let span = humantime::parse_duration(text).map_err(|_| format!("`{text}` is no time span: {ADVICE}"))?;
        if span.subsec_nanos() % 1_000_000 != 0 {
            return Err(format!("`{text}` is finer than a millisecond: write whole milliseconds, for example \"5ms\""));
        }
        let ms = u64::try_from(span.as_millis()).ok().filter(|ms| *ms <= DURATION_MS_MAX);
        let ms =
            ms.ok_or_else(|| format!("`{text}` is too long: write at most \"{}d\"", DURATION_MS_MAX / 86_400_000))?;
        if ms < min_ms {
            return Err(format!("`{text}` is too short: write at least \"{min_ms}ms\""));
        }
        Ok(ms)
    }
}

/// A time span of whole seconds.
pub fn duration_s(value: &DeValue<'_>) -> Parsed<u32> {
    let ms = duration_ms(1_000)(value)?;
    let seconds = u32::try_from(ms / 1_000).ok().filter(|_| ms % 1_000 == 0);
    seconds.ok_or_else(|| "finer than a second: write whole seconds, for example \"90s\"".to_owned())
}

/// A number of bytes within a range.
pub fn size(range: RangeInclusive<u64>) -> impl Fn(&DeValue<'_>) -> Parsed<u64> {
    move |value| {
        const ADVICE: &str =
            "write a whole number and a unit in quotes, for example \"64KiB\", \"8MiB\", \"1GiB\" or \"512B\"";
        let DeValue::String(text) = value else { return Err(format!("{}: {ADVICE}", kind_of(value))) };
        let bytes = bytes_of(text).ok_or_else(|| format!("`{text}` is no size: {ADVICE}"))?;
        if !range.contains(&bytes) {
            let (min, max) = (SizeText(*range.start()), SizeText(*range.end()));
            return Err(format!("`{text}` is out of range: write from \"{min}\" to \"{max}\""));
        }
        Ok(bytes)
    }
}

fn bytes_of(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '_')?;
    let number: u64 = text[..digits].replace('_', "").parse().ok()?;
    let unit = match text[digits..].trim_start() {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit)
}

/// A number of bytes in the unit that divides it, as the config has it.
#[derive(Clone, Copy, Debug)]
pub struct SizeText(pub u64);

impl std::fmt::Display for SizeText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            bytes if bytes % (1 << 30) == 0 && bytes > 0 => write!(f, "{}GiB", bytes >> 30),
            bytes if bytes % (1 << 20) == 0 && bytes > 0 => write!(f, "{}MiB", bytes >> 20),
            bytes if bytes % (1 << 10) == 0 && bytes > 0 => write!(f, "{}KiB", bytes >> 10),
            bytes => write!(f, "{bytes}B"),
        }
    }
}

/// A factor from 1 to 100, in hundredths, so that every machine computes the same due time from it.
pub fn factor_hundredths(value: &DeValue<'_>) -> Parsed<u32> {
    let text = match value {
        DeValue::Float(float) => float.as_str().to_owned(),
        DeValue::Integer(integer) => integer.to_string(),
        other => return Err(format!("{}: write a number, for example 2.0", kind_of(other))),
    };
    let factor: f64 = text.replace('_', "").parse().unwrap_or(f64::NAN);
    let hundredths = factor * 100.0;
    if !(100.0..=f64::from(FACTOR_HUNDREDTHS_MAX)).contains(&hundredths) {
        return Err(format!("{text} is out of range: write a number from 1.0 to {}", FACTOR_HUNDREDTHS_MAX / 100));
    }
    if (hundredths - hundredths.round()).abs() > 1e-6 {
        return Err(format!("{text} is finer than a hundredth: write at most two decimal places"));
    }
    // Between 100 and FACTOR_HUNDREDTHS_MAX, and whole: the cast loses nothing.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Ok(hundredths.round() as u32)
}

/// An address to listen at.
pub fn socket_address(value: &DeValue<'_>) -> Parsed<SocketAddr> {
    let text = string(value)?;
    text.parse().map_err(|_| {
        format!("`{text}` is no address: write IP address and port, for example \"127.0.0.1:7340\" or \"[::1]:7340\"")
    })
}

/// A path; a relative one starts at `folder`, where the config file is.
pub fn path(folder: &Path) -> impl Fn(&DeValue<'_>) -> Parsed<PathBuf> {
    move |value| nonempty(value).map(|text| folder.join(text))
}

/// The name of a kind.
pub fn name(value: &DeValue<'_>) -> Parsed<String> {
    let text = string(value)?;
    let right = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.is_empty() || text.len() > NAME_BYTES_MAX || !text.chars().all(right) {
        return Err(format!(
            "`{text}` is no name: write 1 to {NAME_BYTES_MAX} of the characters a-z, A-Z, 0-9, `-`, `_` and `.`"
        ));
    }
    Ok(text)
}

/// A SHA-256 digest in hex.
pub fn sha256(value: &DeValue<'_>) -> Parsed<[u8; 32]> {
    let text = string(value)?;
    let mut digest = [0; 32];
    hex::decode_to_slice(&text, &mut digest)
        .map_err(|_| format!("`{text}` is no SHA-256: write the 64 hex digits that `sha256sum FILE` prints"))?;
    Ok(digest)
}

/// One of a few words.
pub fn one_of<T: Copy>(words: &'static [(&'static str, T)]) -> impl Fn(&DeValue<'_>) -> Parsed<T> {
    move |value| {
        let known = || words.iter().map(|(word, _)| format!("\"{word}\"")).collect::<Vec<_>>().join(" or ");
        let text = string(value)?;
        let found = words.iter().find(|(word, _)| *word == text);
        found.map(|(_, it)| *it).ok_or_else(|| format!("`{text}` is unknown: write {}", known()))
    }
}
