//! Plugin files, up to what would be compiled: format, weight, target, names, `handle`, and the component that is made of a
//! core module. What the compiler makes of it is wasmtime's, which has fuzzers of its own.
//!
//! Input: the bytes of a plugin file.
//!
//! * A refusal is short and has a remedy, whatever names stand in the file.
//! * The component that is made of a module is one, with the same imports, and in need of nothing more.
//! * Memory stays within a multiple of the file's size: names that stand once in the file are not copied without end.

use mpy6a_plugins::inspect::{Form, Inspection, inspect_bytes};

use super::{file, project};
use crate::{Parsed, Target, memory::Bound, words};

/// The target.
pub const TARGET: Target = Target {
    name: "plugin",
    input_bytes_max: 64 << 10,
    run,
    seeds,
    words: &[
        "\0asm\x01\0\0\0",
        "\0asm\x0d\0\x01\0",
        "handle",
        "memory",
        "_initialize",
        "_start",
        "cabi_realloc",
        "component-type",
        "linking",
        "name",
        "mpy6a:handler/http@1.0.0",
        "mpy6a:handler/types@1.0.0",
        "mpy6a:handler/log@1.1.0",
        "wasi_snapshot_preview1",
        "wasi:http/types@0.2.0",
        "wasi:sockets/tcp@0.2.0",
        "wasi:config/store@0.2.0",
        "env",
        "[method]session.append",
    ],
};

/// The adapter and the contract, parsed; and what validation keeps of each byte.
const MEMORY: Bound = Bound { factor: 256, base: 16 << 20 };

fn run(bytes: &[u8]) -> Parsed {
    let inspected = MEMORY.hold(bytes.len(), || inspect_bytes(bytes.to_vec()));
    match &inspected {
        Ok(inspection) => {
            check(inspection, bytes.len());
            if inspection.form == Form::Module {
                let again = inspect_bytes(inspection.component.clone()).expect("what was made is a component");
                assert_eq!((again.form, &again.component), (Form::Component, &inspection.component));
                assert_eq!(again.imports, inspection.imports);
            }
        }
        Err(error) => words::check(&error.to_string()),
    }
    Parsed::of(&inspected)
}

fn check(inspection: &Inspection, bytes: usize) {
    assert_eq!(inspection.bytes, bytes as u64);
    assert!(inspection.debug_bytes + inspection.name_bytes <= inspection.component.len() as u64);
    let refused = inspection.imports.iter().filter(|import| import.need.is_none()).count();
    assert!(inspection.problems.len() >= refused, "an import that nobody is granted is no problem");
    inspection.problems.iter().for_each(|problem| words::check(&problem.to_string()));
    inspection.imports.iter().for_each(|import| words::check_plain(&import.name));
}

/// The hostile guests of other tests, those that can be made components, and as components too; and a real handler.
fn seeds() -> Vec<Vec<u8>> {
    let mut paths: Vec<_> =
        project("tests/guests").read_dir().expect("there are guests").map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "wat"));
    paths.sort();
    let mut seeds: Vec<_> = paths.iter().map(|path| wat::parse_file(path).expect("a guest parses")).collect();
    seeds.push(file("tests/fuzz/seeds/reminder-c.wasm"));
    seeds.retain(|seed| inspect_bytes(seed.clone()).is_ok());
    let components: Vec<_> =
        seeds.iter().filter_map(|seed| Some(inspect_bytes(seed.clone()).ok()?.component)).collect();
    seeds.extend(components);
    seeds.dedup();
    seeds
}
