//! Texts from elsewhere made fit for a message: names out of a plugin file, values out of a config. Whoever wrote them decides
//! neither how long a log line is nor what the terminal does that shows it.

/// Longest name that a message repeats, in bytes: more than any that means well has.
pub const NAME_BYTES_MAX: usize = 160;

/// Longest message that has such texts in it, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 2048;

/// The text on one line, of at most about so many bytes. Control characters are escaped, which a terminal would obey, and what
/// is too long loses its middle: a message has what is wrong at its beginning and the remedy at its end.
#[must_use]
pub fn line(text: &str, bytes_max: usize) -> String {
    let is_plain = |c: char| !c.is_control();
    if text.len() <= bytes_max && text.chars().all(is_plain) {
        return text.to_owned();
    }
    let escape = |part: &str| -> String {
        part.chars().flat_map(|c| if is_plain(c) { vec![c] } else { c.escape_default().collect() }).collect()
    };
    if text.len() <= bytes_max {
        return escape(text);
    }
    let half = bytes_max / 2;
    format!(
        "{} … {}",
        escape(&text[..text.floor_char_boundary(half)]),
        escape(&text[text.ceil_char_boundary(text.len() - half)..])
    )
}

/// A name out of a file, for a message.
#[must_use]
pub fn name(name: &str) -> String {
    line(&name.escape_default().to_string(), NAME_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_and_plain_stays_as_it_is() {
        assert_eq!(line("коротко", 20), "коротко");
    }

    #[test]
    fn a_terminal_gets_nothing_to_obey_and_a_log_no_second_line() {
        assert_eq!(line("a\x1b[31m\nb", 20), "a\\u{1b}[31m\\nb");
    }

    #[test]
    fn a_long_text_keeps_both_its_ends() {
        let text = format!("wrong: {}: write it", "ж".repeat(1000));
        let shown = line(&text, 40);
        assert!(shown.starts_with("wrong: ж") && shown.ends_with("ж: write it") && shown.len() < 50, "{shown}");
    }
}
