//! A core module becomes a component, so that any language that compiles to Wasm will do.
//!
//! A module may carry its component type in a custom section, as bindings generators write it, or none, as plain compilers do;
//! then it is taken at its imports and exports, for the world of this host. Modules of WASI preview 1 get the adapter.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasmparser::{Encoding, Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, WorldId};

use super::LoadError;

/// The contract, as the host was built with it; what `handler.wit` needs comes first.
const WIT: [(&str, &str); 2] = [
    ("store.wit", include_str!("../../../../wit/deps/wasi-config/store.wit")),
    ("handler.wit", include_str!("../../../../wit/handler.wit")),
];

/// Where bindings generators put the component type.
const COMPONENT_TYPE: &str = "component-type";

/// The names under which a core module may export the function `handle`: the old and the new way to write them.
const HANDLE: [&str; 2] = ["handle", "cm32p2||handle"];

/// The file as a component: itself, or made of a core module.
pub(super) fn component(mut file: Vec<u8>) -> Result<Vec<u8>, LoadError> {
    let Some(module) = survey(&file)? else { return Ok(file) };
    if !module.exports.iter().any(|export| HANDLE.contains(&export.as_str())) {
        return Err(LoadError::NoHandle { exports: list(&module.exports) });
    }
    if !module.has_type {
        embed(&mut file)?;
    }
    encode(&file, module.is_preview1)
}

/// Names for an error message, bounded.
pub(super) fn list(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(10).map(|name| format!("`{}`", name.escape_default())).collect();
    match names.len() {
        0 => "nothing".to_owned(),
        1..=10 => shown.join(", "),
        more => format!("{}, and {} more", shown.join(", "), more - 10),
    }
}

struct Module {
    exports: Vec<String>,
    has_type: bool,
    is_preview1: bool,
}

/// What there is to know about a core module; none if the file is a component.
fn survey(file: &[u8]) -> Result<Option<Module>, LoadError> {
    let mut module = Module { exports: Vec::new(), has_type: false, is_preview1: false };
    for payload in Parser::new(0).parse_all(file) {
        match payload.map_err(LoadError::invalid)? {
            Payload::Version { encoding: Encoding::Component, .. } => return Ok(None),
            Payload::CustomSection(section) if section.name().starts_with(COMPONENT_TYPE) => module.has_type = true,
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import.map_err(LoadError::invalid)?;
                    module.is_preview1 |= import.module == WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    module.exports.push(export.map_err(LoadError::invalid)?.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(Some(module))
}

/// Say that the module is for this host's world.
fn embed(module: &mut Vec<u8>) -> Result<(), LoadError> {
    let (resolve, world) = world()?;
    embed_component_metadata(module, &resolve, world, StringEncoding::UTF8, false).map_err(LoadError::host)
}

fn world() -> Result<(Resolve, WorldId), LoadError> {
    let mut resolve = Resolve::default();
    let mut packages = Vec::new();
    for (name, text) in WIT {
        packages.push(resolve.push_source(name, text).map_err(LoadError::host)?);
    }
    let handler = packages.split_off(packages.len() - 1);
    let world = resolve.select_world(&handler, Some("handler")).map_err(LoadError::host)?;
    Ok((resolve, world))
}

fn encode(module: &[u8], is_preview1: bool) -> Result<Vec<u8>, LoadError> {
    let mut encoder = ComponentEncoder::default();
    encoder.module(module).map_err(LoadError::invalid)?.validate(true);
    if is_preview1 {
        encoder
            .adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)
            .map_err(LoadError::host)?
            // Otherwise the adapter allocates through the module's own allocator, before Go's runtime is up.
            .realloc_via_memory_grow(true);
    }
    encoder.encode().map_err(LoadError::invalid)
}
