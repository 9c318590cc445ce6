//! A printed report, no wider than a terminal.

use mpy6a_untrusted::text;

use crate::limits::REPORT_COLUMNS;

/// Text in 80 columns.
#[derive(Debug, Default)]
pub struct Report {
    /// What was reported so far.
    pub text: String,
}

impl Report {
    /// Add a text after a label; further lines of it are indented as far as the label is wide.
    ///
    /// Text from outside moves no cursor and hides nothing. Its line feeds stay: where it is to be one line, make it one before.
    pub fn line(&mut self, label: &str, text: &str) {
        let (label, text) = (&*text::line(label), &*text::lines(text));
        let indent = " ".repeat(label.chars().count());
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
