#![allow(clippy::unwrap_used)]
use super::*;

const RIGHT: &str = r#"
name = "cancel-order"
language = "python"

[build]
commands = [["make", "x"], ["strip", "y"]]
output = "out/handler.wasm"
"#;

/// What is wrong with a manifest, as it is displayed.
fn wrong(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(MANIFEST);
    fs::write(&file, text).unwrap();
    let error = Manifest::read(&file).unwrap_err().to_string();
    error.replace(&file.display().to_string(), "FILE")
}

#[test]
fn a_manifest_is_read() {
    let manifest = parse(RIGHT).unwrap();
    assert_eq!((manifest.name.as_str(), manifest.language), ("cancel-order", Language::Python));
    assert_eq!(manifest.commands, [["make", "x"], ["strip", "y"]]);
    assert_eq!(manifest.output, Path::new("out/handler.wasm"));
    assert_eq!(component_file(&manifest.name), Path::new("build/cancel-order.wasm"));
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_what_may_be_there() {
    let text = wrong(&RIGHT.replace("output", "outptu"));
    assert_eq!(text, "FILE:7: unknown field `outptu`, expected `commands` or `output`");
    let text = wrong(&RIGHT.replace("name =", "nam ="));
    assert_eq!(text, "FILE:2: unknown field `nam`, expected one of `name`, `language`, `build`");
}

#[test]
fn everything_that_is_missing_is_told_at_once_with_a_line_that_would_do() {
    let text = wrong("[build]\n");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines,
        [
            "FILE: name: missing: add for example `name = \"cancel-order\"`",
            "FILE: language: missing: add for example `language = \"rust\"`",
            "FILE: build.commands: missing: add for example `commands = [[\"cargo\", \"build\"]]`",
            "FILE: build.output: missing: add for example `output = \"handler.wasm\"`",
        ]
    );
}

#[test]
fn every_wrong_value_is_told_with_its_line_and_what_to_write() {
    let text =
        wrong("name = \"Cancel Order\"\nlanguage = \"perl\"\n[build]\ncommands = [[]]\noutput = \"/tmp/x.wasm\"\n");
    for part in [
        "FILE:1: name: `Cancel Order` is no name",
        "FILE:2: language: `perl` is unknown: write rust, js, python, c or go",
        "FILE:4: build.commands: a command without a program: write a list of texts",
        "FILE:5: build.output: `/tmp/x.wasm` is no file in the project: write the path",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn an_output_outside_the_project_or_in_the_components_place_is_refused() {
    for outside in ["../x.wasm", "a/../../x.wasm", "", ".", "/x.wasm"] {
        let text = wrong(&RIGHT.replace("out/handler.wasm", outside));
        assert!(text.starts_with("FILE:7: build.output: "), "{outside}: {text}");
    }
    let text = wrong(&RIGHT.replace("out/handler.wasm", "./build/cancel-order.wasm"));
    assert!(text.contains("is where the finished component goes"), "{text}");
}

#[test]
fn what_is_no_toml_or_too_long_or_not_there_is_told_so() {
    assert!(wrong("name = \n").starts_with("FILE:1: "), "{}", wrong("name = \n"));
    assert!(wrong("name = 7\n").contains("expected a string"), "{}", wrong("name = 7\n"));
    let long = "#".repeat(usize::try_from(MANIFEST_BYTES_MAX).unwrap() + 1);
    assert!(wrong(&long).contains("the most for a manifest"));
    let many = format!("commands = [{}]", "[\"a\"],".repeat(COMMANDS_MAX + 1));
    assert!(
        wrong(&RIGHT.replace("commands = [[\"make\", \"x\"], [\"strip\", \"y\"]]", &many)).contains("write 1 to 32")
    );
    let absent = Manifest::read(Path::new("/nowhere/mpy6a-plugin.toml")).unwrap_err().to_string();
    assert!(absent.contains("cannot be read") && absent.contains("mpy6a plugin new"), "{absent}");
}
