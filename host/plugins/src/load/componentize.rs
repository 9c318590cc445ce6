//! A core module becomes a component, so that any language that compiles to Wasm will do.
//!
//! A module may carry its component type in a custom section, as bindings generators write it, or none, as plain compilers do;
//! then it is taken at its imports and exports, for the world of this host. Modules of WASI preview 1 get the adapter.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, WorldId};

use super::{LoadError, check, format, handle, nested, proposals, room, start, survey::survey, target};

/// The contract, as the host was built with it; what `handler.wit` needs comes first.
const WIT: [(&str, &str); 2] = [
    ("store.wit", include_str!("../../../../wit/deps/wasi-config/store.wit")),
    ("handler.wit", include_str!("../../../../wit/handler.wit")),
];

/// The file as a component: itself, whose core modules are looked over likewise, or made of a core module.
pub(super) fn component(mut file: Vec<u8>) -> Result<Vec<u8>, LoadError> {
    format::check(&file)?;
    let Some(module) = survey(&file)? else {
        nested::check(&file)?;
        return Ok(file);
    };
    target::check_module(&module)?;
    handle::check_module(&module)?;
    start::check_module(&file, &module, &|_| false)?;
    room::check_module(&file, &module)?;
    if !module.has_type {
        embed(&mut file)?;
    }
    encode(&file, module.is_preview1).map_err(|error| {
        let imports = module.imports.iter().map(|(from, _)| from.as_str());
        check::newer(imports).or_else(|| proposals::refused(&file)).unwrap_or(error)
    })
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
    // Why it is not of the world is the last of many reasons that lead there.
    encoder.module(module).map_err(|error| LoadError::contract(error.root_cause()))?.validate(true);
    if is_preview1 {
        encoder
            .adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)
            .map_err(LoadError::host)?
            // Otherwise the adapter allocates through the module's own allocator, before Go's runtime is up.
            .realloc_via_memory_grow(true);
    }
    encoder.encode().map_err(|error| LoadError::contract(error.root_cause()))
}
