//! What there is to say about a plugin file without running it, for its author: what it is, what it imports and what that needs,
//! how much of it is debug information, and everything by name that would keep it from loading.

use std::path::Path;

use sha2::{Digest, Sha256};
use wasmparser::{Parser, Payload};

pub use super::check::Need;
use super::{LoadError, check, componentize, file, handle, names::names, weight};
use crate::{limits::MEMORY_BYTES_MAX, shown};

/// Custom sections with debug information begin so.
const DEBUG: &str = ".debug_";
/// The custom section with the names of functions and locals, for backtraces.
const NAMES: &str = "name";

/// A plugin file, looked over.
#[derive(Debug)]
pub struct Inspection {
    /// What it is.
    pub form: Form,
    /// SHA-256 of the file.
    pub digest: [u8; 32],
    /// The file's length.
    pub bytes: u64,
    /// The file as a component: itself, or what the host makes of it.
    pub component: Vec<u8>,
    /// What it imports, in the order of the file.
    pub imports: Vec<Import>,
    /// Bytes of debug information, in all its parts.
    pub debug_bytes: u64,
    /// Bytes of names for backtraces, in all its parts.
    pub name_bytes: u64,
    /// What would keep it from loading whatever its kind is granted. Without any it may still fail to link or to start.
    pub problems: Vec<LoadError>,
}

/// What a plugin file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A component.
    Component,
    /// A core module, of which the host makes a component.
    Module,
}

/// An import of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Its name, for example `mpy6a:handler/log@1.0.0`.
    pub name: String,
    /// What it needs; none if no kind is granted it.
    pub need: Option<Need>,
    /// Whether it is of a newer minor version of the contract than this host's.
    pub is_newer: bool,
}

/// Look a plugin file over.
///
/// # Errors
///
/// [`LoadError`] if it cannot be read or no component can be made of it.
pub fn inspect(path: &Path) -> Result<Inspection, LoadError> {
    inspect_bytes(file::read(path)?)
}

/// Look the bytes of a plugin file over.
///
/// # Errors
///
/// [`LoadError`] if no component can be made of them.
pub fn inspect_bytes(file: Vec<u8>) -> Result<Inspection, LoadError> {
    weight::check(&file, MEMORY_BYTES_MAX)?;
    let (digest, bytes) = (Sha256::digest(&file).into(), file.len() as u64);
    let form = if Parser::is_component(&file) { Form::Component } else { Form::Module };
    let component = componentize::component(file)?;
    let names = names(&component)?;
    let mut problems = Vec::new();
    let mut imports = Vec::new();
    for name in &names.imports {
        let need = check::need(name).map_err(|error| problems.push(error)).ok();
        imports.push(Import { name: shown::name(name), need, is_newer: check::is_newer(name) });
    }
    let mut problems = check::together(problems);
    problems.extend(handle::check_component(&component, &names).err());
    problems.extend(weight::check_functions(&component).err());
    let (debug_bytes, name_bytes) = weigh(&component)?;
    Ok(Inspection { form, digest, bytes, component, imports, debug_bytes, name_bytes, problems })
}

/// Bytes of debug information and of names, in whatever is nested.
fn weigh(component: &[u8]) -> Result<(u64, u64), LoadError> {
    let (mut debug, mut names) = (0, 0);
    for payload in Parser::new(0).parse_all(component) {
        let Payload::CustomSection(section) = payload.map_err(LoadError::invalid)? else { continue };
        let bytes = section.data().len() as u64;
        debug += if section.name().starts_with(DEBUG) { bytes } else { 0 };
        names += if section.name() == NAMES { bytes } else { 0 };
    }
    Ok((debug, names))
}
