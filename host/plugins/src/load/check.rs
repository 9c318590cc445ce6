//! What a component imports, against what its kind is granted. By name, before anything is compiled, so that the answer is quick
//! and says what to do.

use super::{LoadError, names::Names};
use crate::{plugin::Grants, shown};

/// The contract's package, and what of it a handler may import.
pub(super) const CONTRACT: &str = "mpy6a:handler";
const CONTRACT_INTERFACES: [&str; 3] = ["types", "http", "log"];

/// The contract's version that this host speaks: major and minor. A minor version only adds.
pub(super) const CONTRACT_VERSION: (u64, u64) = (1, 0);

/// WASI 0.2 packages of which everything may be imported; what of it leads out is linked empty.
const WASI: [&str; 5] = ["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:io", "wasi:random"];

/// What an import needs of a kind's config.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: every handler gets it.
    Nothing,
    /// Nothing to load; but its requests are denied without `[[kind.plugin.http]]`.
    HttpToSend,
    /// `[[kind.plugin.http]]`: it does not load without.
    Http,
}

/// Check the names of all imports.
pub(super) fn imports(names: &Names, grants: &Grants) -> Result<(), LoadError> {
    names.imports.iter().try_for_each(|import| check_import(import, grants))
}

fn check_import(import: &str, grants: &Grants) -> Result<(), LoadError> {
    match need(import)? {
        Need::Http if !grants.any_http() => Err(LoadError::Import {
            import: shown::name(import),
            remedy: "add [[kind.plugin.http]] with `allow` to its config, or build it without HTTP",
        }),
        Need::Nothing | Need::HttpToSend | Need::Http => Ok(()),
    }
}

/// What an import needs, or why no kind is granted it.
pub(super) fn need(import: &str) -> Result<Need, LoadError> {
    let (path, version) = import.split_once('@').unwrap_or((import, ""));
    let (package, interface) = path.split_once('/').unwrap_or((path, ""));
    let is_wasi_02 = version == "0.2" || version.starts_with("0.2.");
    let refused = |remedy| Err(refused(import, remedy));
    match package {
        CONTRACT => check_version(import, version)?,
        "wasi:config" if interface == "store" => return Ok(Need::Nothing),
        "wasi:http" if !is_wasi_02 => return refused(BUILD_FOR_WASI_02),
        "wasi:http" if !matches!(interface, "types" | "outgoing-handler") => {
            return refused("a handler sends requests and receives none; build it without an HTTP server");
        }
        "wasi:http" => return Ok(Need::Http),
        "wasi:sockets" => {
            return refused("there are no sockets; use mpy6a:handler/http, or have the toolchain stub out WASI");
        }
        package if WASI.contains(&package) && is_wasi_02 => return Ok(Need::Nothing),
        package if WASI.contains(&package) => return refused(BUILD_FOR_WASI_02),
        _ => {
            return refused(
                "the host has nothing of this name; handlers get mpy6a:handler, wasi:config/store and WASI 0.2",
            );
        }
    }
    match interface {
        "http" => Ok(Need::HttpToSend),
        other if CONTRACT_INTERFACES.contains(&other) => Ok(Need::Nothing),
        _ => refused("this version of the contract has no such interface; build it against wit/ or update the host"),
    }
}

const BUILD_FOR_WASI_02: &str = "build it for WASI 0.2, with a toolchain that makes wasm32-wasip2 or components";

fn refused(import: &str, remedy: &'static str) -> LoadError {
    LoadError::NoSuchImport { import: shown::name(import), remedy }
}

/// Another major version is another contract. A newer minor one is let pass here: what it adds may not be used.
fn check_version(import: &str, version: &str) -> Result<(), LoadError> {
    let major: u64 = version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
    let remedy = match major.cmp(&CONTRACT_VERSION.0) {
        std::cmp::Ordering::Equal => return Ok(()),
        std::cmp::Ordering::Greater => "update the host, or build it with an SDK of this host's version",
        std::cmp::Ordering::Less => "build it again with an SDK of this host's version",
    };
    Err(LoadError::Version { import: shown::name(import), remedy })
}

/// Why what does not link may not: it is of a newer minor version of the contract, and uses what that added.
pub(super) fn newer<'i>(mut imports: impl Iterator<Item = &'i str>) -> Option<LoadError> {
    let import = imports.find(|import| is_newer(import))?;
    let remedy = "update the host to that version or a later one, or build it with an SDK of this host's version";
    Some(LoadError::Version { import: shown::name(import), remedy })
}

/// Whether an import is of a newer minor version of the contract than this host's.
pub(super) fn is_newer(import: &str) -> bool {
    let Some((path, version)) = import.split_once('@') else { return false };
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
    let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    path.split('/').next() == Some(CONTRACT) && major == CONTRACT_VERSION.0 && minor > CONTRACT_VERSION.1
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
