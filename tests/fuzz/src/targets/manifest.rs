//! Manifests of handlers' projects, `mpy6a-plugin.toml`.
//!
//! Input: the text of a manifest.
//!
//! * Every problem is one line, with a remedy.
//! * What is accepted says the same when it is written out again, and its paths stay inside the project.

use std::path::{Component, Path};

use mpy6a_kit::project::{Manifest, manifest::MANIFEST, manifest::component_file, name};
use toml::{Table, Value};

use super::file;
use crate::{Parsed, Target, memory::Bound, words};

/// The target.
pub const TARGET: Target = Target {
    name: "manifest",
    input_bytes_max: 2048,
    run,
    seeds,
    words: &[
        "name", "language", "[build]", "commands", "output", "= [[\"", "\"]]", "rust", "python", "go", "../", "./",
        "build/",
    ],
};

const MEMORY: Bound = Bound { factor: 256, base: 1 << 20 };

fn run(bytes: &[u8]) -> Parsed {
    let Ok(text) = std::str::from_utf8(bytes) else { return Parsed::Refused };
    let path = Path::new(MANIFEST);
    let parsed = MEMORY.hold(bytes.len(), || Manifest::parse(path, text));
    match &parsed {
        Ok(manifest) => {
            assert_eq!(name::check(&manifest.name), Ok(()));
            assert!(manifest.output.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)));
            assert_ne!(manifest.output, component_file(&manifest.name));
            assert!(manifest.commands.iter().all(|command| command.first().is_some_and(|program| !program.is_empty())));
            assert_eq!(Manifest::parse(path, &written(manifest)).as_ref().ok(), Some(manifest));
        }
        Err(error) => {
            // What is no manifest at all is said in the words of the TOML parser.
            let of_toml = toml::from_str::<Table>(text).is_err() || error.to_string().contains("unknown field");
            for line in error.to_string().lines() {
                if of_toml || line.contains("invalid type") { words::check_plain(line) } else { words::check(line) }
            }
        }
    }
    Parsed::of(&parsed)
}

fn written(manifest: &Manifest) -> String {
    let text = |text: &str| Value::String(text.to_owned());
    let output = manifest.output.to_str().expect("it was text");
    let commands =
        manifest.commands.iter().map(|command| Value::Array(command.iter().map(|word| text(word)).collect()));
    let build = Table::from_iter([
        ("commands".to_owned(), Value::Array(commands.collect())),
        ("output".to_owned(), text(output)),
    ]);
    let whole = Table::from_iter([
        ("name".to_owned(), text(&manifest.name)),
        ("language".to_owned(), text(manifest.language.key())),
        ("build".to_owned(), Value::Table(build)),
    ]);
    whole.to_string()
}

fn seeds() -> Vec<Vec<u8>> {
    let examples = ["rust", "js", "python", "c", "go"].map(|language| format!("plugins-examples/reminder/{language}"));
    examples.iter().map(|folder| file(&format!("{folder}/{MANIFEST}"))).collect()
}
