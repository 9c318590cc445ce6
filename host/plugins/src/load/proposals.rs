//! Proposals of WebAssembly that this host has switched off, said by name and with the toolchain's own way to leave them out.
//!
//! Asked only of a file that was refused: to validate it again takes time.

use wasmparser::{Validator, WasmFeatures};

use super::LoadError;

/// What the engine takes: all of Wasm 3 but what needs a garbage collector or threads. A test holds it to the engine.
const TAKEN: WasmFeatures = WasmFeatures::WASM3
    .difference(WasmFeatures::GC_TYPES)
    .difference(WasmFeatures::EXCEPTIONS)
    .difference(WasmFeatures::THREADS)
    .union(WasmFeatures::COMPONENT_MODEL);

const NO_GC: (&str, &str) = (
    "references that a garbage collector has to follow (GC)",
    "use a toolchain that brings its own memory management: Kotlin, Dart and Java for Wasm GC do not run here",
);
const NO_EXCEPTIONS: (&str, &str) = (
    "exceptions",
    "build it so that an exception ends the run: with C++ -fno-exceptions, with Rust panic = \"abort\"",
);
const NO_THREADS: (&str, &str) =
    ("threads", "build it without -pthread or +atomics, and for a target without `threads`");

/// Each proposal that toolchains do use, what it is called, and how to leave it out.
const KNOWN: [(WasmFeatures, (&str, &str)); 5] = [
    (WasmFeatures::GC_TYPES, NO_GC),
    (WasmFeatures::EXCEPTIONS, NO_EXCEPTIONS),
    (WasmFeatures::LEGACY_EXCEPTIONS, NO_EXCEPTIONS),
    (WasmFeatures::THREADS, NO_THREADS),
    (WasmFeatures::SHARED_EVERYTHING_THREADS, NO_THREADS),
];

/// Why the engine refuses the file, if that is a proposal.
pub(super) fn refused(file: &[u8]) -> Option<LoadError> {
    let error = Validator::new_with_features(TAKEN).validate_all(file).err()?;
    let missing = error.missing_wasm_feature()?;
    if missing.intersects(WasmFeatures::CM_ASYNC) {
        return Some(LoadError::Async);
    }
    let known = KNOWN.iter().find(|(feature, _)| missing.intersects(*feature));
    let (name, remedy) = match known {
        Some((_, (name, remedy))) => ((*name).to_owned(), *remedy),
        None => {
            let names: Vec<String> = missing.iter_names().map(|(name, _)| name.to_lowercase().replace('_', "-")).collect();
            (format!("the proposal {}", names.join(", ")), "build it without, for WebAssembly 3.0 or older")
        }
    };
    Some(LoadError::Target { what: format!("it uses {name}, which this host has switched off"), remedy })
}
