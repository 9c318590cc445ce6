//! What a plugin file weighs, counted before anything is made of it.
//!
//! Compiling cannot be interrupted, and it is not linear: a function of 400 KB that does nothing but branch takes minutes, a
//! component of 1,500 bytes in which each part is made twice by the next takes all memory. So what compiling time and memory
//! grow with is bounded here, well above what interpreters compiled to Wasm have.

mod instances;

use wasmparser::{FunctionBody, ImportSectionReader, MemorySectionReader, Operator, Parser, Payload};

use self::instances::Instances;
use super::LoadError;
use crate::limits::{
    BLOCK_DEPTH_MAX, BRANCHES_PER_FUNCTION_MAX, CODE_BYTES_MAX, FUNCTION_BYTES_MAX, FUNCTIONS_MAX,
    IMPORT_NAMES_BYTES_MAX, INSTANCES_MAX,
};

/// A page of memory where its type does not say otherwise, in bytes, as a power of two.
const PAGE_LOG2: u32 = 16;

/// Check a component or a core module as a whole, for a sandbox whose runs get so much memory.
pub(super) fn check(file: &[u8], memory_bytes_max: u64) -> Result<(), LoadError> {
    let (mut functions, mut code, mut names, mut instances) = (0, 0, 0, Instances::default());
    for payload in Parser::new(0).parse_all(file) {
        // What cannot be read is refused by the steps that follow, in their words; nothing of it is compiled.
        let Ok(payload) = payload else { return Ok(()) };
        instances.take(&payload)?;
        bound("instances, of modules and of components", instances.most(), INSTANCES_MAX)?;
        match payload {
            Payload::CodeSectionStart { count, size, .. } => {
                functions += u64::from(count);
                code += u64::from(size);
                bound("functions", functions, FUNCTIONS_MAX)?;
                bound("bytes of code", code, CODE_BYTES_MAX)?;
            }
            Payload::CodeSectionEntry(body) => {
                bound("bytes in one function", body.as_bytes().len() as u64, FUNCTION_BYTES_MAX)?;
            }
            Payload::ImportSection(section) => {
                names += name_bytes(section);
                bound("bytes in the names of imports", names, IMPORT_NAMES_BYTES_MAX)?;
            }
            Payload::MemorySection(section) => memories(section, memory_bytes_max)?,
            _ => {}
        }
    }
    Ok(())
}

/// Check each function of a component that is to be compiled. It reads every instruction, which takes longer than the rest, and
/// what was compiled before need not be read again.
pub(super) fn check_functions(component: &[u8]) -> Result<(), LoadError> {
    for payload in Parser::new(0).parse_all(component).map_while(Result::ok) {
        if let Payload::CodeSectionEntry(body) = payload {
            function(&body)?;
        }
    }
    Ok(())
}

fn bound(what: &'static str, found: u64, max: u64) -> Result<(), LoadError> {
    if found > max { Err(LoadError::TooHeavy { what, found, max }) } else { Ok(()) }
}

fn function(body: &FunctionBody<'_>) -> Result<(), LoadError> {
    let (mut depth, mut branches) = (0_u64, 0);
    let Ok(operators) = body.get_operators_reader() else { return Ok(()) };
    // A function is read to its end before it is compiled, and refused if that fails.
    for operator in operators.into_iter().map_while(Result::ok) {
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } => depth += 1,
            Operator::If { .. } => (depth, branches) = (depth + 1, branches + 1),
            Operator::Br { .. } | Operator::BrIf { .. } => branches += 1,
            Operator::BrTable { targets } => branches += u64::from(targets.len()),
            // The last one ends the function itself.
            Operator::End => depth = depth.saturating_sub(1),
            _ => {}
        }
        bound("blocks within each other in one function", depth, BLOCK_DEPTH_MAX)?;
        bound("branches in one function", branches, BRANCHES_PER_FUNCTION_MAX)?;
    }
    Ok(())
}

/// How many bytes the names of imports have, written out for each: in a file a module's name may stand once for many.
fn name_bytes(section: ImportSectionReader<'_>) -> u64 {
    let imports = section.into_imports().map_while(Result::ok);
    imports.map(|import| (import.module.len() + import.name.len()) as u64).sum()
}

fn memories(section: MemorySectionReader<'_>, max: u64) -> Result<(), LoadError> {
    for memory in section {
        let memory = memory.map_err(LoadError::invalid)?;
        let page = 1_u64.checked_shl(memory.page_size_log2.unwrap_or(PAGE_LOG2)).unwrap_or(u64::MAX);
        let asked = memory.initial.saturating_mul(page);
        if asked > max {
            return Err(LoadError::Initial { asked, max });
        }
    }
    Ok(())
}
