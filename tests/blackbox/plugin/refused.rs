//! Files that no host loads. For each mistake of an author, `check` says what is wrong and what to change.
//!
//! The files are what toolchains make of such mistakes, reduced to what tells them apart.

use std::{fs, path::Path};

use super::plugin;
use crate::harness::wat;

/// A file, and what is said of it.
type Case<'a> = (&'a str, Vec<u8>, &'a [&'a str]);

/// Every file is refused, and said so.
#[track_caller]
fn refused(cases: &[Case]) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, parts) in cases {
        fs::write(folder.path().join(name), bytes).unwrap();
        let ran = plugin(folder.path(), &["check", name]);
        ran.says(1, &[&["ERROR", "It does not load"], *parts].concat());
    }
}

/// A core module of the contract, but for what is added or put in place of it.
fn module(more: &str) -> Vec<u8> {
    let text = format!(
        "(module {more}
          (memory (export \"memory\") 1)
          (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
          (func (export \"handle\") (param i32) (result i32) (i32.const 2048)))"
    );
    wat_bytes(&text)
}

fn wat_bytes(text: &str) -> Vec<u8> {
    ::wat::parse_str(text).unwrap()
}

#[test]
fn what_is_no_wasm_is_told_by_what_it_is() {
    let sound = module("");
    let elf = fs::read("/proc/self/exe").unwrap();
    refused(&[
        ("empty.wasm", vec![], &["it is empty", "look at what the build prints"]),
        ("program", elf[..4096].to_vec(), &["this machine (ELF)", "build it for a Wasm target"]),
        ("handler.js", b"export function handle(data) {}\n".to_vec(), &["it is text", "mpy6a plugin build"]),
        ("noise.wasm", vec![0xd3, 0, 7, 0xff, 0xfe, 1, 2, 3], &["does not begin as Wasm does", "build it again"]),
        (
            "handler.wat",
            b"\n;; x\n(module)\n".to_vec(),
            &["text form (.wat)", "wasm-tools parse FILE.wat -o FILE.wasm"],
        ),
        ("component.wat", b"(component)".to_vec(), &["text form (.wat)"]),
        (
            "handler.cwasm",
            b"\x7fELF\x02\x01\x01\xc8\0\0\0\0".to_vec(),
            &["wasmtime compiled (.cwasm)", "name the .wasm file"],
        ),
        ("cached.cwasm", b"mpy6aWC2\0\0\0\0".to_vec(), &["entry of a host's compile cache", "name the .wasm file"]),
        ("libhandler.a", b"!<arch>\nx".to_vec(), &["static library", "crate-type \"cdylib\""]),
        ("handler.wasm.gz", b"\x1f\x8b\x08\0".to_vec(), &["compressed (gzip)", "unpack it"]),
        ("head.wasm", sound[..6].to_vec(), &["ends within its first 8 bytes", "build it again"]),
        ("half.wasm", sound[..sound.len() / 2].to_vec(), &["it is cut off after", "build it again"]),
        (
            "draft.wasm",
            b"\0asm\x0c\0\x01\0".to_vec(),
            &["draft that is no longer in use", "toolchain of 2024 or newer"],
        ),
    ]);
    plugin(Path::new("/"), &["check", "nowhere.wasm"]).says(1, &["cannot be read", "check the path"]);
}

#[test]
fn another_version_of_the_contract_is_told_with_which_side_to_change() {
    let component =
        |version: &str| wat_bytes(&format!("(component (import \"mpy6a:handler/types@{version}\" (instance)))"));
    let core = |version: &str| {
        module(&format!("(import \"mpy6a:handler/log@{version}\" \"write\" (func (param i32 i32 i32)))"))
    };
    let newer: &[&str] =
        &["this host speaks mpy6a:handler@1", "update the host, or build it with an SDK of this host's version"];
    let older: &[&str] = &["this host speaks mpy6a:handler@1", "build it again with an SDK of this host's version"];
    refused(&[
        ("two.wasm", component("2.0.0"), newer),
        ("core-two.wasm", core("2.0.0"), newer),
        ("draft.wasm", component("0.9.0"), older),
        ("core-draft.wasm", core("0.9.0"), older),
    ]);
}

#[test]
fn what_a_newer_minor_version_added_is_told_to_need_a_newer_host() {
    let text =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/guests/component-imports-filesystem.wat"));
    let text = text.unwrap().replacen(
        "(component\n",
        "(component (import \"mpy6a:handler/log@1.9.0\" (instance (export \"shout\" (func))))\n",
        1,
    );
    let core = module("(import \"mpy6a:handler/log@1.9.0\" \"shout\" (func))");
    let says: &[&str] =
        &["mpy6a:handler/log@1.9.0", "update the host to that version or a later one, or build it with an SDK"];
    refused(&[("component.wasm", wat_bytes(&text), says), ("core.wasm", core, says)]);
}

#[test]
fn a_missing_export_is_told_with_what_the_author_did_instead() {
    let plain = |exports: &str| wat_bytes(&format!("(module (memory (export \"memory\") 1) {exports})"));
    let nested = "(component
        (core module $m (func (export \"f\")))
        (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i \"f\")))
        (instance $x (export \"handle\" (func $f)))
        (export \"mpy6a:handler/x@1.0.0\" (instance $x)))";
    let world: &str = "build it for the world `mpy6a:handler/handler`";
    refused(&[
        (
            "other.wasm",
            plain("(func (export \"run\"))"),
            &["does not export `handle`", world, "what it exports: `memory`, `run`"],
        ),
        ("nothing.wasm", plain(""), &["the linker kept no function", "mpy6a_handler::export!(handle)"]),
        (
            "program.wasm",
            plain("(func (export \"_start\"))"),
            &["program with a `main`", "-mexec-model=reactor", "-buildmode=c-shared"],
        ),
        (
            "nested.wasm",
            plain("(func (export \"mpy6a:handler/x#handle\"))"),
            &["exports the function itself, in no interface"],
        ),
        (
            "component.wasm",
            wat_bytes(nested),
            &["exports the function itself, in no interface", "`mpy6a:handler/x@1.0.0`"],
        ),
        ("answer.wasm", fs::read(wat("component-without-handle")).unwrap(), &[world, "`answer`"]),
    ]);
}

#[test]
fn an_async_handle_is_told_to_be_written_as_an_ordinary_function() {
    let core = "(module (memory (export \"memory\") 1)
        (func (export \"[async-lift]handle\") (param i32) (result i32) (i32.const 0))
        (func (export \"[callback][async-lift]handle\") (param i32 i32 i32) (result i32) (i32.const 0)))";
    let component = "(component
        (core module $m (func (export \"f\")) (func (export \"cb\") (param i32 i32 i32) (result i32) unreachable))
        (core instance $i (instantiate $m))
        (func (export \"handle\") async (canon lift (core func $i \"f\"))))";
    let says: &[&str] =
        &["exports `handle` as an async function", "write it as an ordinary function", "without `async`"];
    refused(&[("core.wasm", wat_bytes(core), says), ("component.wasm", wat_bytes(component), says)]);
}

#[test]
fn an_import_that_no_host_has_is_told_with_what_brought_it_in() {
    let component = |import: &str| wat_bytes(&format!("(component (import \"{import}\" (instance)))"));
    let core = |from: &str, name: &str| module(&format!("(import \"{from}\" \"{name}\" (func))"));
    refused(&[
        (
            "sockets.wasm",
            component("wasi:sockets/tcp@0.2.0"),
            &["wasi:sockets/tcp@0.2.0", "there are no sockets; use mpy6a:handler/http"],
        ),
        ("core-sockets.wasm", core("wasi:sockets/tcp@0.2.0", "x"), &["there are no sockets; use mpy6a:handler/http"]),
        ("server.wasm", component("wasi:http/incoming-handler@0.2.0"), &["sends requests and receives none"]),
        ("wasi3.wasm", component("wasi:clocks/monotonic-clock@0.3.0"), &["build it for WASI 0.2"]),
        ("own.wasm", component("acme:db/store@1.0.0"), &["acme:db/store@1.0.0", "the host has nothing of this name"]),
        (
            "emscripten.wasm",
            core("env", "emscripten_notify_memory_growth"),
            &["env.emscripten_notify_memory_growth", "Emscripten", "-mexec-model=reactor"],
        ),
        ("undefined.wasm", core("env", "sha1_init"), &["env.sha1_init", "the linker left a function undefined"]),
        (
            "bindgen.wasm",
            core("__wbindgen_placeholder__", "__wbindgen_describe"),
            &["built with wasm-bindgen, for a browser", "leave out wasm-bindgen"],
        ),
        (
            "gojs.wasm",
            core("gojs", "runtime.wasmExit"),
            &["GOOS=js", "GOOS=wasip1 GOARCH=wasm and -buildmode=c-shared"],
        ),
        ("unstable.wasm", core("wasi_unstable", "fd_write"), &["as it was before preview 1", "wasm32-wasip1"]),
        ("spawn.wasm", core("wasi", "thread-spawn"), &["it starts threads", "without -pthread"]),
    ]);
}

#[test]
fn a_module_for_another_target_is_told_what_to_switch_off() {
    let wide =
        "(module (memory (export \"memory\") i64 1) (func (export \"handle\") (param i32) (result i32) (i32.const 0)))";
    let shared = "(module (memory (export \"memory\") 1 1 shared) (func (export \"handle\") (param i32) (result i32) (i32.const 0)))";
    let object = [wat_bytes("(module)").as_slice(), b"\x00\x09\x07linking\x02"].concat();
    refused(&[
        ("wide.wasm", wat_bytes(wide), &["64-bit addresses", "build it for wasm32"]),
        ("shared.wasm", wat_bytes(shared), &["shared among threads", "without -pthread"]),
        ("object.o", object, &["object file", "name what the linker makes"]),
        ("gc.wasm", module("(type (struct (field i32)))"), &["garbage collector", "Kotlin, Dart and Java"]),
        (
            "throws.wasm",
            module("(tag (param i32))"),
            &["it uses exceptions, which this host has switched off", "-fno-exceptions"],
        ),
        (
            "atomic.wasm",
            module("(func (drop (i32.atomic.load (i32.const 0))))"),
            &["it uses threads", "without -pthread"],
        ),
        (
            "types.wasm",
            wat_bytes("(module (memory (export \"memory\") 1) (func (export \"handle\") (param f64)))"),
            &["handle", "build it again"],
        ),
    ]);
}
