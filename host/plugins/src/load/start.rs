//! Core modules whose start would not happen, or not as their language means it: they load, run, and compute with global variables
//! that no constructor has filled.
//!
//! A component calls one function of a core module before all others, `_initialize`, once its imports are connected. It never calls
//! `_start`, which is a program's, nor a name that a toolchain was told to use instead. A module's own start function runs earlier,
//! when no import that passes memory can be called yet.

use wasmparser::{ElementItems, Operator, Parser, Payload};

use super::{LoadError, survey::Module};

/// What is called first: the old and the new way to write it.
const INITIALIZE: [&str; 2] = ["_initialize", "cm32p2_initialize"];

/// What a program begins with.
const START: &str = "_start";

/// What clang's linker puts all constructors of global variables into.
const CONSTRUCTORS: &str = "__wasm_call_ctors";

/// Names that authors give to what has to run first. A function that takes and gives nothing, that a module exports and does not
/// call itself, is never called by anybody.
const LIKE_START: [&str; 8] = ["start", "__start", "init", "_init", "__init", "initialize", "main", "_main"];

const AS_LIBRARY: &str = "link it as a library, which exports `_initialize`: with C and C++ by -mexec-model=reactor, with \
                          AssemblyScript by --exportStart _initialize, with Go by `mpy6a plugin build` (-buildmode=c-shared), with Rust \
                          by crate-type \"cdylib\"";
const CALL_THEM: &str =
    "link it with -mexec-model=reactor, or call it from a function that is exported as `_initialize`";
const RENAME: &str = "export it as `_initialize` (AssemblyScript: --exportStart _initialize), or not at all";

/// What trapped while a plugin was instantiated: a table that connects the imports has nothing in it yet.
const NOT_CONNECTED: &str = "wasm trap: uninitialized element";

/// Check that what has to run first will run.
pub(super) fn check_module(file: &[u8], module: &Module) -> Result<(), LoadError> {
    let exports = |name: &str| module.exports.iter().any(|export| export == name);
    let has_initialize = INITIALIZE.iter().any(|name| exports(name));
    if exports(START) && !has_initialize {
        return Err(never(START, AS_LIBRARY));
    }
    for (name, function) in &module.functions {
        let remedy = match name.as_str() {
            CONSTRUCTORS => CALL_THEM,
            name if !has_initialize && LIKE_START.contains(&name) && module.is_plain(*function) => RENAME,
            _ => continue,
        };
        if module.start != Some(*function) && !is_called(file, module, *function)? {
            return Err(never(name, remedy));
        }
    }
    Ok(())
}

fn never(export: &str, remedy: &'static str) -> LoadError {
    LoadError::NeverStarted { export: export.to_owned(), remedy }
}

/// Whether the module itself calls a function, passes it on, or whether it does nothing anyway.
fn is_called(file: &[u8], module: &Module, function: u32) -> Result<bool, LoadError> {
    // Imported functions have numbers, too, and no bodies.
    let mut number = module.imported_functions();
    for payload in Parser::new(0).parse_all(file) {
        match payload.map_err(LoadError::invalid)? {
            Payload::CodeSectionEntry(body) => {
                let mut operators = body.get_operators_reader().map_err(LoadError::invalid)?.into_iter();
                let is_it = number == function;
                number += 1;
                if is_it {
                    if matches!(operators.next(), Some(Ok(Operator::End))) {
                        return Ok(true);
                    }
                } else if operators.map_while(Result::ok).any(|operator| names(&operator, function)) {
                    return Ok(true);
                }
            }
            Payload::ElementSection(elements) => {
                for element in elements {
                    if let ElementItems::Functions(functions) = element.map_err(LoadError::invalid)?.items
                        && functions.into_iter().map_while(Result::ok).any(|other| other == function)
                    {
                        return Ok(true);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(false)
}

fn names(operator: &Operator<'_>, function: u32) -> bool {
    let (Operator::Call { function_index: named }
    | Operator::ReturnCall { function_index: named }
    | Operator::RefFunc { function_index: named }) = operator
    else {
        return false;
    };
    *named == function
}

/// Whether a plugin trapped because a start function of it called the host.
pub(super) fn is_too_early(cause: &str) -> bool {
    cause.contains(NOT_CONNECTED)
}
