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
const NO_EXCEPTIONS: (&str, &str) =
    ("exceptions", "build it so that an exception ends the run: with C++ -fno-exceptions, with Rust panic = \"abort\"");
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

/// Why the engine refuses the file, if that is a proposal, or that it is not valid at all.
pub(super) fn refused(file: &[u8]) -> Option<LoadError> {
    let error = Validator::new_with_features(TAKEN).validate_all(file).err()?;
    let Some(missing) = error.missing_wasm_feature() else { return Some(LoadError::invalid(error)) };
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use wasmtime::component::Component;

    use super::*;
    use crate::engine;

    /// Modules that each use one proposal.
    const USES: [(&str, &str); 11] = [
        ("tail calls", "(module (func $f (return_call $f)))"),
        ("many memories", "(module (memory 1) (memory 1))"),
        ("vectors", "(module (func (drop (v128.const i32x4 0 0 0 0))))"),
        ("relaxed vectors", "(module (func (param v128) (drop (i32x4.relaxed_trunc_f32x4_s (local.get 0)))))"),
        ("bulk memory", "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))"),
        ("references", "(module (table 1 funcref) (func (drop (ref.null func))))"),
        ("constant sums", "(module (global i32 (i32.add (i32.const 1) (i32.const 2))))"),
        ("garbage collection", "(module (type (struct (field i32))))"),
        ("exceptions", "(module (tag (param i32)))"),
        ("threads", "(module (memory 1 1 shared))"),
        (
            "128 bits",
            "(module (func (param i64) (i64.add128 (local.get 0) (local.get 0) (local.get 0) (local.get 0)) drop drop))",
        ),
    ];

    #[test]
    fn what_is_taken_is_what_the_engine_takes() {
        let engine = engine::build(1, 1 << 20).unwrap();
        for (name, module) in USES {
            let component = wat::parse_str(format!("(component (core {})", module.trim_start_matches('('))).unwrap();
            let compiled = Component::from_binary(&engine, &component);
            let refused = refused(&component);
            assert_eq!(compiled.is_err(), refused.is_some(), "{name}: {refused:?}, {:?}", compiled.err());
            assert!(
                !matches!(refused, Some(LoadError::Invalid(_))),
                "{name} is not known to be a proposal: {refused:?}"
            );
        }
    }
}
