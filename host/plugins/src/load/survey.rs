//! What there is to know about a core module before a component is made of it.

use memchr::memmem;
use wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW1;
use wasmparser::{
    CompositeInnerType, DataKind, Encoding, ExternalKind, GlobalSectionReader, GlobalType, MemoryType, Operator,
    Parser, Payload, RecGroup, TypeRef, ValType,
};

use super::LoadError;

/// Where bindings generators put the component type.
const COMPONENT_TYPE: &str = "component-type";

/// Where compilers put what the linker needs; a linked module has none.
const RELOCATIONS: &str = "linking";

/// Where Go's linker puts the identity of what it built, unless it is told not to. TinyGo has none.
const GO_BUILD: &str = "go:buildid";

/// The global variables of every module of Go's linker, which are the registers of its machine: SP, CTXT, g, RET0 to RET3, PAUSE.
const GO_REGISTERS: [ValType; 8] = {
    use ValType::{I32, I64};
    [I32, I64, I64, I64, I64, I64, I64, I32]
};

/// The name of a function of Go's runtime, in the table that the runtime itself reads; no flag leaves that out, and an optimizer
/// does not know of it. TinyGo has no such table.
const GO_RUNTIME: &[u8] = b"\0runtime.mallocgc\0";

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
    /// The functions among its exports: their names, and their numbers in the module.
    pub(super) functions: Vec<(String, u32)>,
    /// The function that runs when it is instantiated, before anything of the host can be called.
    pub(super) start: Option<u32>,
    /// Whether Go's own linker made it.
    pub(super) is_go: bool,
    /// Whether it has a memory of its own that others may use: adapters and what connects modules have none.
    pub(super) has_memory: bool,
    /// Where the data that is put into its memory at the start ends, in bytes.
    pub(super) data_end: u64,
    owns_memory: bool,
    imported_functions: u32,
    /// Of each type, whether it is a function that takes and gives nothing.
    plain_types: Vec<bool>,
    /// The type of each function, imported ones first.
    types: Vec<u32>,
}

impl Module {
    /// How many functions it imports: their numbers come first.
    pub(super) fn imported_functions(&self) -> u32 {
        self.imported_functions
    }

    /// Whether a function takes and gives nothing.
    pub(super) fn is_plain(&self, function: u32) -> bool {
        let of = self.types.get(function as usize).and_then(|of| self.plain_types.get(*of as usize));
        of.copied().unwrap_or(false)
    }
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
            module.is_go |= section.name() == GO_BUILD;
        }
        Payload::TypeSection(groups) => {
            for group in groups {
                module.plain_types.extend(plain(&group?));
            }
        }
        Payload::ImportSection(imports) => {
            for import in imports.into_imports() {
                let import = import?;
                module.is_preview1 |= import.module == PREVIEW1;
                match import.ty {
                    TypeRef::Memory(memory) => module.memories.push(memory),
                    TypeRef::Func(of) | TypeRef::FuncExact(of) => {
                        module.imported_functions += 1;
                        module.types.push(of);
                    }
                    _ => {}
                }
                module.imports.push((import.module.to_owned(), import.name.to_owned()));
            }
        }
        Payload::MemorySection(memories) => {
            for memory in memories {
                module.memories.push(memory?);
                module.owns_memory = true;
            }
        }
        Payload::GlobalSection(globals) => module.is_go |= has_registers(globals)?,
        Payload::FunctionSection(functions) => {
            for of in functions {
                module.types.push(of?);
            }
        }
        Payload::ExportSection(exports) => {
            for export in exports {
                let export = export?;
                module.has_memory |= module.owns_memory && export.kind == ExternalKind::Memory;
                module.exports.push(export.name.to_owned());
                if matches!(export.kind, ExternalKind::Func | ExternalKind::FuncExact) {
                    module.functions.push((export.name.to_owned(), export.index));
                }
            }
        }
        Payload::StartSection { func, .. } => module.start = Some(func),
        Payload::DataSection(segments) => {
            for segment in segments {
                let segment = segment?;
                module.is_go |= memmem::find(segment.data, GO_RUNTIME).is_some();
                if let DataKind::Active { offset_expr, .. } = segment.kind
                    && let Operator::I32Const { value } = offset_expr.get_operators_reader().read()?
                {
                    let end = u64::from(value.cast_unsigned()) + segment.data.len() as u64;
                    module.data_end = module.data_end.max(end);
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// Whether global variables are those of Go's linker, whatever else was stripped from the module.
fn has_registers(globals: GlobalSectionReader<'_>) -> wasmparser::Result<bool> {
    if globals.count() as usize != GO_REGISTERS.len() {
        return Ok(false);
    }
    for (global, register) in globals.into_iter().zip(GO_REGISTERS) {
        let GlobalType { content_type, mutable, .. } = global?.ty;
        if content_type != register || !mutable {
            return Ok(false);
        }
    }
    Ok(true)
}

fn plain(group: &RecGroup) -> impl Iterator<Item = bool> {
    group.types().map(|of| match &of.composite_type.inner {
        CompositeInnerType::Func(function) => function.params().is_empty() && function.results().is_empty(),
        _ => false,
    })
}
