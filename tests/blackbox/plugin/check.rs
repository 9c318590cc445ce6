//! What `check` tells of a plugin that loads: what it is, what it needs, what it costs; alone, and against a kind's grants.

use std::fs;

use serde_json::Value;

use super::plugin;
use crate::harness::{built, wat};

const KINDS: &str = "
[[kind]]
id = 1
name = \"granted\"
plugin.file = \"FILE\"
[[kind.plugin.http]]
allow = \"http://127.0.0.1:8081\"
[kind.plugin.settings]
shop = \"x\"

[[kind]]
id = 2
name = \"bare\"
plugin.file = \"other.wasm\"
";

#[test]
fn a_sound_plugin_is_described_priced_and_told_what_it_needs() {
    let file = built("misbehave");
    let ran = plugin(file.parent().unwrap(), &["check", "misbehave.wasm"]);
    ran.says(
        0,
        &["a core module; the component made of it has", "world mpy6a:handler@1.0.0; this host speaks", "It loads."],
    );
    ran.says(0, &["sha256", "µs for each run, the median of", "ms, without a cache", "KiB before the first call"]);
    ran.says(0, &["wasi:http/outgoing-handler@", "(needs [[kind.plugin.http]])", "or it does not load"]);
}

#[test]
fn the_same_as_json_for_programs() {
    let file = wat("bare-delete");
    let ran = plugin(file.parent().unwrap(), &["check", "--output", "json", "bare-delete.wasm"]);
    let checked: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(ran.code, 0, "{}", ran.err);
    let of_file = &checked["file"];
    assert_eq!(checked["loads"], true);
    assert_eq!((&of_file["form"], &of_file["contract"]), (&"module".into(), &"mpy6a:handler@1.0.0".into()));
    assert_eq!(of_file["bytes"], fs::metadata(&file).unwrap().len());
    assert_eq!(of_file["imports"][0]["name"], "mpy6a:handler/types@1.0.0");
    assert_eq!(of_file["imports"][0]["needs"], "nothing");
    // What it declares: 64 pages.
    assert!(checked["cost"]["memory_bytes"].as_u64().unwrap() >= 64 << 16, "{checked}");
    assert!(checked["cost"]["instances"].as_u64().unwrap() >= 1);
    for cost in ["compile_ms", "instantiate_us"] {
        assert!(checked["cost"][cost].as_f64().unwrap() > 0.0, "{checked}");
    }
}

#[test]
fn a_refusal_is_json_too() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("empty.wasm"), "").unwrap();
    let ran = plugin(folder.path(), &["check", "--output", "json", "empty.wasm"]);
    let checked: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &checked["loads"], &checked["file"]), (1, &false.into(), &Value::Null));
    assert_eq!(checked["findings"][0]["level"], "error");
    assert!(checked["findings"][0]["text"].as_str().unwrap().contains("it is empty"), "{checked}");
}

#[test]
fn against_a_config_the_kinds_own_grants_count() {
    let file = built("misbehave");
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("mpy6a.toml");
    fs::write(&config, KINDS.replace("FILE", file.to_str().unwrap())).unwrap();
    let check = |more: &[&str]| {
        let arguments = [&["check", file.to_str().unwrap(), "--config", config.to_str().unwrap()], more].concat();
        plugin(folder.path(), &arguments)
    };
    // The kind that names the file is the one that is meant.
    check(&[]).says(0, &["It loads."]);
    check(&["--kind", "granted"]).says(0, &["It loads."]);
    let refused = ["imports wasi:http/", "add [[kind.plugin.http]] with `allow`", "It does not load"];
    check(&["--kind", "bare"]).says(1, &refused);
    check(&["--kind", "2"]).says(1, &refused);
    check(&["--kind", "nobody"]).says(1, &["no kind `nobody`", "`granted`, `bare`"]);
    fs::write(&config, "lisen = 1\n").unwrap();
    check(&[]).says(1, &["mpy6a.toml:1: lisen: unknown key"]);
}

#[test]
fn a_file_that_no_kind_names_needs_to_be_told_whose_it_is() {
    let file = wat("bare-delete");
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("mpy6a.toml");
    fs::write(&config, KINDS.replace("FILE", "absent.wasm")).unwrap();
    let arguments = ["check", file.to_str().unwrap(), "--config", config.to_str().unwrap()];
    plugin(folder.path(), &arguments).says(1, &["several kinds", "--kind", "`granted`, `bare`"]);
    plugin(folder.path(), &["check", "x.wasm", "--kind", "bare"]).says(2, &["--config"]);
}

#[test]
fn a_build_for_debugging_loads_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let mut wasm = fs::read(wat("bare-delete")).unwrap();
    let section = |name: &str, bytes: usize| {
        let contents = [&[u8::try_from(name.len()).unwrap()], name.as_bytes(), &vec![0; bytes]].concat();
        let mut length = contents.len();
        let mut head = vec![0];
        while length >= 128 {
            head.push(u8::try_from(length % 128).unwrap() | 128);
            length /= 128;
        }
        head.push(u8::try_from(length).unwrap());
        [head, contents].concat()
    };
    wasm.extend(section(".debug_info", 200 << 10));
    fs::write(folder.path().join("debug.wasm"), wasm).unwrap();
    plugin(folder.path(), &["check", "debug.wasm"]).says(
        0,
        &["WARNING", "200 KiB of it are debug information", "strip = true", "-Os -s, without -g", "It loads."],
    );
}

#[test]
fn a_plugin_that_does_not_start_within_the_kinds_limits_is_told_so() {
    let file = wat("start-loops");
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("mpy6a.toml");
    let kind = "[[kind]]\nid = 1\nname = \"a\"\nplugin.file = \"a.wasm\"\nplugin.fuel = 1_000_000\n";
    fs::write(&config, kind).unwrap();
    let arguments = ["check", file.to_str().unwrap(), "--config", config.to_str().unwrap()];
    plugin(folder.path(), &arguments)
        .says(1, &["does not start within its limits", "out-of-fuel", "raise the kind's `fuel`"]);
}
