//! Proposals of WebAssembly that this host has switched off, said by name and with the toolchain's own way to leave them out.
//!
//! Asked only of a file that was refused: to validate it again takes time.

use wasmparser::{Validator, WasmFeatures};

use super::LoadError;
use crate::engine::PROPOSALS;

/// What the engine takes, for this crate's own parser: the engine's is another version of it, so proposals go by their names.
fn taken() -> WasmFeatures {
    PROPOSALS.iter_names().filter_map(|(name, _)| WasmFeatures::from_name(name)).collect()
}

const NO_GC: (&str, &str) = (
    "references that a garbage collector has to follow (GC)",
    "use a toolchain that brings its own memory management: Kotlin, Dart and Java for Wasm GC do not run here",
);
const NO_EXCEPTIONS: (&str, &str) =
    ("exceptions", "build it so that an exception ends the run: with C++ -fno-exceptions, with Rust panic = \"abort\"");
const NO_THREADS: (&str, &str) =
    ("threads", "build it without -pthread or +atomics, and for a target without `threads`");

/// Each proposal that toolchains do use, what it is called, and how to leave it out.
const KNOWN: [(WasmFeatures, (&str, &str)); 6] = [
    (WasmFeatures::GC, NO_GC),
    (WasmFeatures::GC_TYPES, NO_GC),
    (WasmFeatures::EXCEPTIONS, NO_EXCEPTIONS),
    (WasmFeatures::LEGACY_EXCEPTIONS, NO_EXCEPTIONS),
    (WasmFeatures::THREADS, NO_THREADS),
    (WasmFeatures::SHARED_EVERYTHING_THREADS, NO_THREADS),
];

/// Why the engine refuses the file, if that is a proposal, or that it is not valid at all.
pub(super) fn refused(file: &[u8]) -> Option<LoadError> {
    let error = invalid(file, taken())?;
    let Some(missing) = error.missing_wasm_feature().or_else(|| unnamed(file)) else {
        return Some(LoadError::invalid(error));
    };
    if missing.intersects(WasmFeatures::CM_ASYNC) {
        return Some(LoadError::Async);
    }
    let known = KNOWN.iter().find(|(feature, _)| missing.intersects(*feature));
    let (name, remedy) = match known {
        Some((_, (name, remedy))) => ((*name).to_owned(), *remedy),
        None => {
            let names: Vec<String> =
                missing.iter_names().map(|(name, _)| name.to_lowercase().replace('_', "-")).collect();
            (format!("the proposal {}", names.join(", ")), "build it without, for WebAssembly 3.0 or older")
        }
    };
    Some(LoadError::Target { what: format!("it uses {name}, which this host has switched off"), remedy })
}

/// Some checks of the parser do not say which proposal would let the file pass: then the known ones are tried.
fn unnamed(file: &[u8]) -> Option<WasmFeatures> {
    KNOWN.iter().map(|(feature, _)| *feature).find(|feature| invalid(file, taken() | *feature).is_none())
}

fn invalid(file: &[u8], features: WasmFeatures) -> Option<wasmparser::Error> {
    Validator::new_with_features(features).validate_all(file).err()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// That the engine refuses the rest, and runs these within limits, is held by `tests/sandbox/proposals.rs`.
    #[test]
    fn every_proposal_that_is_on_has_the_same_name_in_both_parsers() {
        let on: Vec<&str> = PROPOSALS.iter_names().map(|(name, _)| name).collect();
        let taken: Vec<&str> = taken().iter_names().map(|(name, _)| name).collect();
        assert_eq!(on, taken);
    }
}
