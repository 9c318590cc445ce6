//! `new` makes a project that builds as it is and loads, with the language's real toolchain.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Ran, plugin, ran};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Where what is built for projects is kept from one run of the tests to the next: `target/tmp`.
const TMP: &str = env!("CARGO_TARGET_TMPDIR");

const TARGET: &str = "wasm32-unknown-unknown";

/// Make a project and answer its folder.
fn made(folder: &Path, language: &str) -> PathBuf {
    let name = format!("cancel-order-{language}");
    let ran = plugin(folder, &["new", "--lang", language, &name]);
    ran.says(0, &["Made", "mpy6a plugin build", &format!("mpy6a plugin test build/{name}.wasm scenarios.toml")]);
    folder.join(name)
}

/// It built, and what it built loads and is what the project says.
#[track_caller]
fn is_a_handler(project: &Path, built: &Ran) {
    let name = project.file_name().unwrap().to_str().unwrap();
    built.tells(0, &[&format!("Built build/{name}.wasm"), "[[kind.plugin.http]]", "[kind.plugin.settings]"]);
    let checked = plugin(project, &["check", &format!("build/{name}.wasm")]);
    checked.says(0, &["a component", "world mpy6a:handler@1.0.0", "It loads."]);
    assert!(!checked.out.contains("WARNING"), "{}", checked.out);
}

/// A folder for projects; its name is no other test's.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(TMP).unwrap()
}

/// The variables by which cargo finds this machine's compiler for Wasm, where that is Debian's and not rustup's. The same as
/// in .ci/guest-toolchain.sh.
fn rust_variables() -> Vec<(&'static str, String)> {
    let library = Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output().unwrap();
    if library.status.success() && Path::new(String::from_utf8(library.stdout).unwrap().trim()).is_dir() {
        return Vec::new();
    }
    let path = format!("/usr/bin:{}", env::var("PATH").unwrap());
    vec![
        ("PATH", path),
        ("RUSTC", "/usr/bin/rustc".to_owned()),
        ("RUSTC_BOOTSTRAP", "1".to_owned()),
        ("RUSTFLAGS", "-Clinker=/usr/bin/wasm-ld".to_owned()),
        ("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort".to_owned()),
    ]
}

/// `mpy6a plugin build` in Rust, with the versions of this repository's own lock file, and one `target` for all such projects.
fn build_rust(project: &Path) -> Ran {
    fs::copy(Path::new(ROOT).join("Cargo.lock"), project.join("Cargo.lock")).unwrap();
    let target = Path::new(TMP).join("plugin-target");
    fs::create_dir_all(&target).unwrap();
    std::os::unix::fs::symlink(&target, project.join("target")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_mpy6a"));
    // What cargo tells its tests is not for another cargo.
    for (variable, _) in env::vars().filter(|(name, _)| name.starts_with("CARGO_") || name.starts_with("RUST")) {
        if !matches!(variable.as_str(), "CARGO_HOME" | "RUSTUP_HOME" | "RUSTUP_TOOLCHAIN") {
            command.env_remove(variable);
        }
    }
    command.envs(rust_variables()).args(["plugin", "build"]).current_dir(project);
    ran(command.output().unwrap())
}

/// Inside this repository, whose workspace it must not be taken for a part of.
#[test]
fn a_rust_project_builds_and_loads() {
    let inside = Path::new(ROOT).join("target");
    fs::create_dir_all(&inside).unwrap();
    let folder = tempfile::tempdir_in(inside).unwrap();
    let project = made(folder.path(), "rust");
    is_a_handler(&project, &build_rust(&project));
}

/// With the toolchain that .ci/toolchains installs.
fn builds(language: &str) {
    let folder = folder();
    let project = made(folder.path(), language);
    is_a_handler(&project, &built_by_its_toolchain(&project, language));
}

fn built_by_its_toolchain(project: &Path, language: &str) -> Ran {
    let mut command = Command::new(Path::new(ROOT).join(".ci/toolchains"));
    command.args([language, "--", env!("CARGO_BIN_EXE_mpy6a"), "plugin", "build"]).current_dir(project);
    ran(command.output().unwrap())
}

#[test]
fn a_javascript_project_builds_and_loads() {
    builds("js");
}

#[test]
fn a_javascript_handler_that_waits_for_a_promise_is_told_so() {
    let folder = folder();
    let project = made(folder.path(), "js");
    let build = |handler: &str| {
        let sdk = "import { defineHandler } from \"mpy6a-handler\";\n";
        fs::write(project.join("src/handler.js"), format!("{sdk}{handler}")).unwrap();
        built_by_its_toolchain(&project, "js")
    };
    let run = || plugin(&project, &["run", "build/cancel-order-js.wasm", "--record", "order 7"]);

    // What waits is never come to, and the session would be gone.
    let floating = "Promise.resolve().then(() => repeat.append(\"late\")); repeat.delete();";
    build(&format!("export const handle = defineHandler((repeat) => {{ {floating} }});")).tells(0, &["Built"]);
    run().tells(1, &["trapped: a promise was pending when the handler returned", "src/handler.js:2"]);
    let unmanaged = "Promise.resolve().then(() => {}); data.session.delete();";
    build(&format!("export function handle(data) {{ {unmanaged} }}")).tells(0, &["Built"]);
    run().tells(1, &["trapped: a promise was pending when the handler returned"]);
    build("export async function handle(data) {}").tells(1, &["src/handler.js:2: an async function"]);
    build(
        "async function work(repeat) { await 1; repeat.append(\"late\"); }\nexport const handle = defineHandler(work);",
    )
    .tells(1, &["src/handler.js:2: an async function"]);

    // One that forgets to finish says that, and one that throws says what it threw.
    build("export const handle = defineHandler(() => {});").tells(0, &["Built"]);
    run().tells(0, &["unfinished: the handler returned without delete or store"]);
    build("export const handle = defineHandler(() => { throw new Error(\"rate missing\"); });").tells(0, &["Built"]);
    run().tells(1, &["trapped: the handler threw Error: rate missing"]);
}

#[test]
fn a_python_project_builds_and_loads() {
    builds("python");
}

#[test]
fn a_c_project_builds_and_loads() {
    builds("c");
}

#[test]
fn a_go_project_builds_and_loads() {
    builds("go");
}

#[test]
fn what_is_there_already_is_left_alone_and_a_bad_name_is_told_so() {
    let folder = folder();
    fs::create_dir(folder.path().join("taken")).unwrap();
    let new = |language: &str, name: &str| plugin(folder.path(), &["new", "--lang", language, name]);
    new("rust", "taken").says(1, &["taken is there already, and stays as it is", "choose another name"]);
    new("rust", "Cancel_Order").says(1, &["`Cancel_Order` is no name for a project", "for example `cancel-order`"]);
    new("rust", "../out").says(1, &["is no name for a project"]);
    new("rust", "match").says(1, &["`match` is a word that a language keeps to itself", "`match-handler`"]);
    new("cobol", "a").says(2, &["invalid value 'cobol'", "rust, js, python, c, go"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was made");
}
