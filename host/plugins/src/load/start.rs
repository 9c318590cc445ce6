//! Core modules whose start would not happen, or not as their language means it: they load, run, and compute with global variables
//! that no constructor has filled.
//!
//! A component calls one function of a core module before all others, `_initialize`, once its imports are connected. It never calls
//! `_start`, which is a program's, nor a name that a toolchain was told to use instead. A module's own start function runs earlier,
//! when no import that passes memory can be called yet.

use std::collections::BTreeMap;

use wasmparser::{ElementItems, Operator, Parser, Payload};

use super::{LoadError, program, survey::Module};

/// What is called first: the old and the new way to write it.
const INITIALIZE: [&str; 2] = ["_initialize", "cm32p2_initialize"];

/// What a program begins with.
pub(super) const START: &str = "_start";

/// What clang's linker puts all constructors of global variables into.
pub(super) const CONSTRUCTORS: &str = "__wasm_call_ctors";

/// Names that authors give to what has to run first. A function that takes and gives nothing, that a module exports and does not
/// call itself, is never called by anybody.
const LIKE_START: [&str; 8] = ["start", "__start", "init", "_init", "__init", "initialize", "main", "_main"];

/// How many instructions it takes to tell that a function runs once.
const ONCE_OPERATORS: usize = 6;

const AS_LIBRARY: &str = "link it as a library, which exports `_initialize`: with C and C++ by -mexec-model=reactor, with \
                          AssemblyScript by --exportStart _initialize, with Go by `mpy6a plugin build` (-buildmode=c-shared), with Rust \
                          by crate-type \"cdylib\"";
const CALL_THEM: &str =
    "link it with -mexec-model=reactor, or call it from a function that is exported as `_initialize`";
const RENAME: &str = "export it as `_initialize` (AssemblyScript: --exportStart _initialize), or not at all";

/// What trapped while a plugin was instantiated: a table that connects the imports has nothing in it yet.
const NOT_CONNECTED: &str = "wasm trap: uninitialized element";

/// Check that what has to run first will run, where others may call those exports that are `called`.
pub(super) fn check_module(file: &[u8], module: &Module, called: &dyn Fn(&str) -> bool) -> Result<(), LoadError> {
    let exports = |name: &str| module.exports.iter().any(|export| export == name);
    let has_initialize = INITIALIZE.iter().any(|name| exports(name));
    if exports(START) && !has_initialize && !called(START) {
        return Err(never(START, AS_LIBRARY));
    }
    if let Some(run) = program::idle_run(file, module)?.filter(|_| !has_initialize) {
        return Err(never(run, AS_LIBRARY));
    }
    let of_initialize = module.functions.iter().filter(|(name, _)| INITIALIZE.contains(&name.as_str()));
    let initializes: Vec<u32> = of_initialize.map(|(_, function)| *function).collect();
    let mut idle = BTreeMap::new();
    for (name, function) in &module.functions {
        let (is_start, remedy) = match name.as_str() {
            name if called(name) => continue,
            CONSTRUCTORS => (true, CALL_THEM),
            name if !has_initialize && module.is_plain(*function) => (LIKE_START.contains(&name), RENAME),
            _ => continue,
        };
        if module.start != Some(*function) && !initializes.contains(function) {
            idle.entry(*function).or_insert(Suspect { name, is_start, remedy });
        }
    }
    keep_starts(file, module, &mut idle)?;
    if !idle.is_empty() {
        // However many there are, every instruction is read once.
        called_in(file, module, None, |function| {
            idle.remove(&function);
        })?;
    }
    idle.values().next().map_or(Ok(()), |suspect| Err(never(suspect.name, suspect.remedy)))
}

/// An exported function that may be what has to run first.
struct Suspect<'m> {
    name: &'m str,
    /// Whether its name says so.
    is_start: bool,
    remedy: &'static str,
}

fn never(export: &str, remedy: &'static str) -> LoadError {
    LoadError::NeverStarted { export: export.to_owned(), remedy }
}

/// Keep those that do something, and that look like a start function where their name does not say so: one sees to it that it runs
/// once, as AssemblyScript's does under whatever name.
fn keep_starts(file: &[u8], module: &Module, idle: &mut BTreeMap<u32, Suspect<'_>>) -> Result<(), LoadError> {
    // Imported functions have numbers, too, and no bodies.
    let mut number = module.imported_functions();
    for payload in Parser::new(0).parse_all(file) {
        if let Payload::CodeSectionEntry(body) = payload.map_err(LoadError::invalid)? {
            if let Some(suspect) = idle.get(&number) {
                let operators = body.get_operators_reader().map_err(LoadError::invalid)?.into_iter();
                let begin: Vec<Operator<'_>> = operators.map_while(Result::ok).take(ONCE_OPERATORS).collect();
                let does_nothing = matches!(begin[..], [Operator::End]);
                if does_nothing || !suspect.is_start && !runs_once(&begin) {
                    idle.remove(&number);
                }
            }
            number += 1;
        }
    }
    // What is left without a body is an import that is exported again.
    idle.retain(|function, _| *function >= module.imported_functions());
    Ok(())
}

/// Tell each function that the module calls or passes on, in whatever but one function of it.
pub(super) fn called_in(
    file: &[u8],
    module: &Module,
    except: Option<u32>,
    mut tell: impl FnMut(u32),
) -> Result<(), LoadError> {
    let mut number = module.imported_functions();
    for payload in Parser::new(0).parse_all(file) {
        match payload.map_err(LoadError::invalid)? {
            Payload::CodeSectionEntry(body) => {
                let operators = body.get_operators_reader().map_err(LoadError::invalid)?.into_iter();
                if except != Some(number) {
                    operators.map_while(Result::ok).filter_map(|operator| named(&operator)).for_each(&mut tell);
                }
                number += 1;
            }
            Payload::ElementSection(elements) => {
                for element in elements {
                    if let ElementItems::Functions(functions) = element.map_err(LoadError::invalid)?.items {
                        functions.into_iter().map_while(Result::ok).for_each(&mut tell);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether a function begins by returning if a variable is set, and setting it.
fn runs_once(begin: &[Operator<'_>]) -> bool {
    use Operator::{End, GlobalGet, GlobalSet, I32Const, If, Return};
    let [
        GlobalGet { global_index: asked },
        If { .. },
        Return,
        End,
        I32Const { value: 1 },
        GlobalSet { global_index: set },
    ] = begin
    else {
        return false;
    };
    asked == set
}

/// The function that an instruction calls or passes on.
fn named(operator: &Operator<'_>) -> Option<u32> {
    match operator {
        Operator::Call { function_index }
        | Operator::ReturnCall { function_index }
        | Operator::RefFunc { function_index } => Some(*function_index),
        _ => None,
    }
}

/// Whether a plugin trapped because a start function of it called the host.
pub(super) fn is_too_early(cause: &str) -> bool {
    cause.contains(NOT_CONNECTED)
}
