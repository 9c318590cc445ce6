//! A printed report, no wider than a terminal.

use crate::limits::REPORT_COLUMNS;

/// Text in 80 columns.
#[derive(Debug, Default)]
pub struct Report {
    /// What was reported so far.
    pub text: String,
}

impl Report {
    /// Add a text after a label; further lines of it are indented as far as the label is wide.
    pub fn line(&mut self, label: &str, text: &str) {
        let indent = " ".repeat(label.len());
        let options = textwrap::Options::new(REPORT_COLUMNS)
            .initial_indent(label)
            .subsequent_indent(&indent)
            // Options and names of targets are for copying: they stay in one piece.
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        for line in textwrap::wrap(text, options) {
            self.text.push_str(line.trim_end());
            self.text.push('\n');
        }
    }
}
