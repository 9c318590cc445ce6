//! The handlers that tests serve.

use std::{
    fs,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

/// Where this test may leave files: `target/tmp`.
const TMP: &str = env!("CARGO_TARGET_TMPDIR");

/// Where the hand-written guests are.
const WATS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/guests");

/// A guest of the workspace, as `.ci/build-guests` left it.
pub fn built(name: &str) -> PathBuf {
    made_by(".ci/build-guests", name)
}

/// An example's handler in some language, as `make handlers` left it.
pub fn handler(example: &str, language: &str) -> PathBuf {
    made_by(&format!(".ci/build-handlers {language}"), &format!("{example}-{language}"))
}

fn made_by(command: &str, name: &str) -> PathBuf {
    let file = Path::new(TMP).parent().unwrap().join("guests").join(format!("{name}.wasm"));
    assert!(file.is_file(), "{} is missing: run {command}", file.display());
    file
}

/// A hand-written guest, `tests/guests/<name>.wat`, as a module.
pub fn wat(name: &str) -> PathBuf {
    let wasm = wat::parse_file(Path::new(WATS).join(format!("{name}.wat"))).unwrap();
    let file = Path::new(TMP).join(format!("{name}.wasm"));
    // Tests run at once, and none may see half a file of another.
    static ASIDE: AtomicU32 = AtomicU32::new(0);
    let aside = Path::new(TMP).join(format!("{name}.{}.{}", process::id(), ASIDE.fetch_add(1, Ordering::Relaxed)));
    fs::write(&aside, wasm).unwrap();
    fs::rename(&aside, &file).unwrap();
    file
}

/// A guest of the workspace that differs from it in its digest alone: with a custom section that holds this text.
pub fn tagged(name: &str, tag: &str) -> Vec<u8> {
    let mut wasm = fs::read(built(name)).unwrap();
    let section = [&[4], b"test".as_slice(), tag.as_bytes()].concat();
    wasm.extend([0, u8::try_from(section.len()).unwrap()]);
    assert!(section.len() < 128, "a length of one byte");
    wasm.extend(section);
    wasm
}

/// A handler that ends every run with `permanent` and this character as the reason.
///
/// It has no names and no data: cut off anywhere, it is no module, so that half of it can never be taken for a handler.
pub fn module(reason: char) -> Vec<u8> {
    let reason = u32::from(reason);
    let text = format!(
        "(module
          (memory (export \"memory\") 2)
          (global (mut i32) (i32.const 4096))
          (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (local i32)
            (local.set 4 (i32.and (i32.add (global.get 0) (i32.const 7)) (i32.const -8)))
            (global.set 0 (i32.add (local.get 4) (local.get 3)))
            (local.get 4))
          (func (export \"handle\") (param i32) (result i32)
            (i32.store8 (i32.const 2048) (i32.const 1))
            (i32.store8 (i32.const 2052) (i32.const 1))
            (i32.store (i32.const 2056) (i32.const 3000))
            (i32.store (i32.const 2060) (i32.const 1))
            (i32.store8 (i32.const 3000) (i32.const {reason}))
            (i32.const 2048)))"
    );
    wat::parse_str(text).unwrap()
}

/// A plugin file that a test replaces.
pub struct GuestFile(pub PathBuf);

impl GuestFile {
    /// Put another version there at one stroke.
    pub fn rename_over(&self, wasm: &[u8]) {
        let aside = self.0.with_extension("new");
        fs::write(&aside, wasm).unwrap();
        fs::rename(&aside, &self.0).unwrap();
    }

    /// Copy another version over it, as `cp` does.
    pub fn copy_over(&self, wasm: &[u8]) {
        fs::write(&self.0, wasm).unwrap();
    }
}
