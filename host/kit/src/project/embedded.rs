//! What this program carries for new projects: the templates, the SDKs and the contract, as they were when it was built.

use std::borrow::Cow;

use rust_embed::Embed;

use super::Language;

/// The folder `sdk`, without what tools leave in it, tests, and the client library, which is no handler's.
#[derive(Embed)]
#[folder = "../../sdk"]
#[exclude = "client/*"]
#[exclude = "*/node_modules/*"]
#[exclude = "*/target/*"]
#[exclude = "*/build/*"]
#[exclude = "*/dist/*"]
#[exclude = "*/zig-cache/*"]
#[exclude = "*/.zig-cache/*"]
#[exclude = "*/zig-out/*"]
#[exclude = "*/tests/*"]
#[exclude = "*/test/*"]
#[exclude = "*/.venv/*"]
#[exclude = "*/venv/*"]
#[exclude = "*/__pycache__/*"]
#[exclude = "*/.pytest_cache/*"]
#[exclude = "*/.mypy_cache/*"]
#[exclude = "*/.ruff_cache/*"]
#[exclude = "*.egg-info/*"]
#[exclude = "*.pyc"]
#[exclude = "*.wasm"]
#[exclude = "*~"]
#[exclude = "*.swp"]
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
    let is_sdk = |path: &str| path.starts_with(&folder) && !path.starts_with(&template);
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
        let files = template(Language::Rust);
        for name in ["mpy6a-plugin.toml", "scenarios.toml", "README.md", ".gitignore", "Cargo.toml", "src/lib.rs"] {
            assert!(paths(&files).contains(&name), "{name} is not in {:?}", paths(&files));
        }
    }

    #[test]
    fn what_is_vendored_is_the_sdk_and_the_contract_and_nothing_that_tools_left() {
        for language in Language::ALL {
            for path in paths(&vendored(language)) {
                let own = format!("mpy6a/sdk/{}/", language.key());
                assert!(path.starts_with(&own) || path.starts_with("mpy6a/wit/"), "{path}");
                let left = ["template", "node_modules", "target", "__pycache__", "tests"];
                assert!(!path.split('/').any(|part| left.contains(&part)), "{path}");
            }
        }
        let files = vendored(Language::Rust);
        assert!(paths(&files).contains(&"mpy6a/wit/deps/wasi-config/store.wit"));
        let contract = files.iter().find(|file| file.path == "mpy6a/wit/handler.wit").unwrap();
        assert_eq!(&*contract.contents, include_bytes!("../../../../wit/handler.wit"));
    }
}
