//! Core modules whose start would not happen, or too early, or whose heap is not theirs alone: they would load and compute
//! something else than their source says.

use mpy6a_plugins::{LoadError, PluginSpec};
use mpy6a_sessions::Outcome;
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::{
    guest::{handler, handler_with},
    rig::Rig,
};

/// A constructor: without it the variable keeps its zero.
const CONSTRUCTOR: &str = "(global $rates (mut i32) (i32.const 0)) (func $construct (global.set $rates (i32.const 3)))";

/// What is returned ok where the constructor ran, and traps elsewhere.
const CONSTRUCTED: &str = "(if (i32.ne (global.get $rates) (i32.const 3)) (then unreachable)) (call $ok)";

fn constructed(exports: &str) -> String {
    handler_with(&format!("{CONSTRUCTOR} {exports}"), CONSTRUCTED)
}

async fn never_started(wat: &str, export: &str) {
    let refused = Rig::new().load(wat).await.expect_err(export);
    assert!(matches!(&refused, LoadError::NeverStarted { export: named, .. } if named == export), "{refused}");
    assert!(refused.to_string().contains("`_initialize`"), "{refused}");
}

async fn starts(wat: &str) {
    assert_eq!(Rig::new().run(wat).await.report.outcome, Outcome::Returned, "{wat}");
}

