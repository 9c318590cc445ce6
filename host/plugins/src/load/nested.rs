//! Core modules inside a component, which others made of them: each that has a memory of its own is looked over as one that this host
//! makes a component of. Adapters, and what only connects modules, have none.
//!
//! What calls a module's exports from outside is not followed. An export counts as called where a name like its own is taken out of
//! any instance or imported by any module, so that a start function that is called in a roundabout way is let through.

use std::collections::HashSet;

use wasmparser::{ComponentAlias, Parser, Payload};

use super::{
    LoadError, program, room,
    start::{self, START},
    survey::{Module, survey},
};

/// A core module of a component.
struct Nested<'f> {
    file: &'f [u8],
    module: Module,
}

/// Check that what has to run first in each of them will run, and that its heap keeps off an adapter's pages.
pub(super) fn check(component: &[u8]) -> Result<(), LoadError> {
    // What cannot be read is refused by the steps that follow, in their words.
    let Ok((modules, taken)) = parts(component) else { return Ok(()) };
    let called = called(&modules, taken);
    for Nested { file, module } in modules.iter().filter(|nested| nested.module.has_memory) {
        start::check_module(file, module, &|name| called.contains(name))?;
        room::check_module(file, module)?;
    }
    Ok(())
}

/// The names of exports that somebody outside of their module may call.
fn called<'n>(modules: &'n [Nested<'_>], taken: HashSet<&'n str>) -> HashSet<&'n str> {
    let fields = |nested: &'n Nested<'_>| nested.module.imports.iter().map(|(_, field)| field.as_str());
    let mut users = modules.iter().filter(|nested| fields(nested).any(|field| field == START)).peekable();
    // An adapter takes a program's start for `wasi:cli/run`, which no host of handlers calls.
    let is_programs = users.peek().is_some() && users.all(is_program_adapter);
    let mut called = taken;
    called.extend(modules.iter().flat_map(fields));
    if is_programs {
        called.remove(START);
    }
    called
}

/// Whether a module only makes a program's start the export of a component.
fn is_program_adapter(nested: &Nested<'_>) -> bool {
    !nested.module.has_memory && nested.module.exports.iter().any(|export| program::is_run(export))
}

/// The core modules of a component and of those within it, and the names of what is taken out of their instances.
fn parts(component: &[u8]) -> Result<(Vec<Nested<'_>>, HashSet<&str>), LoadError> {
    let (mut modules, mut taken) = (Vec::new(), HashSet::new());
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(LoadError::invalid)? {
            Payload::ModuleSection { unchecked_range: range, .. } => {
                let bounds = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
                let file = bounds.and_then(|(start, end)| component.get(start..end)).unwrap_or_default();
                modules.extend(survey(file)?.map(|module| Nested { file, module }));
            }
            Payload::ComponentAliasSection(aliases) => {
                for alias in aliases {
                    if let ComponentAlias::CoreInstanceExport { name, .. } = alias.map_err(LoadError::invalid)? {
                        taken.insert(name);
                    }
                }
            }
            _ => {}
        }
    }
    Ok((modules, taken))
}
