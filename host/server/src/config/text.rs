//! The text of a config file, and whether it looks whole.

use std::path::{Path, PathBuf};

use mpy6a_untrusted::file::{self, ReadError};

use super::{Config, ConfigError};
use crate::limits::{CONFIG_BYTES_MAX, CUT_OFF_SETTLE};

/// The text of a config file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    file: PathBuf,
    text: String,
}

impl Text {
    /// Read a file.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is no text.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        let text = read(file).map_err(|message| ConfigError::of_file(file.to_owned(), message))?;
        Ok(Self { file: file.to_owned(), text })
    }

    /// Check it.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn config(&self) -> Result<Config, ConfigError> {
        // Relative paths start at the config's folder, wherever the host was started.
        let whole = std::path::absolute(&self.file).unwrap_or_else(|_| self.file.clone());
        let folder = whole.parent().unwrap_or(Path::new("/"));
        Config::parse(&self.text, folder).map_err(|problems| ConfigError { file: self.file.clone(), problems })
    }

    /// Why this looks cut off, beside the text in service that it is to replace; none where it looks whole. No text tells for sure:
    /// every line of a config may be its last.
    #[must_use]
    pub fn cut_off(&self, in_service: &Self) -> Option<CutOff> {
        if self.text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            Some(CutOff::Empty)
        } else if in_service.text.len() > self.text.len() && in_service.text.starts_with(&self.text) {
            Some(CutOff::Beginning)
        } else if in_service.text.ends_with('\n') && !self.text.ends_with('\n') {
            Some(CutOff::Line)
        } else {
            None
        }
    }
}

/// How a text looks cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CutOff {
    /// It says nothing at all.
    #[error("it is empty: write the config that is to be in service")]
    Empty,
    /// It ends before the text in service, and says the same so far.
    #[error(
        "it is the beginning of the config in service and looks cut off: it is taken if it stays so for {CUT_OFF_SETTLE:?}, or at once \
         with `mpy6a reload`"
    )]
    Beginning,
    /// It ends in the middle of a line, and the text in service does not.
    #[error(
        "its last line has no end and looks cut off: end it; or it is taken if it stays so for {CUT_OFF_SETTLE:?}, or at once with \
         `mpy6a reload`"
    )]
    Line,
}

fn read(file: &Path) -> Result<String, String> {
    let advice = "name a readable file with --config; docs/mpy6a.toml is one to start from";
    let bytes = file::read(file, CONFIG_BYTES_MAX).map_err(|error| match error {
        ReadError::Io(error) => format!("cannot read the config: {error}: {advice}"),
        ReadError::TooLong(_) => format!("longer than {CONFIG_BYTES_MAX} bytes, the most for a config: {advice}"),
    })?;
    String::from_utf8(bytes).map_err(|_| format!("not UTF-8 text: {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Text {
        Text { file: "mpy6a.toml".into(), text: text.to_owned() }
    }

    #[test]
    fn a_text_that_looks_cut_off_is_told_from_a_whole_one() {
        let in_service = text("[log]\nlevel = \"info\"\n[[access]]\nname = \"boss\"\n");
        let judged = |new: &str| text(new).cut_off(&in_service);
        for whole in ["[log]\nlevel = \"warn\"\n", "[[access]]\nname = \"boss\"\n", &in_service.text] {
            assert_eq!(judged(whole), None, "{whole}");
        }
        for (cut, how) in [
            ("", CutOff::Empty),
            ("# a head\n\n  # and no more", CutOff::Empty),
            ("[log]\nlevel = \"info\"\n", CutOff::Beginning),
            ("[log]\nlevel = \"info\"\n[limits]\nruns = 6", CutOff::Line),
        ] {
            assert_eq!(judged(cut), Some(how), "{cut}");
        }
        let style = text("runs = 64");
        assert_eq!(text("runs = 6").cut_off(&style), Some(CutOff::Beginning));
        assert_eq!(text("runs = 32").cut_off(&style), None, "an editor that ends no last line");
    }
}
