//! Every proposal of WebAssembly that the parser knows: a handler that uses it is refused with the proposal's name, or runs within
//! its limits. Nothing in between: what is compiled and cannot be run may end the whole host.
//!
//! The guests are harmless: most of them only declare something. A proposal that a later version of the parser knows has to be
//! added here before the tests pass.

use std::{collections::BTreeSet, fs, path::Path};

use mpy6a_plugins::LoadError;
use mpy6a_sessions::Outcome;
use wasmparser::WasmFeatures;

use crate::{guest::handler_with, rig::Rig};

/// What a guest that uses a proposal is made of.
enum Guest {
    /// A core module: more definitions, and instructions before `handle` returns ok.
    Module(&'static str, &'static str),
    /// A component with more in it.
    Component(&'static str),
    /// A core module, before its memory and its functions.
    Whole(&'static str),
}
use Guest::{Component, Module, Whole};

/// What has to become of it.
enum Fate {
    /// It runs, and its fuel is counted.
    Runs,
    /// It does not load, and the refusal has these words in it.
    Refused(&'static str),
}
use Fate::{Refused, Runs};

/// The proposals by the parser's names.
const PROPOSALS: [(&str, Guest, Fate); 47] = [
    (
        "MUTABLE_GLOBAL",
        Module("(global $g (export \"counter\") (mut i32) (i32.const 0))", "(global.set $g (i32.const 1))"),
        Runs,
    ),
    ("SATURATING_FLOAT_TO_INT", Module("", "(drop (i32.trunc_sat_f32_s (f32.const 1)))"), Runs),
    ("SIGN_EXTENSION", Module("", "(drop (i32.extend8_s (i32.const 255)))"), Runs),
    ("REFERENCE_TYPES", Module("(table $t 1 funcref)", "(table.set $t (i32.const 0) (ref.null func))"), Runs),
    ("MULTI_VALUE", Module("(func $two (result i32 i32) (i32.const 1) (i32.const 2))", "(call $two) drop drop"), Runs),
    (
        "BULK_MEMORY",
        Module("(data $passive \"x\")", "(memory.init $passive (i32.const 0) (i32.const 0) (i32.const 1))"),
        Runs,
    ),
    ("SIMD", Module("", "(drop (i32x4.add (v128.const i32x4 1 2 3 4) (v128.const i32x4 1 2 3 4)))"), Runs),
    ("RELAXED_SIMD", Module("", "(drop (i32x4.relaxed_trunc_f32x4_s (v128.const i32x4 0 0 0 0)))"), Runs),
    ("THREADS", Module("", "(drop (i32.atomic.load (i32.const 0)))"), Refused("it uses threads")),
    ("SHARED_EVERYTHING_THREADS", Module("(global (shared i32) (i32.const 0))", ""), Refused("it uses threads")),
    ("TAIL_CALL", Module("(func $f) (func $g (return_call $f))", "(call $g)"), Runs),
    ("FLOATS", Module("", "(drop (f64.add (f64.const 1) (f64.const 2)))"), Runs),
    ("MULTI_MEMORY", Module("(memory $second 1)", "(i32.store $second (i32.const 0) (i32.const 1))"), Runs),
    ("EXCEPTIONS", Module("(tag (param i32))", ""), Refused("it uses exceptions")),
    (
        "MEMORY64",
        Component(
            "(core module $wide (memory i64 1) (func $f (i32.store (i64.const 0) (i32.const 1))) (start $f)) (core instance (instantiate $wide))",
        ),
        Runs,
    ),
    ("EXTENDED_CONST", Module("(global i32 (i32.add (i32.const 1) (i32.const 2)))", ""), Runs),
    ("COMPONENT_MODEL", Component(""), Runs),
    (
        "FUNCTION_REFERENCES",
        Module("(type $f (func)) (func $g (type $f)) (elem declare func $g)", "(call_ref $f (ref.func $g))"),
        Runs,
    ),
    ("MEMORY_CONTROL", Module("", "(memory.discard (i32.const 0) (i32.const 0))"), Refused("memory-control")),
    ("GC", Module("(type (struct (field i32)))", ""), Refused("(GC)")),
    // The part of it that needs no collector, which an engine without support for one may take all the same.
    ("GC", Module("(rec (type $open (sub (func))) (type (sub $open (func))))", ""), Refused("(GC)")),
    ("CUSTOM_PAGE_SIZES", Module("(memory 1 1 (pagesize 1))", ""), Refused("custom-page-sizes")),
    ("LEGACY_EXCEPTIONS", Module("", "try end"), Refused("it uses exceptions")),
    ("GC_TYPES", Module("(table 1 externref)", ""), Refused("(GC)")),
    ("STACK_SWITCHING", Module("(type $f (func)) (type (cont $f))", ""), Refused("stack-switching")),
    (
        "WIDE_ARITHMETIC",
        Module("", "(i64.add128 (i64.const 1) (i64.const 0) (i64.const 1) (i64.const 0)) drop drop"),
        Refused("wide-arithmetic"),
    ),
    ("CM_VALUES", Component("(import \"wasi:io/poll@0.2.0\" (value u32))"), Refused("cm-values")),
    ("CM_NESTED_NAMES", Component("(import \"acme:shop:db/store\" (instance))"), Refused("acme:shop:db/store")),
    ("CM_ASYNC", Component("(type (future u32))"), Refused("synchronous")),
    (
        "CM_ASYNC_STACKFUL",
        Component(
            "(core module $f (func (export \"f\"))) (core instance $f (instantiate $f)) (func (canon lift (core func $f \"f\") async))",
        ),
        Refused("synchronous"),
    ),
    ("CM_MORE_ASYNC_BUILTINS", Component("(core func (canon subtask.cancel async))"), Refused("synchronous")),
    ("CM_THREADING", Component("(core func (canon thread.index))"), Refused("cm-threading")),
    ("CM_ERROR_CONTEXT", Component("(core func (canon error-context.drop))"), Refused("cm-error-context")),
    ("CM_FIXED_LENGTH_LISTS", Component("(type (list u8 4))"), Refused("cm-fixed-length-lists")),
    (
        "CM_GC",
        Component(
            "(core module $f (func (export \"f\"))) (core instance $f (instantiate $f)) (func (canon lift (core func $f \"f\") gc))",
        ),
        Refused("cm-gc"),
    ),
    (
        "CALL_INDIRECT_OVERLONG",
        Module(
            "(type $f (func)) (table $t 1 1 funcref) (elem (i32.const 0) $g) (func $g)",
            "(call_indirect $t (type $f) (i32.const 0))",
        ),
        Runs,
    ),
    ("BULK_MEMORY_OPT", Module("", "(memory.fill (i32.const 0) (i32.const 0) (i32.const 8))"), Runs),
    (
        "CUSTOM_DESCRIPTORS",
        Module("(rec (type $a (descriptor $b) (struct)) (type $b (describes $a) (struct)))", ""),
        Refused("(GC)"),
    ),
    (
        "COMPACT_IMPORTS",
        Whole("(import \"mpy6a:handler/types@1.0.0\" (item \"[resource-drop]session\" (func (param i32))))"),
        Refused("compact-imports"),
    ),
    ("CM_MAP", Component("(type (map string u32))"), Refused("cm-map")),
    (
        "CM64",
        Component(
            "(core module $f (memory (export \"m\") i64 1) (func (export \"f\"))) (core instance $f (instantiate $f)) (func (canon lift (core func $f \"f\") (memory (core memory $f \"m\"))))",
        ),
        Refused("cm64"),
    ),
    ("CM_IMPLEMENTS", Component("(import \"db\" (implements \"acme:db/store\") (instance))"), Refused("db")),
    (
        "CM_CANON_NAMES",
        Component("(import \"acme:db/store@1\" (version-suffix \".2.3\") (instance))"),
        Refused("acme:db/store@1"),
    ),
    ("CM_FORWARD", Component("(type $s (stream u8)) (core func (canon stream.forward $s))"), Refused("synchronous")),
    ("CM_ACCESSORS", Component("(import \"[get]rate\" (func (result u32)))"), Refused("[get]rate")),
    ("ACQUIRE_RELEASE_ATOMICS", Module("", "pause"), Refused("acquire-release-atomics")),
    ("MULTIBYTE_ARRAY_ACCESS", Module("(type $a (array (mut i8)))", ""), Refused("(GC)")),
];

fn wat(guest: &Guest) -> String {
    match guest {
        Module(definitions, instructions) => handler_with(definitions, &format!("{instructions} (call $ok)")),
        Whole(first) => format!(
            "(module {first} (memory (export \"memory\") 2)
              (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 65536))
              (func (export \"handle\") (param i32) (result i32) (i32.const 2048)))"
        ),
        Component(more) => {
            let file =
                Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/guests/component-imports-filesystem.wat");
            let text = fs::read_to_string(file).unwrap();
            let end = text.trim_end().strip_suffix(')').unwrap();
            format!("{end} {more})")
        }
    }
}

#[test]
fn every_proposal_that_the_parser_knows_is_in_the_table() {
    let listed: BTreeSet<&str> = PROPOSALS.iter().map(|(name, ..)| *name).collect();
    let known: BTreeSet<&str> = WasmFeatures::all().iter_names().map(|(name, _)| name).collect();
    assert_eq!(known.difference(&listed).collect::<Vec<_>>(), [&""; 0]);
}

#[tokio::test]
async fn every_proposal_is_refused_by_name_or_runs_within_limits() {
    let rig = Rig::new();
    let mut wrong = Vec::new();
    for (name, guest, fate) in &PROPOSALS {
        let became = match rig.load(&wat(guest)).await {
            Ok(plugin) => {
                let report = rig.run_loaded(&plugin).await.report;
                format!("{:?}, fuel {}", report.outcome, report.fuel)
            }
            Err(LoadError::Invalid(said)) => format!("without a name: {said}"),
            Err(refused) => refused.to_string(),
        };
        let right = match fate {
            Runs => became.starts_with(&format!("{:?}, fuel ", Outcome::Returned)) && !became.ends_with(" 0"),
            Refused(words) => became.contains(words) && !became.starts_with("without a name"),
        };
        if !right {
            wrong.push(format!("{name}: {became}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
