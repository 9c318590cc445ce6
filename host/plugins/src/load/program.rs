//! Programs for WASI preview 2. They begin with `wasi:cli/run`, an export that is no handler's and that a host of handlers never calls;
//! what clang's linker put all constructors into is the first thing that it calls, and nothing else does.
//!
//! A library may export `wasi:cli/run` beside `handle`, too. So only what has the constructors' shape counts for them.

use wasmparser::{FunctionBody, Operator, Parser, Payload};

use super::{
    LoadError,
    start::{CONSTRUCTORS, called_in},
    survey::Module,
};

/// How the export begins: the old and the new way to write it.
const RUN: [&str; 2] = ["wasi:cli/run@", "cm32p2|wasi:cli/run@"];

/// Whether an export is where a program begins.
pub(super) fn is_run(export: &str) -> bool {
    RUN.iter().any(|prefix| export.starts_with(prefix))
}

/// The export that a program begins with, if it alone calls the constructors.
pub(super) fn idle_run<'m>(file: &[u8], module: &'m Module) -> Result<Option<&'m str>, LoadError> {
    let Some((name, run)) = module.functions.iter().find(|(name, _)| is_run(name)) else { return Ok(None) };
    let first = |body: &FunctionBody<'_>| operators(body).find_map(|operator| call(&operator));
    let Some(first) = of_body(file, module, *run, first)?.flatten() else { return Ok(None) };
    let may_be_called =
        module.functions.iter().any(|(name, function)| *function == first && name.as_str() != CONSTRUCTORS);
    if may_be_called || !module.is_plain(first) || of_body(file, module, first, only_calls)? != Some(true) {
        return Ok(None);
    }
    let mut is_idle = true;
    called_in(file, module, Some(*run), |function| is_idle &= function != first)?;
    Ok(is_idle.then_some(name))
}

/// Something about the body of a function; none if it is imported.
fn of_body<T>(
    file: &[u8],
    module: &Module,
    function: u32,
    ask: impl FnOnce(&FunctionBody<'_>) -> T,
) -> Result<Option<T>, LoadError> {
    let mut number = module.imported_functions();
    for payload in Parser::new(0).parse_all(file) {
        if let Payload::CodeSectionEntry(body) = payload.map_err(LoadError::invalid)? {
            if number == function {
                return Ok(Some(ask(&body)));
            }
            number += 1;
        }
    }
    Ok(None)
}

/// Whether a function calls others and does nothing else, as the linker writes it for the constructors.
fn only_calls(body: &FunctionBody<'_>) -> bool {
    let mut calls = 0_u32;
    let is_call = |operator: Operator<'_>| {
        calls += u32::from(call(&operator).is_some());
        matches!(operator, Operator::Call { .. } | Operator::Drop | Operator::End)
    };
    operators(body).all(is_call) && calls > 0
}

fn operators<'b>(body: &FunctionBody<'b>) -> impl Iterator<Item = Operator<'b>> {
    body.get_operators_reader().into_iter().flatten().map_while(Result::ok)
}

fn call(operator: &Operator<'_>) -> Option<u32> {
    match operator {
        Operator::Call { function_index } => Some(*function_index),
        _ => None,
    }
}
