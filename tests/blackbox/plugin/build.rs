//! `build` on projects whose commands are everyday programs: what it runs, what it refuses, what it leaves in place.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::plugin;
use crate::harness::wat;

/// A project that copies `made.wasm`, which is a sound core module, to its output.
struct Project(TempDir);

impl Project {
    fn new() -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        fs::copy(wat("bare-delete"), project.path("made.wasm")).unwrap();
        project.manifest(r#"[["cp", "made.wasm", "out/handler.wasm"]]"#)
    }

    fn manifest(self, commands: &str) -> Self {
        self.write(
            "mpy6a-plugin.toml",
            &format!(
                "name = \"tidy-up\"\nlanguage = \"c\"\n[build]\ncommands = {commands}\noutput = \"out/handler.wasm\"\n"
            ),
        )
    }

    fn write(self, file: &str, text: &str) -> Self {
        fs::write(self.path(file), text).unwrap();
        self
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn build(&self) -> super::Ran {
        plugin(self.0.path(), &["build"])
    }
}

/// The lines of a report from `[kind.plugin]` on: what a user pastes.
fn pasted(out: &str) -> &str {
    &out[out.find("[kind.plugin]").unwrap()..]
}

#[test]
fn the_commands_output_becomes_a_component_and_the_config_lines_are_right() {
    let project = Project::new();
    let ran = project.build();
    ran.says(0, &["$ cp made.wasm out/handler.wasm", "Built build/tidy-up.wasm", "bytes", "sha256"]);
    let component = fs::read(project.path("build/tidy-up.wasm")).unwrap();
    assert_eq!(component[..8], *b"\0asm\x0d\0\x01\0", "a component");
    assert!(ran.out.contains(&hex::encode(Sha256::digest(&component))), "{}", ran.out);
    // Pasted as they are, and with the digest pinned, they are a config that loads it.
    let lines = pasted(&ran.out).replace("#sha256", "sha256");
    let config = format!("[[kind]]\nid = 1\nname = \"tidy-up\"\n{lines}");
    let config = project.write("mpy6a.toml", &config);
    let arguments = ["check", "build/tidy-up.wasm", "--config", "mpy6a.toml"];
    plugin(config.0.path(), &arguments).says(0, &["It loads."]);
}

#[test]
fn a_component_is_taken_as_it_is_and_replaced_at_one_stroke() {
    let project = Project::new();
    project.build().says(0, &[]);
    let first = fs::read(project.path("build/tidy-up.wasm")).unwrap();
    let inode = fs::metadata(project.path("build/tidy-up.wasm")).unwrap().ino();
    fs::write(project.path("made.wasm"), &first).unwrap();
    // From another folder, too.
    let ran = plugin(Path::new("/"), &["build".as_ref(), project.0.path().as_os_str()]);
    ran.says(0, &["tidy-up.wasm"]);
    assert_eq!(fs::read(project.path("build/tidy-up.wasm")).unwrap(), first);
    assert_ne!(
        fs::metadata(project.path("build/tidy-up.wasm")).unwrap().ino(),
        inode,
        "another file, renamed into place"
    );
    let left: Vec<_> = fs::read_dir(project.path("build")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn an_output_that_no_command_made_is_not_passed_off_as_new() {
    let project = Project::new();
    project.build().says(0, &[]);
    let before = fs::read(project.path("build/tidy-up.wasm")).unwrap();
    // The output of the build before is still there, and these commands write elsewhere.
    let project = project.manifest(r#"[["cp", "made.wasm", "out/elsewhere.wasm"]]"#);
    project.build().says(1, &["the commands succeeded, but made no", "out/handler.wasm", "correct `build.output`"]);
    assert_eq!(fs::read(project.path("build/tidy-up.wasm")).unwrap(), before, "the last good one stays");
}

#[test]
fn a_source_named_as_the_output_by_mistake_survives() {
    let project = Project::new().write("mpy6a-plugin.toml", "");
    let project = project.manifest("[[\"true\"]]");
    fs::create_dir(project.path("out")).unwrap();
    let project = project.write("out/handler.wasm", "int handle(void);\n");
    project.build().says(1, &["is no Wasm file, so it stays", "correct `build.output`"]);
    assert_eq!(fs::read_to_string(project.path("out/handler.wasm")).unwrap(), "int handle(void);\n");
}

#[test]
fn a_command_that_fails_or_is_missing_says_what_to_do() {
    Project::new()
        .manifest(r#"[["false"], ["touch", "after"]]"#)
        .build()
        .says(1, &["`false` failed (exit status: 1)", "read what it printed above", "pip install ziglang"]);
    let project = Project::new().manifest(r#"[["false"], ["touch", "after"]]"#);
    project.build().says(1, &[]);
    assert!(!project.path("after").exists(), "nothing runs after a command that failed");
    for (program, remedy) in [
        ("componentize-py", "pip install componentize-py"),
        ("node_modules/.bin/componentize-qjs", "npm install"),
        ("npm", "Node.js 20 or newer"),
        ("go", "Go 1.24 or newer"),
        ("cargo", "rustup target add wasm32-unknown-unknown"),
        ("python-zig", "pip install ziglang"),
        ("no-such-compiler", "correct `build.commands`"),
    ] {
        let project = Project::new().manifest(&format!("[[\"{program}\", \"x\"]]"));
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_mpy6a"));
        // A machine without any toolchain.
        let output = command.args(["plugin", "build"]).current_dir(project.0.path()).env("PATH", "/nowhere").output();
        super::ran(output.unwrap()).says(1, &[&format!("`{program}` is not installed, or not on the PATH"), remedy]);
    }
}

#[test]
fn an_output_that_no_host_would_load_is_refused_before_it_is_in_place() {
    let project = Project::new();
    fs::copy(wat("no-handle"), project.path("made.wasm")).unwrap();
    project.build().says(1, &["handler.wasm does not load", "does not export `handle`"]);
    assert!(!project.path("build").join("tidy-up.wasm").exists());
}

#[test]
fn a_manifest_that_is_wrong_is_told_by_line_and_a_folder_without_one_how_to_start() {
    let project = Project::new().write("mpy6a-plugin.toml", "name = \"A b\"\nlanguage = \"cobol\"\n[bild]\n");
    project.build().says(1, &["mpy6a-plugin.toml:3: unknown field `bild`"]);
    let project =
        project.write("mpy6a-plugin.toml", "name = \"A b\"\nlanguage = \"cobol\"\n[build]\ncommands = [[\"x\"]]\n");
    project.build().says(
        1,
        &[
            "mpy6a-plugin.toml:1: name: `A b` is no name",
            "mpy6a-plugin.toml:2: language: `cobol` is unknown: write rust, js, python, c or go",
            "build.output: missing: add for example `output = \"handler.wasm\"`",
        ],
    );
    let empty = tempfile::tempdir().unwrap();
    plugin(empty.path(), &["build"]).says(1, &["cannot be read", "`mpy6a plugin new` makes one"]);
}
