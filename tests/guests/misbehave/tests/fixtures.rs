//! The modules written by hand in `tests/guests/*.wat` are what they say: each parses, opens with a comment, and
//! becomes a component of the contract's world or fails to, as intended. What the host makes of them, its own tests
//! show.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{collections::BTreeSet, fs, path::PathBuf};

use wit_component::{ComponentEncoder, DecodedWasm, StringEncoding, decode, embed_component_metadata};
use wit_parser::Resolve;

/// Core modules of which a component of the contract's world can be made.
const MODULES: [&str; 10] = [
    "bare-delete",
    "memory-huge",
    "post-return-loops",
    "realloc-lies",
    "realloc-loops",
    "reason-huge",
    "reason-not-text",
    "result-lies",
    "start-loops",
    "table-grows",
];
/// Core modules of which none can, and a part of the reason.
const REFUSED: [(&str, &str); 3] =
    [("imports-filesystem", "wasi:filesystem/preopens@0.2.0"), ("no-handle", "handle"), ("wrong-handle", "handle")];
/// Components already, with their imports and exports.
const COMPONENTS: [(&str, &[&str], &[&str]); 2] = [
    ("component-imports-filesystem", &["wasi:filesystem/types@0.2.0", "mpy6a:handler/types@1.0.0"], &["handle"]),
    ("component-without-handle", &[], &["answer"]),
];

fn guests() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn parse(name: &str) -> Vec<u8> {
    let path = guests().join(format!("{name}.wat"));
    assert!(fs::read_to_string(&path).unwrap().starts_with(";; "), "{name} opens with what it is");
    wat::parse_file(&path).unwrap_or_else(|why| panic!("{name}: {why}"))
}

/// What the host does with a module that lacks its component type.
fn componentize(mut module: Vec<u8>) -> Result<Vec<u8>, String> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(guests().join("../../wit")).unwrap();
    let world = resolve.select_world(&[package], Some("handler")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true);
    encoder.module(&module).and_then(ComponentEncoder::encode).map_err(|why| format!("{why:?}"))
}

/// The names of a component's imports and exports.
fn names(component: &[u8]) -> (BTreeSet<String>, BTreeSet<String>) {
    let DecodedWasm::Component(resolve, world) = decode(component).unwrap() else { panic!("not a component") };
    let world = &resolve.worlds[world];
    let imports = world.imports.iter().filter(|(_, item)| !matches!(item, wit_parser::WorldItem::Type { .. }));
    let imports = imports.map(|(key, _)| resolve.name_world_key(key)).collect();
    (imports, world.exports.keys().map(|key| resolve.name_world_key(key)).collect())
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn every_fixture_is_listed_here() {
    let files = fs::read_dir(guests()).unwrap().map(|entry| entry.unwrap().path());
    let found = files.filter(|path| path.extension().is_some_and(|extension| extension == "wat"));
    let found: BTreeSet<_> = found.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    let refused = REFUSED.iter().map(|(name, _)| *name);
    let components = COMPONENTS.iter().map(|(name, _, _)| *name);
    let listed: Vec<_> = MODULES.into_iter().chain(refused).chain(components).collect();
    assert_eq!(found, set(&listed));
}

#[test]
fn modules_become_components_that_export_handle() {
    for name in MODULES {
        let component = componentize(parse(name)).unwrap_or_else(|why| panic!("{name}: {why}"));
        let (imports, exports) = names(&component);
        assert_eq!(imports, set(&["mpy6a:handler/types@1.0.0"]), "{name}");
        assert_eq!(exports, set(&["handle"]), "{name}");
    }
}

#[test]
fn modules_that_do_not_fit_the_world_are_refused() {
    for (name, reason) in REFUSED {
        let why = componentize(parse(name)).expect_err(name);
        assert!(why.contains(reason), "{name}: {why}");
    }
}

#[test]
fn components_import_and_export_what_they_say() {
    for (name, imports, exports) in COMPONENTS {
        assert_eq!(names(&parse(name)), (set(imports), set(exports)), "{name}");
    }
}
