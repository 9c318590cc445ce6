//! What a run has room for, said as such. The engine finds that a plugin is over it once it is compiled, in words of its own.

use super::LoadError;

/// How the engine tells each of them, and what there is too much of.
const LIMITS: [(&str, &str); 8] = [
    ("core module instances, which exceeds", "instances of core modules"),
    ("Wasm linear memories, which exceeds", "memories"),
    ("tables, which exceeds", "tables"),
    ("defined memories count of", "memories in one module"),
    ("defined tables count of", "tables in one module"),
    ("minimum element size of", "elements in a table when it begins"),
    ("instance allocation for this module requires", "bytes that the engine keeps of one core module's instance"),
    ("instance allocation for this component requires", "bytes that the engine keeps of all its instances"),
];

/// The words before the number that was found, and before the one that is allowed.
const FOUND: [&str; 4] = ["contains ", "count of ", "element size of ", "requires "];
const ALLOWED: [&str; 2] = ["maximum of ", "limit of "];

/// Which limit of the pool an error of the engine is about, if it is about one.
pub(super) fn exceeded(error: &wasmtime::Error) -> Option<LoadError> {
    error.chain().find_map(|error| {
        let said = error.to_string();
        let (_, what) = LIMITS.iter().find(|(phrase, _)| said.contains(phrase))?;
        Some(LoadError::NoRoom { what, found: number(&said, &FOUND)?, max: number(&said, &ALLOWED)? })
    })
}

/// The number behind the first of these words.
fn number(text: &str, words: &[&str]) -> Option<u64> {
    let behind = words.iter().find_map(|word| text.split_once(word))?.1;
    let end = behind.find(|char: char| !char.is_ascii_digit()).unwrap_or(behind.len());
    behind[..end].parse().ok()
}
