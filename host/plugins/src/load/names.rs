//! The outermost names of a component: what it imports, what it exports.

use wasmparser::{
    CanonicalFunction, CanonicalOption, Chunk, ComponentExternalKind, ComponentType, ComponentTypeRef, Parser, Payload,
    TypeBounds,
};

use super::LoadError;

/// The names, in the order of the file.
pub(super) struct Names {
    pub(super) imports: Vec<String>,
    pub(super) exports: Vec<Export>,
    /// Whether it exports anything in the component model's asynchronous way, which the contract does not have.
    pub(super) has_async: bool,
}

/// An export.
pub(super) struct Export {
    pub(super) name: String,
    pub(super) kind: ComponentExternalKind,
}

impl Names {
    /// Whether there is a function of this name, at the top.
    pub(super) fn has_function(&self, name: &str) -> bool {
        self.exports.iter().any(|export| export.kind == ComponentExternalKind::Func && export.name == name)
    }
}

/// The outermost names of a component; what is nested in it is skipped.
pub(super) fn names(component: &[u8]) -> Result<Names, LoadError> {
    let mut names = Names { imports: Vec::new(), exports: Vec::new(), has_async: false };
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
                // The world's names for types of its interfaces bring nothing in.
                if !matches!(import.ty, ComponentTypeRef::Type(TypeBounds::Eq(_))) {
                    names.imports.push(import.name.full_name().into_owned());
                }
            }
        }
        Payload::ComponentExportSection(exports) => {
            for export in exports {
                let export = export?;
                names.exports.push(Export { name: export.name.name.to_owned(), kind: export.kind });
            }
        }
        Payload::ComponentTypeSection(types) => {
            for it in types {
                names.has_async |= matches!(it?, ComponentType::Func(function) if function.async_);
            }
        }
        Payload::ComponentCanonicalSection(functions) => {
            for function in functions {
                let CanonicalFunction::Lift { options, .. } = function? else { continue };
                names.has_async |= options.contains(&CanonicalOption::Async);
            }
        }
        _ => {}
    }
    Ok(())
}
