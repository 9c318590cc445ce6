//! Files that are no Wasm at all, told apart by how they begin, so that the message can say what was named by mistake.

use super::{LoadError, cache};

/// How every Wasm file begins.
const WASM: &[u8] = b"\0asm";
/// Then comes the version: of a module, and of a component.
const MODULE: [u8; 4] = [1, 0, 0, 0];
const COMPONENT: [u8; 4] = [13, 0, 1, 0];
/// What the last two bytes of a component's version are, also of older drafts.
const COMPONENT_LAYER: [u8; 2] = [1, 0];
const HEAD_BYTES: usize = 8;

/// Where an ELF file says for which system it is, and how wasmtime marks its own.
const ELF_SYSTEM_AT: usize = 7;
const ELF_OF_WASMTIME: u8 = 200;

/// How much of a file is looked at to see whether it is text, in bytes.
const TEXT_LOOK_BYTES: usize = 4096;

const AGAIN: &str = "build it again, and look at what the build prints";
const NAME_THE_WASM: &str = "build it with `mpy6a plugin build`, and name the .wasm file that this writes";
const FOR_WASM: &str = "build it for a Wasm target, for example wasm32-unknown-unknown";
const UNPACK: &str = "unpack it, and name the .wasm file inside";
const NOT_COMPILED: &str = "name the .wasm file that it was compiled from: hosts compile plugins themselves";

/// How files begin that are named in place of a plugin.
const OTHERS: [(&[u8], &str, &str); 12] = [
    (&cache::MAGIC, "it is an entry of a host's compile cache", NOT_COMPILED),
    (b"\x7fELF", "it is a program or library for this machine (ELF)", FOR_WASM),
    (b"\xcf\xfa\xed\xfe", "it is a program or library for macOS (Mach-O)", FOR_WASM),
    (b"MZ", "it is a program or library for Windows (PE)", FOR_WASM),
    (
        b"!<arch>\n",
        "it is a static library, which no linker has seen",
        "name what the linker makes; with Rust use crate-type \"cdylib\"",
    ),
    (
        b"BC\xc0\xde",
        "it is LLVM bitcode, which no linker has seen",
        "name what the linker makes; with clang leave out -emit-llvm",
    ),
    (b"\x1f\x8b", "it is compressed (gzip)", UNPACK),
    (b"\x28\xb5\x2f\xfd", "it is compressed (zstd)", UNPACK),
    (b"PK\x03\x04", "it is an archive (zip)", UNPACK),
    (b"(module", TEXT_FORM, TEXT_REMEDY),
    (b"(component", TEXT_FORM, TEXT_REMEDY),
    (b";;", TEXT_FORM, TEXT_REMEDY),
];
const TEXT_FORM: &str = "it is Wasm in its text form (.wat)";
const TEXT_REMEDY: &str = "make a binary of it: `wasm-tools parse FILE.wat -o FILE.wasm`";

/// Whether the file begins as a module or a component of today does.
pub(super) fn check(file: &[u8]) -> Result<(), LoadError> {
    if !file.starts_with(WASM) {
        return Err(not_wasm(file));
    }
    let Some(version) = file.get(WASM.len()..HEAD_BYTES) else {
        return refuse("it ends within its first 8 bytes", AGAIN);
    };
    if version == MODULE || version == COMPONENT {
        return Ok(());
    }
    if version.ends_with(&COMPONENT_LAYER) {
        return refuse(
            "it is a component of a draft that is no longer in use",
            "build it again, with a toolchain of 2024 or newer",
        );
    }
    refuse("its version is not that of Wasm", AGAIN)
}

fn not_wasm(file: &[u8]) -> LoadError {
    let of = |what, remedy| LoadError::Format { what, remedy };
    if file.is_empty() {
        return of("it is empty", AGAIN);
    }
    if file.starts_with(b"\x7fELF") && file.get(ELF_SYSTEM_AT) == Some(&ELF_OF_WASMTIME) {
        return of("it is code that wasmtime compiled (.cwasm)", NOT_COMPILED);
    }
    let text = file.trim_ascii_start();
    if let Some((_, what, remedy)) = OTHERS.iter().find(|(head, ..)| file.starts_with(head) || text.starts_with(head)) {
        return of(what, remedy);
    }
    let looked_at = &file[..file.len().min(TEXT_LOOK_BYTES)];
    match looked_at.utf8_chunks().all(|chunk| chunk.invalid().is_empty() && !chunk.valid().contains('\0')) {
        true => of("it is text, a source or a script perhaps", NAME_THE_WASM),
        false => of("it does not begin as Wasm does", AGAIN),
    }
}

fn refuse(what: &'static str, remedy: &'static str) -> Result<(), LoadError> {
    Err(LoadError::Format { what, remedy })
}
