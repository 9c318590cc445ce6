//! Escapes text from outside before a terminal or a log shows it.
//!
//! Control characters move a cursor or change a terminal's state, line ends forge lines, direction marks show text in another
//! order than it has, and characters without a glyph hide text. All of them are written as `\n` or `\u{202e}`. Letters, marks,
//! digits, punctuation and symbols of every script stay as they are.
//!
//! The result is for people. A backslash is not escaped, so it cannot be turned back.

use std::borrow::Cow;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// Whether a character is shown as it is.
#[must_use]
pub fn is_plain(char: char) -> bool {
    match char {
        ' '..='~' => true,
        '\0'..='\u{9f}' => false,
        _ => {
            let is_hidden = matches!(
                char.general_category(),
                GeneralCategory::Control
                    | GeneralCategory::Format
                    | GeneralCategory::LineSeparator
                    | GeneralCategory::ParagraphSeparator
            );
            !is_hidden && !is_ignorable(char)
        }
    }
}

/// The rest of Unicode's `Default_Ignorable_Code_Point`: shown by nothing, though their categories are those of marks, letters
/// and unassigned characters.
fn is_ignorable(char: char) -> bool {
    matches!(
        char,
        '\u{34f}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{2065}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// A text as one line.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |char| !is_plain(char))
}

/// A text of several lines: its line feeds stay.
#[must_use]
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |char| char != '\n' && !is_plain(char))
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        match is_escaped(char) {
            true => shown.extend(char.escape_default()),
            false => shown.push(char),
        }
    }
    Cow::Owned(shown)
}

/// JSON with characters that are not plain written as `\u202e`: the same value to every parser. Such characters stand only within
/// the strings of a valid text, but for line feeds and blanks between its parts, which stay.
#[must_use]
pub fn json(text: &str) -> Cow<'_, str> {
    let is_escaped = |char| !matches!(char, '\n' | '\t' | '\r') && !is_plain(char);
    if !text.contains(is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        if is_escaped(char) {
            for unit in char.encode_utf16(&mut [0; 2]) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            shown.push(char);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_every_script_stay_as_they_are() {
        for text in [
            "plain ~",
            "Ёлка",
            "naïve",
            "日本語",
            "עברית",
            "العربية",
            "हिन्दी",
            "ไทย",
            "한국어",
            "Ω≠∅ €",
            "🚀",
            "e\u{301}",
        ] {
            assert_eq!(line(text), text);
        }
    }

    #[test]
    fn what_a_terminal_obeys_or_hides_is_escaped() {
        let cases = [
            ("\x1b[2J", "\\u{1b}[2J"),
            ("a\r\nb\t", "a\\r\\nb\\t"),
            ("\u{7f}\u{9b}31m", "\\u{7f}\\u{9b}31m"),
            ("\u{202e}live\u{202c}", "\\u{202e}live\\u{202c}"),
            ("\u{2066}\u{2069}\u{200e}\u{200f}\u{61c}", "\\u{2066}\\u{2069}\\u{200e}\\u{200f}\\u{61c}"),
            ("a\u{200b}b\u{200d}c\u{feff}\u{ad}", "a\\u{200b}b\\u{200d}c\\u{feff}\\u{ad}"),
            ("\u{2028}\u{2029}", "\\u{2028}\\u{2029}"),
            ("\u{e0041}\u{e0101}\u{fe0f}\u{3164}", "\\u{e0041}\\u{e0101}\\u{fe0f}\\u{3164}"),
        ];
        for (text, shown) in cases {
            assert_eq!(line(text), shown);
            assert!(line(text).chars().all(is_plain));
        }
        assert_eq!(lines("a\nb\u{202e}\r\n"), "a\nb\\u{202e}\\r\n");
    }

    #[test]
    fn json_keeps_its_value() {
        assert_eq!(json("{\"a\":\"\u{202e}\u{e0041}é\"}\n"), "{\"a\":\"\\u202e\\udb40\\udc41é\"}\n");
        assert_eq!(json("{\"a\":\"\\u001b\"}"), "{\"a\":\"\\u001b\"}");
    }
}