#[tokio::test]
async fn a_program_is_refused_unless_it_is_a_library_as_well() {
    never_started(&constructed(r#"(export "_start" (func $construct))"#), "_start").await;
    starts(&constructed(r#"(export "_initialize" (func $construct))"#)).await;
    starts(&constructed(r#"(export "_initialize" (func $construct)) (func (export "_start"))"#)).await;
}

#[tokio::test]
async fn the_refusal_of_a_program_names_each_languages_option() {
    let refused = Rig::new().load(&constructed(r#"(export "_start" (func $construct))"#)).await.expect_err("a program");
    for option in ["-mexec-model=reactor", "--exportStart _initialize", "mpy6a plugin build", "cdylib"] {
        assert!(refused.to_string().contains(option), "{refused}");
    }
}

#[tokio::test]
async fn constructors_that_nobody_calls_are_refused() {
    let constructors = r#"(export "__wasm_call_ctors" (func $construct))"#;
    never_started(&constructed(constructors), "__wasm_call_ctors").await;
    let unrelated = r#"(func (export "_initialize"))"#;
    never_started(&constructed(&format!("{constructors} {unrelated}")), "__wasm_call_ctors").await;

    for called in [
        r#"(func (export "_initialize") (call $construct))"#,
        r#"(export "_initialize" (func $construct))"#,
        "(start $construct)",
        r#"(table 1 funcref) (elem (i32.const 0) $construct)
           (func (export "_initialize") (call_indirect (i32.const 0)))"#,
    ] {
        starts(&constructed(&format!("{constructors} {called}"))).await;
    }
    // There is nothing to construct.
    starts(&handler_with(r#"(func (export "__wasm_call_ctors"))"#, "(call $ok)")).await;
}

#[tokio::test]
async fn a_start_by_another_name_is_refused() {
    for name in ["start", "init", "main"] {
        never_started(&constructed(&format!(r#"(export "{name}" (func $construct))"#)), name).await;
        starts(&constructed(&format!(r#"(export "{name}" (func $construct)) (start $construct)"#))).await;
    }
    // AssemblyScript's start function under any name: it runs once.
    let once = |export: &str| {
        format!(
            "(global $started (mut i32) (i32.const 0))
             (func $once (if (global.get $started) (then (return))) (global.set $started (i32.const 1)) (call $construct))
             {export}"
        )
    };
    never_started(&constructed(&once(r#"(export "go" (func $once))"#)), "go").await;
    starts(&constructed(&once(r#"(export "go" (func $once)) (export "_initialize" (func $once))"#))).await;
    starts(&constructed(&once(r#"(export "go" (func $once)) (start $once)"#))).await;
    // Other functions that nobody calls are only of no use.
    starts(&handler_with(&format!("{CONSTRUCTOR} {}", r#"(export "go" (func $construct))"#), "(call $ok)")).await;
    // What takes or gives something is no start function.
    starts(&handler_with(r#"(func (export "main") (result i32) (i32.const 0))"#, "(call $ok)")).await;
}

#[tokio::test]
async fn a_start_function_that_calls_the_host_is_told_to_be_exported_instead() {
    let logs = |how: &str| {
        let definitions = format!("(func $top (call $log (i32.const 2) (i32.const 1016) (i32.const 6))) {how}");
        handler_with(&definitions, "(call $ok)")
    };
    let refused = Rig::new().load(&logs("(start $top)")).await.expect_err("too early");
    assert!(matches!(&refused, LoadError::StartCallsHost(_)), "{refused}");
    let text = refused.to_string();
    assert!(text.contains("export it as `_initialize`") && text.contains("--exportStart _initialize"), "{text}");
    assert!(!text.contains("raise"), "{text}");

    let end = Rig::new().run(&logs(r#"(export "_initialize" (func $top))"#)).await;
    assert_eq!((end.report.outcome, end.report.log_tail.as_str()), (Outcome::Returned, "INFO intent\n"));
}

/// What `wasm-tools component new --adapt` makes of a module: a component, with this adapter for WASI preview 1.
fn wrapped(wat: &str, adapter: &[u8]) -> Vec<u8> {
    const WIT: &str = include_str!("../../../../wit/handler.wit");
    const CONFIG: &str = include_str!("../../../../wit/deps/wasi-config/store.wit");
    let mut resolve = Resolve::default();
    resolve.push_source("store.wit", CONFIG).unwrap();
    let handler = resolve.push_source("handler.wit", WIT).unwrap();
    let world = resolve.select_world(&[handler], Some("handler")).unwrap();
    let mut module = wat::parse_str(wat).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    let mut encoder = ComponentEncoder::default();
    encoder.module(&module).unwrap().validate(true);
    encoder.adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, adapter).unwrap();
    encoder.encode().unwrap()
}

fn library(wat: &str) -> Vec<u8> {
    wrapped(wat, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)
}

/// Load a component.
async fn loaded(component: &[u8]) -> Result<(), LoadError> {
    let rig = Rig::new();
    let file = rig.file("component.wasm", component);
    rig.sandbox.load(&PluginSpec { file, ..rig.spec.clone() }).await.map(drop)
}

async fn never_started_inside(component: &[u8], export: &str) {
    let refused = loaded(component).await.expect_err(export);
    assert!(matches!(&refused, LoadError::NeverStarted { export: named, .. } if named == export), "{refused}");
    assert!(refused.to_string().contains("`_initialize`"), "{refused}");
}

#[tokio::test]
async fn a_component_is_looked_into_for_what_is_never_called() {
    let constructors = r#"(export "__wasm_call_ctors" (func $construct))"#;
    never_started_inside(&library(&constructed(constructors)), "__wasm_call_ctors").await;
    never_started_inside(&library(&constructed(r#"(export "init" (func $construct))"#)), "init").await;
    let start = constructed(r#"(export "_start" (func $construct))"#);
    never_started_inside(&library(&start), "_start").await;
    let program = start.replacen("(module", &format!("(module {EXIT}"), 1);
    never_started_inside(&wrapped(&program, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER), "_start").await;

    for called in [
        format!(r#"{constructors} (func (export "_initialize") (call $construct))"#),
        format!("{constructors} (start $construct)"),
        r#"(export "_initialize" (func $construct)) (func (export "_start"))"#.to_owned(),
    ] {
        let wat = constructed(&called).replacen("(module", &format!("(module {EXIT}"), 1);
        loaded(&library(&wat)).await.unwrap();
    }
}

/// A program for WASI preview 2: what its start calls, beside what `handle` calls.
fn run(definitions: &str, calls: &str) -> String {
    handler_with(
        &format!(
            r#"{CONSTRUCTOR} (func $more) (func $all (call $construct) (call $more)) {definitions}
               (func (export "wasi:cli/run@0.2.0#run") (result i32) {calls} (i32.const 0))"#
        ),
        "(call $ok)",
    )
}

/// [`run`] as a component that exports `handle` alone, or `wasi:cli/run`, too.
fn both(wat: &str) -> [Vec<u8>; 2] {
    [wat::parse_str(wat).unwrap(), library(wat)]
}

#[tokio::test]
async fn constructors_that_only_a_program_calls_are_refused() {
    for file in both(&run("", "(call $all)")) {
        never_started_inside(&file, "wasi:cli/run@0.2.0#run").await;
    }
    let right = [
        run("", "(call $construct)"),
        run("", "(call $more)"),
        run(r#"(export "_initialize" (func $all))"#, "(call $all)"),
        run("(func $handles (call $all))", "(call $all)"),
    ];
    for file in right.iter().flat_map(|wat| both(wat)) {
        loaded(&file).await.unwrap();
    }
}

/// What makes a module one of WASI preview 1.
const EXIT: &str = r#"(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))"#;

/// A module as Go's linker writes it, reduced to what the host looks at: its name for itself, WASI preview 1, data, memory.
fn go(pages: u32, data: &str) -> String {
    handler("(call $exit (i32.const 1)) unreachable")
        .replacen(
            "(module",
            r#"(module (@custom "go:buildid" "\ff Go build ID: x") (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))"#,
            1,
        )
        .replacen("(memory (export \"memory\") 16)", &format!("(memory (export \"memory\") {pages}) (data (i32.const 70000) \"{data}\")"), 1)
}

#[tokio::test]
async fn go_without_room_for_the_adapter_is_refused() {
    let package = "mpy6a/internal/heap.init.0";
    for (pages, data) in [(33, "runtime.main"), (110, "runtime.main"), (33, package)] {
        let refused = Rig::new().load(&go(pages, data)).await.expect_err("plain Go");
        assert!(matches!(&refused, LoadError::PlainGo), "{refused}");
        assert!(refused.to_string().contains("go run mpy6a/cmd/build"), "{refused}");
    }
    Rig::new().load(&go(110, package)).await.unwrap();
    // Another linker's module has its own allocator.
    Rig::new().load(&go(33, "runtime.main").replace("go:buildid", "build_id")).await.unwrap();
}

#[tokio::test]
async fn go_is_known_by_what_no_flag_strips() {
    let stripped = |data: &str, globals: &str| {
        go(33, data).replace("go:buildid", "build_id").replacen("(memory ", &format!("{globals} (memory "), 1)
    };
    let names = r"\00runtime.mallocgc\00runtime.main\00";
    let wide = "(global (mut i64) (i64.const 0))".repeat(6);
    // The module's own variable comes last.
    let registers = format!("(global (mut i32) (i32.const 0)) {wide}");
    for wat in [stripped(names, ""), stripped("x", &registers)] {
        let refused = Rig::new().load(&wat).await.expect_err("plain Go");
        assert!(matches!(&refused, LoadError::PlainGo), "{refused}");
        let refused = loaded(&library(&wat)).await.expect_err("plain Go, wrapped");
        assert!(matches!(&refused, LoadError::PlainGo), "{refused}");
    }
    // TinyGo's linker is clang's: a few variables, and no table of functions.
    for wat in [
        stripped("panic: runtime error: runtime.mallocgc", ""),
        stripped("x", &wide),
        stripped("x", &registers.replacen("(mut i32)", "i32", 1)),
    ] {
        Rig::new().load(&wat).await.unwrap();
        loaded(&library(&wat)).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs .ci/toolchains go, or Go"]
async fn what_go_builds_is_refused_with_whatever_flags() {
    let installed = crate::guests::guests().join("../toolchains/venv/bin/go");
    let dir = tempfile::tempdir().unwrap();
    let source =
        "package main\n\n//go:wasmexport handle\nfunc handle(data int32) int32 { return 2048 }\n\nfunc main() {}\n";
    std::fs::write(dir.path().join("go.mod"), "module plain\n\ngo 1.24\n").unwrap();
    std::fs::write(dir.path().join("main.go"), source).unwrap();
    for flags in ["", "-buildid=", "-s -w -buildid="] {
        let mut go = std::process::Command::new(if installed.exists() { installed.as_os_str() } else { "go".as_ref() });
        go.args(["build", "-buildmode=c-shared", "-o", "plain.wasm", "-ldflags", flags, "."]).current_dir(dir.path());
        go.envs([("GOOS", "wasip1"), ("GOARCH", "wasm"), ("GOTOOLCHAIN", "local"), ("GOFLAGS", "")]);
        assert!(go.status().unwrap().success(), "{flags}");
        let built = std::fs::read(dir.path().join("plain.wasm")).unwrap();
        let refused = loaded(&built).await.expect_err(flags);
        assert!(matches!(&refused, LoadError::PlainGo), "{flags}: {refused}");
    }
}

#[tokio::test]
async fn an_exit_is_told_without_a_number_that_the_guest_never_gave() {
    let exits = go(33, "x")
        .replace("go:buildid", "build_id")
        .replace("(i32.const 1)) unreachable", "(i32.const 7)) unreachable");
    let end = Rig::new().run(&exits).await;
    let cause = end.report.outcome.cause();
    assert!(cause.starts_with("it exited with a failure, instead of returning from `handle`"), "{cause}");
}
