//! What a project may be called. The name becomes a folder, a file, and a package in whatever language it is written in, so
//! it is what all of these take.

/// Longest name, in bytes: what registries of packages commonly take.
pub const NAME_BYTES_MAX: usize = 64;

/// Names that a compiler takes for something else when they stand for a package: words of Rust, Python, Go, C and
/// JavaScript, and Rust's own libraries.
const RESERVED: [&str; 70] = [
    "abstract", "alloc", "and", "as", "assert", "async", "await", "become", "box", "break", "case", "catch", "chan",
    "class", "const", "continue", "core", "crate", "def", "default", "del", "do", "dyn", "elif", "else", "enum",
    "except", "extern", "false", "final", "finally", "fn", "for", "from", "func", "gen", "global", "go", "if", "impl",
    "import", "in", "is", "lambda", "let", "loop", "macro", "match", "mod", "move", "mut", "not", "or", "package",
    "pub", "ref", "return", "self", "static", "std", "struct", "super", "switch", "test", "trait", "true", "type",
    "use", "where", "while",
];

/// Whether this is a name.
///
/// # Errors
///
/// What is wrong with it and what to write instead.
pub fn check(name: &str) -> Result<(), String> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let right = name.len() <= NAME_BYTES_MAX
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(inner)
        && !name.ends_with('-')
        && !name.contains("--");
    if !right {
        return Err(format!(
            "`{}` is no name for a project: write 1 to {NAME_BYTES_MAX} lower-case letters, digits and single hyphens, \
             beginning with a letter, for example `cancel-order`",
            name.escape_default()
        ));
    }
    if RESERVED.contains(&name) {
        return Err(format!("`{name}` is a word that a language keeps to itself: write for example `{name}-handler`"));
    }
    Ok(())
}

/// The same for languages whose names take no hyphen: `cancel_order`.
#[must_use]
pub fn snake(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_every_language_takes() {
        for right in ["a", "cancel-order", "step-2-of-3", "tested"] {
            assert_eq!(check(right), Ok(()), "{right}");
        }
        let long = "a".repeat(NAME_BYTES_MAX + 1);
        for wrong in ["", "-a", "a-", "a--b", "2nd", "Cancel", "a_b", "a/b", "..", "ёж", "a b", "a.b", &long] {
            assert!(check(wrong).is_err_and(|text| text.contains("write")), "{wrong}");
        }
        for reserved in RESERVED {
            assert!(check(reserved).is_err_and(|text| text.contains(&format!("`{reserved}-handler`"))));
            assert_eq!(check(&format!("{reserved}-handler")), Ok(()));
        }
    }

    #[test]
    fn the_list_of_words_is_sorted_so_that_a_reader_finds_one() {
        assert!(RESERVED.is_sorted());
    }
}
