//! What there is to know about a core module before a component is made of it.

use wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW1;
use wasmparser::{Encoding, MemoryType, Parser, Payload, TypeRef};

use super::LoadError;

/// Where bindings generators put the component type.
const COMPONENT_TYPE: &str = "component-type";

/// Where compilers put what the linker needs; a linked module has none.
const RELOCATIONS: &str = "linking";

/// A core module.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// The names of its exports.
    pub(super) exports: Vec<String>,
    /// Module and field of what it imports.
    pub(super) imports: Vec<(String, String)>,
    /// Whether it carries its component type.
    pub(super) has_type: bool,
    /// Whether it is of WASI preview 1, and needs the adapter.
    pub(super) is_preview1: bool,
    /// Whether it is what a compiler hands to the linker.
    pub(super) is_object: bool,
    /// Its memories, imported ones too.
    pub(super) memories: Vec<MemoryType>,
}

/// The module; none if the file is a component.
pub(super) fn survey(file: &[u8]) -> Result<Option<Module>, LoadError> {
    let mut module = Module::default();
    for payload in Parser::new(0).parse_all(file) {
        let payload = payload.map_err(|error| LoadError::unparsed(file, &error))?;
        if let Payload::Version { encoding: Encoding::Component, .. } = payload {
            return Ok(None);
        }
        take(&mut module, payload).map_err(|error| LoadError::unparsed(file, &error))?;
    }
    Ok(Some(module))
}

fn take(module: &mut Module, payload: Payload<'_>) -> wasmparser::Result<()> {
    match payload {
        Payload::CustomSection(section) => {
            module.has_type |= section.name().starts_with(COMPONENT_TYPE);
            module.is_object |= section.name() == RELOCATIONS;
        }
        Payload::ImportSection(imports) => {
            for import in imports.into_imports() {
                let import = import?;
                module.is_preview1 |= import.module == PREVIEW1;
                if let TypeRef::Memory(memory) = import.ty {
                    module.memories.push(memory);
                }
                module.imports.push((import.module.to_owned(), import.name.to_owned()));
            }
        }
        Payload::MemorySection(memories) => {
            for memory in memories {
                module.memories.push(memory?);
            }
        }
        Payload::ExportSection(exports) => {
            for export in exports {
                module.exports.push(export?.name.to_owned());
            }
        }
        _ => {}
    }
    Ok(())
}
