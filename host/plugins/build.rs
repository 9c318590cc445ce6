//! Says which version of wasmtime is linked, as the lock file has it: sets `MPY6A_WASMTIME` for the compiler.

use std::{error::Error, fs};

const LOCK: &str = "../../Cargo.lock";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={LOCK}");
    println!("cargo::rerun-if-changed=build.rs");
    let lock = fs::read_to_string(LOCK)?;
    let mut lines = lock.lines().skip_while(|line| *line != "name = \"wasmtime\"").skip(1);
    let version = lines.next().and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    println!("cargo::rustc-env=MPY6A_WASMTIME={}", version.ok_or("Cargo.lock names no wasmtime: run `cargo check`")?);
    Ok(())
}
