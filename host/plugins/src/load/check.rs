//! What a component imports, against what its kind is granted; and whether it exports what is asked of it. By name, before
//! anything is compiled, so that the answer is quick and says what to do.

use wasmparser::{Chunk, ComponentExternalKind, ComponentTypeRef, Parser, Payload, TypeBounds};

use super::{LoadError, componentize::list};
use crate::plugin::Grants;

/// The contract's package, and what of it a handler may import.
const CONTRACT: &str = "mpy6a:handler";
const CONTRACT_INTERFACES: [&str; 3] = ["types", "http", "log"];

/// WASI 0.2 packages of which everything may be imported; what of it leads out is linked empty.
const WASI: [&str; 5] = ["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:io", "wasi:random"];

/// Check the names of all imports and exports of a component.
pub(super) fn imports_and_exports(component: &[u8], grants: &Grants) -> Result<(), LoadError> {
    let names = names(component)?;
    for import in &names.imports {
        check_import(import, grants)?;
    }
    if !names.exports.iter().any(|(name, is_function)| *is_function && name == "handle") {
        let exports: Vec<String> = names.exports.into_iter().map(|(name, _)| name).collect();
        return Err(LoadError::NoHandle { exports: list(&exports) });
    }
    Ok(())
}

fn check_import(import: &str, grants: &Grants) -> Result<(), LoadError> {
    let refused = |remedy| Err(LoadError::Import { import: import.escape_default().to_string(), remedy });
    let (path, version) = import.split_once('@').unwrap_or((import, ""));
    let (package, interface) = path.split_once('/').unwrap_or((path, ""));
    let is_wasi_02 = version == "0.2" || version.starts_with("0.2.");
    match package {
        CONTRACT if !version.starts_with("1.") && version != "1" => Err(LoadError::Version {
            import: import.escape_default().to_string(),
            remedy: "build it with the SDK of this host's version, or update the host",
        }),
        CONTRACT if CONTRACT_INTERFACES.contains(&interface) => Ok(()),
        CONTRACT => {
            refused("this version of the contract has no such interface; build it against wit/ or update the host")
        }
        "wasi:config" if interface == "store" => Ok(()),
        "wasi:http" if !is_wasi_02 => refused("build it for WASI 0.2"),
        "wasi:http" if !matches!(interface, "types" | "outgoing-handler") => {
            refused("a handler sends requests and receives none; build it without an HTTP server")
        }
        "wasi:http" if !grants.any_http() => {
            refused("add [[kind.plugin.http]] with `allow` to its config, or build it without HTTP")
        }
        "wasi:http" => Ok(()),
        "wasi:sockets" => refused("there are no sockets; use mpy6a:handler/http, or have the toolchain stub out WASI"),
        package if WASI.contains(&package) && is_wasi_02 => Ok(()),
        package if WASI.contains(&package) => refused("build it for WASI 0.2"),
        _ => refused("the host has nothing of this name; handlers get mpy6a:handler, wasi:config/store and WASI 0.2"),
    }
}

struct Names {
    imports: Vec<String>,
    exports: Vec<(String, bool)>,
}

/// The outermost names of a component; what is nested in it is skipped.
fn names(component: &[u8]) -> Result<Names, LoadError> {
    let mut names = Names { imports: Vec::new(), exports: Vec::new() };
    let mut parser = Parser::new(0);
    let mut at = 0;
    loop {
        let cut = || LoadError::Invalid("it ends in the middle of what is nested in it".to_owned());
        let rest = component.get(at..).ok_or_else(cut)?;
        let parsed = parser.parse(rest, true).map_err(LoadError::invalid)?;
        let Chunk::Parsed { consumed, payload } = parsed else { return Ok(names) };
        at += consumed;
        match payload {
            Payload::ComponentImportSection(imports) => {
                for import in imports {
                    let import = import.map_err(LoadError::invalid)?;
                    // The world's names for types of its interfaces bring nothing in.
                    if !matches!(import.ty, ComponentTypeRef::Type(TypeBounds::Eq(_))) {
                        names.imports.push(import.name.full_name().into_owned());
                    }
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports {
                    let export = export.map_err(LoadError::invalid)?;
                    names.exports.push((export.name.name.to_owned(), export.kind == ComponentExternalKind::Func));
                }
            }
            // The parser goes on behind what is nested, and so does this.
            Payload::ModuleSection { unchecked_range, .. } | Payload::ComponentSection { unchecked_range, .. } => {
                at = usize::try_from(unchecked_range.end).unwrap_or(usize::MAX);
            }
            Payload::End(_) => return Ok(names),
            _ => {}
        }
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
