//! The outermost names of a component: what it imports, what it exports.

use wasmparser::{
    CanonicalFunction, CanonicalOption, Chunk, ComponentAlias, ComponentExternalKind, ComponentOuterAliasKind,
    ComponentType, ComponentTypeRef, InstanceTypeDeclaration, Parser, Payload, TypeBounds,
};

use super::LoadError;

/// The names, in the order of the file.
#[derive(Default)]
pub(super) struct Names {
    pub(super) imports: Vec<String>,
    pub(super) exports: Vec<Export>,
    /// Whether it exports anything in the component model's asynchronous way, which the contract does not have.
    pub(super) has_async: bool,
    /// What it imports in that way.
    pub(super) async_import: Option<String>,
    /// Of each type, whether it is an asynchronous function, or an instance that has one.
    async_types: Vec<bool>,
    /// What each function is called where it comes from; lifted ones have no name yet.
    functions: Vec<String>,
}

/// An export.
pub(super) struct Export {
    pub(super) name: String,
    pub(super) kind: ComponentExternalKind,
}

impl Names {
    /// Note what an import brings in.
    fn import(&mut self, name: &str, of: &ComponentTypeRef) {
        match of {
            ComponentTypeRef::Func(number) | ComponentTypeRef::Instance(number) if self.is_async(*number) => {
                self.async_import.get_or_insert_with(|| name.to_owned());
            }
            _ => {}
        }
        self.define(of.kind(), name);
    }

    /// Count what has a number.
    fn define(&mut self, kind: ComponentExternalKind, name: &str) {
        match kind {
            ComponentExternalKind::Func => self.functions.push(name.to_owned()),
            ComponentExternalKind::Type => self.async_types.push(false),
            _ => {}
        }
    }

    fn is_async(&self, number: u32) -> bool {
        self.async_types.get(number as usize).copied().unwrap_or(false)
    }

    /// Whether there is a function of this name, at the top.
    pub(super) fn has_function(&self, name: &str) -> bool {
        self.exports.iter().any(|export| export.kind == ComponentExternalKind::Func && export.name == name)
    }
}

/// The outermost names of a component; what is nested in it is skipped.
pub(super) fn names(component: &[u8]) -> Result<Names, LoadError> {
    let mut names = Names::default();
    let mut parser = Parser::new(0);
    let mut at = 0;
    loop {
        let cut = || LoadError::Invalid("it ends in the middle of what is nested in it".to_owned());
        let rest = component.get(at..).ok_or_else(cut)?;
        let parsed = parser.parse(rest, true).map_err(|error| LoadError::unparsed(component, &error))?;
        let Chunk::Parsed { consumed, payload } = parsed else { return Ok(names) };
        at += consumed;
        match payload {
            // The parser goes on behind what is nested, and so does this.
            Payload::ModuleSection { unchecked_range, .. } | Payload::ComponentSection { unchecked_range, .. } => {
                at = usize::try_from(unchecked_range.end).unwrap_or(usize::MAX);
            }
            Payload::End(_) => return Ok(names),
            payload => take(&mut names, payload).map_err(LoadError::invalid)?,
        }
    }
}

fn take(names: &mut Names, payload: Payload<'_>) -> wasmparser::Result<()> {
    match payload {
        Payload::ComponentImportSection(imports) => {
            for import in imports {
                let import = import?;
                let name = import.name.full_name().into_owned();
                names.import(&name, &import.ty);
                // The world's names for types of its interfaces bring nothing in.
                if !matches!(import.ty, ComponentTypeRef::Type(TypeBounds::Eq(_))) {
                    names.imports.push(name);
                }
            }
        }
        Payload::ComponentExportSection(exports) => {
            for export in exports {
                let export = export?;
                let name = export.name.name.to_owned();
                names.define(export.kind, &name);
                names.exports.push(Export { name, kind: export.kind });
            }
        }
        Payload::ComponentAliasSection(aliases) => {
            for alias in aliases {
                match alias? {
                    ComponentAlias::InstanceExport { kind, name, .. } => names.define(kind, name),
                    ComponentAlias::Outer { kind: ComponentOuterAliasKind::Type, .. } => names.async_types.push(false),
                    _ => {}
                }
            }
        }
        Payload::ComponentTypeSection(types) => {
            for it in types {
                names.async_types.push(is_async(&it?));
            }
        }
        Payload::ComponentCanonicalSection(functions) => {
            for function in functions {
                match function? {
                    CanonicalFunction::Lift { options, type_index, .. } => {
                        names.has_async |= options.contains(&CanonicalOption::Async) || names.is_async(type_index);
                        names.functions.push(String::new());
                    }
                    CanonicalFunction::Lower { func_index, options } if options.contains(&CanonicalOption::Async) => {
                        let name = names.functions.get(func_index as usize).cloned().unwrap_or_default();
                        names.async_import.get_or_insert(name);
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn is_async(of: &ComponentType<'_>) -> bool {
    match of {
        ComponentType::Func(function) => function.async_,
        ComponentType::Instance(parts) => parts.iter().any(
            |part| matches!(part, InstanceTypeDeclaration::Type(ComponentType::Func(function)) if function.async_),
        ),
        _ => false,
    }
}
