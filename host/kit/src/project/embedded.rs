//! What this program carries for new projects: the templates, the SDKs and the contract, as they were when it was built.

use std::borrow::Cow;

use rust_embed::Embed;

use super::Language;

/// The folder `sdk`, without the client library, which is no handler's, the SDKs' own tests, and what tools leave there.
#[derive(Embed)]
#[folder = "../../sdk"]
#[exclude = "client/*"]
#[exclude = "{rust,js,python,c,go}/{test,tests}/*"]
#[exclude = "{rust,js,python,c,go}/{build,build-*,dist,target,wit,zig-out}/*"]
#[exclude = "{rust,js,python,c,go}/template/{build,dist,mpy6a,target,zig-out}/*"]
#[exclude = "*/{node_modules,__pycache__,venv,.venv,zig-cache,.zig-cache}/*"]
#[exclude = "*/.*_cache/*"]
#[exclude = "*.egg-info/*"]
#[exclude = "*.{pyc,wasm,swp}"]
#[exclude = "*~"]
#[exclude = "{rust,js,python,c,go}/{.gitignore,package-lock.json}"]
struct Sdk;

/// The folder `wit`: the contract.
#[derive(Embed)]
#[folder = "../../wit"]
struct Wit;

/// A file that a new project gets.
pub(super) struct Embedded {
    /// Where, inside the project, with `/`.
    pub(super) path: String,
    /// What is in it.
    pub(super) contents: Cow<'static, [u8]>,
}

/// The files of the language's template, placeholders and all; none if there is no template.
pub(super) fn template(language: Language) -> Vec<Embedded> {
    let folder = format!("{}/template/", language.key());
    files::<Sdk>(|path| path.strip_prefix(&folder).map(named_in_project))
}

/// The SDK of the language and the contract, with this repository's layout, in the folder `mpy6a`.
pub(super) fn vendored(language: Language) -> Vec<Embedded> {
    let (folder, template) = (format!("{}/", language.key()), format!("{}/template/", language.key()));
    // Go has its tests beside what they test.
    let is_sdk = |path: &str| path.starts_with(&folder) && !path.starts_with(&template) && !path.ends_with("_test.go");
    let mut all = files::<Sdk>(|path| is_sdk(path).then(|| format!("mpy6a/sdk/{path}")));
    all.extend(files::<Wit>(|path| Some(format!("mpy6a/wit/{path}"))));
    all
}

fn files<E: Embed>(place: impl Fn(&str) -> Option<String>) -> Vec<Embedded> {
    let file = |path: Cow<'static, str>| Some(Embedded { path: place(&path)?, contents: E::get(&path)?.data });
    E::iter().filter_map(file).collect()
}

/// Files that would mean something to this repository's own tools begin with `_` in a template.
fn named_in_project(path: &str) -> String {
    let (folder, file) = path.rsplit_once('/').map_or(("", path), |(folder, file)| (folder, file));
    let file = match file {
        "_Cargo.toml" => "Cargo.toml",
        "_gitignore" => ".gitignore",
        "_go.mod" => "go.mod",
        other => other,
    };
    if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn paths(files: &[Embedded]) -> Vec<&str> {
        files.iter().map(|file| file.path.as_str()).collect()
    }

    #[test]
    fn a_template_has_a_manifest_scenarios_and_a_readme_under_their_real_names() {
        for language in Language::ALL {
            let files = template(language);
            for name in ["mpy6a-plugin.toml", "scenarios.toml", "README.md", ".gitignore"] {
                assert!(paths(&files).contains(&name), "{language}: {name} is not in {:?}", paths(&files));
            }
        }
        let files = [Language::Rust, Language::Go, Language::Js].map(template);
        for (files, name) in files.iter().zip(["Cargo.toml", "go.mod", "test/handler.test.js"]) {
            assert!(paths(files).contains(&name), "{name} is not in {:?}", paths(files));
        }
    }

    #[test]
    fn what_is_vendored_is_the_sdk_and_the_contract_and_nothing_that_tools_left() {
        for language in Language::ALL {
            for path in paths(&vendored(language)) {
                let own = format!("mpy6a/sdk/{}/", language.key());
                assert!(path.starts_with(&own) || path.starts_with("mpy6a/wit/"), "{path}");
                let left = ["template", "node_modules", "target", "__pycache__", "tests", "test", ".gitignore"];
                assert!(!path.split('/').any(|part| left.contains(&part)) && !path.ends_with("_test.go"), "{path}");
            }
        }
        // A folder of sources, whatever its name.
        assert!(paths(&vendored(Language::Go)).contains(&"mpy6a/sdk/go/cmd/build/main.go"));
        let files = vendored(Language::Rust);
        assert!(paths(&files).contains(&"mpy6a/wit/deps/wasi-config/store.wit"));
        let contract = files.iter().find(|file| file.path == "mpy6a/wit/handler.wit").unwrap();
        assert_eq!(&*contract.contents, include_bytes!("../../../../wit/handler.wit"));
    }

    /// A dependency or a package's field, however it is written.
    fn spelled_out(value: &toml::Value) -> (String, bool, Vec<String>) {
        let Some(table) = value.as_table() else { return (value.as_str().unwrap().to_owned(), true, Vec::new()) };
        let features = table.get("features").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        let mut features: Vec<String> = features.iter().map(|it| it.as_str().unwrap().to_owned()).collect();
        features.sort();
        let default = table.get("default-features").and_then(toml::Value::as_bool).unwrap_or(true);
        (table["version"].as_str().unwrap().to_owned(), default, features)
    }

    #[test]
    fn the_rust_sdk_says_itself_what_the_workspace_says_for_all_others() {
        let root: toml::Table = toml::from_str(include_str!("../../../../Cargo.toml")).unwrap();
        let sdk: toml::Table = toml::from_str(include_str!("../../../../sdk/rust/Cargo.toml")).unwrap();
        let workspace = root["workspace"].as_table().unwrap();
        for (field, value) in workspace["package"].as_table().unwrap() {
            assert_eq!(sdk["package"].get(field), Some(value), "{field}");
        }
        assert_eq!(sdk["lints"], workspace["lints"]);
        let of_wasm = sdk["target"]["cfg(target_arch = \"wasm32\")"]["dependencies"].as_table().unwrap();
        for (name, value) in sdk["dependencies"].as_table().unwrap().iter().chain(of_wasm) {
            assert_eq!(spelled_out(value), spelled_out(&workspace["dependencies"][name]), "{name}");
        }
    }
}
