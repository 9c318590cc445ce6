//! What every message for a person must be: there, of bounded length, fit for a terminal and a log, and with a remedy.

/// Longest message, in bytes: what a person reads, and what fits many times into a message of gRPC (4 MiB), where the
/// reasons of refused plugins stand side by side.
pub const MESSAGE_BYTES_MAX: usize = 4096;

/// How remedies begin. A message without any of them only says what is wrong.
const REMEDIES: &[&str] = &[
    "add", "allow", "ask", "build", "check", "copy", "correct", "example", "give", "have", "install", "keep", "leave",
    "let", "link", "list", "look", "lower", "make", "mark", "may be", "mend", "name", "open", "pause", "raise",
    "redrive", "remove", "report", "restart", "restore", "save", "say", "send", "share", "shorten", "split", "stop",
    "take", "try", "unpack", "update", "use", "wait", "write",
];

/// Check a message that a person gets.
///
/// # Panics
///
/// If it is not as it must be.
pub fn check(message: &str) {
    check_plain(message);
    assert!(REMEDIES.iter().any(|remedy| has_word(message, remedy)), "no remedy is named: {message}");
}

/// Check a message that may do without a remedy, since another package words it.
///
/// # Panics
///
/// If it is not as it must be.
pub fn check_plain(message: &str) {
    assert!(!message.trim().is_empty(), "a message is empty");
    let shown: String = message.chars().take(200).collect();
    assert!(message.len() <= MESSAGE_BYTES_MAX, "a message has {} bytes: {shown}", message.len());
    let control = message.chars().find(|c| c.is_control());
    assert!(control.is_none(), "a message has a control character ({control:?}), which a terminal obeys: {message:?}");
}

/// Check a line that shows a part of a person's own file, where control characters are the person's.
///
/// # Panics
///
/// If it is too long.
pub fn check_shown(line: &str) {
    assert!(line.len() <= 2 * MESSAGE_BYTES_MAX, "a line has {} bytes", line.len());
}

/// Whether a word, or a few, stand in a text, and not only as a part of a longer word.
fn has_word(text: &str, word: &str) -> bool {
    let bounds = |at: usize| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    };
    text.match_indices(word).any(|(at, _)| bounds(at))
}

/// Check that a text does not repeat a secret.
///
/// # Panics
///
/// If it does.
pub fn hides(text: &str, secret: &str) {
    assert!(!text.contains(secret), "a secret is repeated: {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "no remedy")]
    fn a_message_without_a_remedy_is_found() {
        check("the address is unbuildable");
    }

    #[test]
    #[should_panic(expected = "a terminal obeys")]
    fn a_message_with_an_escape_sequence_is_found() {
        check("write \u{1b}[31m");
    }

    #[test]
    #[should_panic(expected = "has 5000 bytes")]
    fn a_message_that_is_too_long_is_found() {
        check_plain(&"x".repeat(5000));
    }
}
