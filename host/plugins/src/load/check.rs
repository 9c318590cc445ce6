//! What a component imports, against what its kind is granted. By name, before anything is compiled, so that the answer is quick
//! and says what to do.

use super::{LoadError, names::Names};
use crate::{plugin::Grants, shown};

/// The contract's package, and what of it a handler may import.
pub(super) const CONTRACT: &str = "mpy6a:handler";
const CONTRACT_INTERFACES: [&str; 3] = ["types", "http", "log"];

/// The contract's version that this host speaks: major and minor. A minor version only adds.
pub(super) const CONTRACT_VERSION: (u64, u64) = (1, 0);

/// The only version of `wasi:config` that is linked.
const CONFIG_VERSION: &str = "0.2.0-rc.1";

/// The WASI that the engine brings. A linker takes any of 0.2 for any other, as far as that has the same functions.
const WASI_VERSION: &str = "WASI 0.2.12";

/// What there is none of.
const SOCKETS: &str = "wasi:sockets";

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

/// One error for all sockets: a toolchain that opens a connection imports seven interfaces of them, and there is one thing to do.
pub(super) fn together(errors: Vec<LoadError>) -> Vec<LoadError> {
    let is_socket =
        |error: &LoadError| matches!(error, LoadError::NoSuchImport { import, .. } if import.starts_with(SOCKETS));
    let (mut sockets, mut others): (Vec<_>, Vec<_>) = errors.into_iter().partition(is_socket);
    let more = sockets.len().saturating_sub(1);
    if let Some(LoadError::NoSuchImport { import, remedy }) = (!sockets.is_empty()).then(|| sockets.swap_remove(0)) {
        let import = if more == 0 { import } else { format!("{import} and {more} more of {SOCKETS}") };
        others.insert(0, LoadError::NoSuchImport { import, remedy });
    }
    others
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
    // A draft has another name for each of its states, and none of them is linked.
    let is_wasi_02 = version == "0.2" || version.starts_with("0.2.") && !is_draft(version);
    let refused = |remedy| Err(refused(import, remedy));
    match package {
        CONTRACT => check_version(import, version)?,
        "wasi:config" if interface == "store" && version == CONFIG_VERSION => return Ok(Need::Nothing),
        "wasi:config" if interface == "store" => {
            return Err(LoadError::Version {
                import: shown::name(import),
                host: "wasi:config/store@0.2.0-rc.1",
                remedy: "build it for that version, with an SDK of this host's version",
            });
        }
        "wasi:http" if !is_wasi_02 => return refused(BUILD_FOR_WASI_02),
        "wasi:http" if !matches!(interface, "types" | "outgoing-handler") => {
            return refused("a handler sends requests and receives none; build it without an HTTP server");
        }
        "wasi:http" => return Ok(Need::Http),
        SOCKETS => {
            return refused(
                "there are no sockets; use mpy6a:handler/http, leave out what opens connections of its own (Rust: std::net and \
                 crates on top of it), or have the toolchain stub out WASI",
            );
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
    if is_draft(version) {
        return Err(other_contract(
            import,
            "that is a draft of the contract; build it again with an SDK of this host's version",
        ));
    }
    let major: u64 = version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
    let remedy = match major.cmp(&CONTRACT_VERSION.0) {
        std::cmp::Ordering::Equal => return Ok(()),
        std::cmp::Ordering::Greater => "update the host, or build it with an SDK of this host's version",
        std::cmp::Ordering::Less => "build it again with an SDK of this host's version",
    };
    Err(other_contract(import, remedy))
}

fn other_contract(import: &str, remedy: &'static str) -> LoadError {
    LoadError::Version { import: shown::name(import), host: "mpy6a:handler@1", remedy }
}

/// Whether a version is one before a release: `1.0.0-rc.1`.
fn is_draft(version: &str) -> bool {
    version.contains('-')
}

/// Why what does not link may not: it is of a newer minor version of the contract, or of a newer WASI, and uses what that added.
pub(super) fn newer<'i>(imports: impl Iterator<Item = &'i str> + Clone) -> Option<LoadError> {
    if let Some(import) = imports.clone().find(|import| is_newer(import)) {
        let remedy = "update the host to that version or a later one, or build it with an SDK of this host's version";
        return Some(other_contract(import, remedy));
    }
    let import = imports.into_iter().find(|import| is_newer_wasi(import))?;
    let remedy = "build it with a toolchain whose WASI is of that version or older, or update the host";
    Some(LoadError::Version { import: shown::name(import), host: WASI_VERSION, remedy })
}

/// Whether an import is of a newer WASI 0.2 than this host's.
fn is_newer_wasi(import: &str) -> bool {
    let patch = |version: &str| version.strip_prefix("0.2.").and_then(|patch| patch.parse::<u64>().ok());
    let newest = WASI_VERSION.rsplit_once(' ').and_then(|(_, version)| patch(version));
    let Some((path, version)) = import.split_once('@') else { return false };
    path.starts_with("wasi:") && patch(version) > newest
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
