//! Whether a plugin exports `handle`, as a plain function at the top; and where it does not, what its author did instead.

use wasmparser::{
    ComponentExternalKind, Validator, WasmFeatures,
    component_types::{ComponentEntityType, ComponentInstanceTypeId},
    types::TypesRef,
};

use super::{
    LoadError,
    names::{Export, Names},
    survey::Module,
};
use crate::shown;

/// The export.
const HANDLE: &str = "handle";

/// The names under which a core module may export it: the old and the new way to write them.
const CORE_HANDLE: [&str; 2] = [HANDLE, "cm32p2||handle"];

/// Likewise its memory.
const CORE_MEMORY: [&str; 2] = ["memory", "cm32p2_memory"];

/// How bindings generators begin the names of exports that are asynchronous.
const CORE_ASYNC: [&str; 2] = ["[async-lift]", "[async-lift-stackful]"];

const NO_OTHER: &str = "build it for the world `mpy6a:handler/handler`";
const NOT_NESTED: &str = "the world `mpy6a:handler/handler` exports the function itself, in no interface; build it for that \
                          world, and give it no interface of your own";
const NO_PROGRAM: &str = "it is a program with a `main`, and has to be a library: with Rust use crate-type \"cdylib\", with C \
                          -mexec-model=reactor, with Go -buildmode=c-shared; a component is built for the world \
                          `mpy6a:handler/handler`";
const NO_SERVER: &str = "it is an HTTP server, and a handler is called by the host; build it for the world \
                         `mpy6a:handler/handler`";
const KEPT: &str = "the linker kept no function: mark it as an export, with the SDK's own means (Rust: \
                    `mpy6a_handler::export!(handle)`), for the world `mpy6a:handler/handler`";

/// Check what a core module exports.
pub(super) fn check_module(module: &Module) -> Result<(), LoadError> {
    let exports = &module.exports;
    if exports.iter().any(|export| CORE_HANDLE.contains(&export.as_str())) {
        return match exports.iter().any(|export| CORE_MEMORY.contains(&export.as_str())) {
            true => Ok(()),
            false => Err(LoadError::NoMemory { exports: list(exports) }),
        };
    }
    if exports.iter().any(|export| CORE_ASYNC.iter().any(|prefix| export.strip_prefix(prefix) == Some(HANDLE))) {
        return Err(LoadError::Async);
    }
    let nested = |export: &&String| export.rsplit_once('#').is_some_and(|(_, function)| function == HANDLE);
    if let Some(export) = exports.iter().find(nested) {
        return Err(missing(std::slice::from_ref(export), NOT_NESTED));
    }
    let remedy = match exports.iter().any(|export| export == "_start") {
        true => NO_PROGRAM,
        false if exports.iter().all(|export| export == "memory") => KEPT,
        false => NO_OTHER,
    };
    Err(missing(exports, remedy))
}

/// Check what a component exports.
pub(super) fn check_component(component: &[u8], names: &Names) -> Result<(), LoadError> {
    if let Some(import) = &names.async_import {
        return Err(LoadError::AsyncImport { import: shown::name(import) });
    }
    if names.has_async {
        return Err(LoadError::Async);
    }
    if names.has_function(HANDLE) {
        return Ok(());
    }
    let exports: Vec<String> = names.exports.iter().map(|export| export.name.clone()).collect();
    let begins = |prefix: &str| exports.iter().any(|export| export.starts_with(prefix));
    let remedy = match nested_handle(component, &names.exports) {
        Some(_) => NOT_NESTED,
        None if begins("wasi:cli/run@") => NO_PROGRAM,
        None if begins("wasi:http/incoming-handler@") => NO_SERVER,
        None => NO_OTHER,
    };
    Err(missing(&exports, remedy))
}

fn missing(exports: &[String], remedy: &'static str) -> LoadError {
    LoadError::NoHandle { exports: list(exports), remedy }
}

/// The exported instance that has a function `handle`. Asked only of a component that is refused anyway, so it may take long.
fn nested_handle<'e>(component: &[u8], exports: &'e [Export]) -> Option<&'e Export> {
    let types = Validator::new_with_features(WasmFeatures::all()).validate_all(component).ok()?;
    let types = types.as_ref();
    exports.iter().find(|export| {
        export.kind == ComponentExternalKind::Instance && {
            let item = types.component_item_for_export(&export.name);
            matches!(item.map(|item| item.ty), Some(ComponentEntityType::Instance(id)) if has_handle(types, id))
        }
    })
}

fn has_handle(types: TypesRef<'_>, instance: ComponentInstanceTypeId) -> bool {
    types[instance].exports.contains_key(HANDLE)
}

/// Names for an error message, bounded.
fn list(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(10).map(|name| format!("`{}`", shown::name(name))).collect();
    match names.len() {
        0 => "nothing".to_owned(),
        1..=10 => shown.join(", "),
        more => format!("{}, and {} more", shown.join(", "), more - 10),
    }
}
