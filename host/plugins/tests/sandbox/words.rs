//! What a refusal calls what it found: limits of the pool by what there is too much of, versions as versions, imports by whose they
//! are.

use std::{fs, path::Path};

use mpy6a_plugins::{LoadError, inspect::inspect_bytes, limits};

use crate::{
    guest::{handler, handler_with},
    rig::Rig,
};

/// The component of the tests with more in it.
fn component(more: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/guests/component-imports-filesystem.wat");
    let text = fs::read_to_string(file).unwrap();
    format!("{} {more})", text.trim_end().strip_suffix(')').unwrap())
}

async fn refusal(wat: &str) -> LoadError {
    Rig::new().load(wat).await.expect_err("it should not load")
}

async fn no_room(wat: &str, kind: &str, count: u64, most: u64) {
    let refused = refusal(wat).await;
    assert!(
        matches!(&refused, LoadError::NoRoom { what, found, max } if (*what, *found, *max) == (kind, count, most)),
        "{refused}"
    );
    assert!(refused.to_string().contains("docs/plugins.md"), "{refused}");
}

#[tokio::test]
async fn limits_of_the_pool_are_told_as_such() {
    let (memories, tables) = (u64::from(limits::MEMORIES_PER_RUN), u64::from(limits::TABLES_PER_RUN));
    let instances = u64::from(limits::CORE_INSTANCES_PER_RUN);
    let elements = limits::TABLE_ELEMENTS_MAX as u64;
    let ok = "(call $ok)";
    let module = |part: &str, times: u64| handler_with(&part.repeat(usize::try_from(times).unwrap()), ok);
    no_room(&module("(memory 1)", memories), "memories in one module", memories + 1, memories).await;
    no_room(&module("(table 1 funcref)", tables + 1), "tables in one module", tables + 1, tables).await;
    let table = format!("(table {} funcref)", elements + 1);
    no_room(&module(&table, 1), "elements in a table when it begins", elements + 1, elements).await;

    let parts = |part: &str, times: u64| {
        let instances = "(core instance (instantiate $part))".repeat(usize::try_from(times).unwrap());
        component(&format!("(core module $part {part}) {instances}"))
    };
    // The component of the tests is one instance with one memory.
    no_room(&parts("(memory 1)", memories), "memories", memories + 1, memories).await;
    no_room(&parts("(table 1 funcref)", tables + 1), "tables", tables + 1, tables).await;
    no_room(&parts("", instances), "instances of core modules", instances + 1, instances).await;
}

#[tokio::test]
async fn an_async_import_is_told_apart_from_an_async_export() {
    let log = |how: &str| {
        component(&format!(
            r#"(import "mpy6a:handler/log@1.0.0" (instance $log (export "flush" (func {how})))) {}"#,
            if how.is_empty() { r#"(core func (canon lower (func $log "flush") async))"# } else { "" }
        ))
    };
    let module = handler("(call $ok)").replace(r#""write" (func"#, r#""[async-lower]write" (func"#);
    for (wat, name) in
        [(log("async"), "mpy6a:handler/log@1.0.0"), (log(""), "flush"), (module, "mpy6a:handler/log@1.0.0.write")]
    {
        let refused = refusal(&wat).await;
        assert!(matches!(&refused, LoadError::AsyncImport { import } if import == name), "{refused}");
        assert!(refused.to_string().contains(&format!("imports {name} as an async function")), "{refused}");
    }
}

#[tokio::test]
async fn what_a_module_lacks_is_told_by_its_name() {
    let module = handler("(call $ok)");
    let import = |text: &str| module.replacen("(module", &format!("(module {text}"), 1);
    let own = r#"(memory (export "memory") 16)"#;
    let imported = import(r#"(import "env" "memory" (memory 16)) (export "memory" (memory 0))"#).replace(own, "");
    for (wat, words) in [
        (import(r#"(import "env" "abort" (func (param i32 i32 i32 i32)))"#), &["env.abort", "--use abort="][..]),
        (module.replace(own, "(memory 16)"), &["does not export its memory as `memory`", "`cabi_realloc`"]),
        (imported, &["env.memory", "--import-memory"]),
    ] {
        let refused = refusal(&wat).await.to_string();
        assert!(words.iter().all(|word| refused.contains(word)) && !refused.contains("Emscripten"), "{refused}");
    }
}

#[tokio::test]
async fn versions_are_told_as_versions() {
    let instance = |name: &str, function: &str| {
        component(&format!(r#"(import "{name}" (instance (export "{function}" (func))))"#))
    };
    for (name, host) in [
        ("wasi:clocks/monotonic-clock@0.2.99", "WASI 0.2.12"),
        ("mpy6a:handler/log@1.0.0-rc.1", "mpy6a:handler@1"),
        ("mpy6a:handler/log@1.9.0", "mpy6a:handler@1"),
        ("wasi:config/store@0.2.0-draft", "wasi:config/store@0.2.0-rc.1"),
    ] {
        let refused = refusal(&instance(name, "shout")).await;
        assert!(
            matches!(&refused, LoadError::Version { import, host: found, .. } if import == name && *found == host),
            "{refused}"
        );
    }
    let module = handler("(call $ok)").replace("log@1.0.0", "log@1.0.0-rc.1");
    assert!(matches!(refusal(&module).await, LoadError::Version { .. }));
    let draft = refusal(&instance("wasi:clocks/monotonic-clock@0.2.0-rc-2023-11-10", "now")).await.to_string();
    assert!(draft.contains("build it for WASI 0.2"), "{draft}");
    // What a newer WASI did not add loads.
    Rig::new().load(&component(r#"(import "wasi:cli/environment@0.2.99" (instance))"#)).await.unwrap();
}

#[test]
fn sockets_are_one_error_with_one_remedy() {
    let interfaces =
        ["instance-network", "ip-name-lookup", "network", "tcp", "tcp-create-socket", "udp", "udp-create-socket"];
    let imports: String =
        interfaces.iter().map(|name| format!(r#"(import "wasi:sockets/{name}@0.2.0" (instance))"#)).collect();
    let inspection = inspect_bytes(::wat::parse_str(component(&imports)).unwrap()).unwrap();
    let [problem] = &inspection.problems[..] else { panic!("{:?}", inspection.problems) };
    let text = problem.to_string();
    assert!(text.contains("and 6 more of wasi:sockets") && text.contains("std::net"), "{text}");
}
