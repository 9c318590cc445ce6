//! Reads `mpy6a-plugin.toml`, the manifest of a handler's project. docs/plugins.md documents every key.

use std::{
    fs,
    io::Read as _,
    ops::Range,
    path::{Component, Path, PathBuf},
};

use mpy6a_plugins::shown;
use serde::Deserialize;
use toml::Spanned;

use super::{Language, ManifestError, manifest_error::Problem, name};

/// What the manifest of a project is called.
pub const MANIFEST: &str = "mpy6a-plugin.toml";

/// Longest manifest, in bytes: a real one has under 1 KiB.
pub const MANIFEST_BYTES_MAX: u64 = 64 << 10;

/// Most commands of a build: a longer list is a script's job.
pub const COMMANDS_MAX: usize = 32;

/// What a manifest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Names the output: `build/<name>.wasm`.
    pub name: String,
    /// What it is written in.
    pub language: Language,
    /// The commands of the build, each a program and its arguments: at least one, none empty.
    pub commands: Vec<Vec<String>>,
    /// What they make, inside the project's folder: a component or a core module.
    pub output: PathBuf,
}

/// The file, key by key. What is absent is for [`Reader::required`] to report, all at once.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: Option<Spanned<String>>,
    language: Option<Spanned<String>>,
    build: Option<Spanned<RawBuild>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBuild {
    commands: Option<Spanned<Vec<Vec<String>>>>,
    output: Option<Spanned<String>>,
}

impl Manifest {
    /// Read and check a manifest.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with its values; of a file that is no TOML or has an unknown key, the first such thing.
    pub fn read(file: &Path) -> Result<Self, ManifestError> {
        let refused =
            |message| ManifestError { file: file.to_owned(), problems: vec![Problem { line: None, message }] };
        Self::parse(file, &text_of(file).map_err(refused)?)
    }

    /// Check the text of a manifest; `file` names it in errors.
    ///
    /// # Errors
    ///
    /// As [`Manifest::read`].
    pub fn parse(file: &Path, text: &str) -> Result<Self, ManifestError> {
        parse(text).map_err(|problems| ManifestError { file: file.to_owned(), problems })
    }
}

fn text_of(file: &Path) -> Result<String, String> {
    let advice = "name the folder of a project; `mpy6a plugin new` makes one";
    let mut bytes = Vec::new();
    fs::File::open(file)
        .and_then(|file| file.take(MANIFEST_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("the manifest cannot be read: {error}: {advice}"))?;
    if bytes.len() as u64 > MANIFEST_BYTES_MAX {
        return Err(format!("longer than {MANIFEST_BYTES_MAX} bytes, the most for a manifest: {advice}"));
    }
    String::from_utf8(bytes).map_err(|_| "not UTF-8 text: save it as UTF-8".to_owned())
}

fn parse(text: &str) -> Result<Manifest, Vec<Problem>> {
    let mut reader = Reader { text, problems: Vec::new() };
    let raw: Raw = match toml::from_str(text) {
        Ok(raw) => raw,
        Err(error) => {
            reader.problem(error.span(), error.message().replace('\n', ", "));
            return Err(reader.problems);
        }
    };
    let name = reader.required(raw.name, "name", "name = \"cancel-order\"", |name: &String| name::check(name));
    let language = reader.required(raw.language, "language", "language = \"rust\"", |language: &String| {
        language.parse::<Language>().map(drop).map_err(|error| error.to_string())
    });
    let build = reader.required(raw.build, "build", "[build]", |_: &RawBuild| Ok(()));
    let (commands, output) = build.map_or((None, None), |build| (build.commands, build.output));
    let example = "commands = [[\"cargo\", \"build\"]]";
    let commands = reader.required(commands, "build.commands", example, |commands| check_commands(commands));
    let output = reader.required(output, "build.output", "output = \"handler.wasm\"", |output: &String| {
        check_output(output, name.as_deref())
    });
    // Without problems nothing is absent.
    match (name, language.and_then(|language| language.parse().ok()), commands, output) {
        (Some(name), Some(language), Some(commands), Some(output)) if reader.problems.is_empty() => {
            Ok(Manifest { name, language, commands, output: output.into() })
        }
        _ => Err(reader.problems),
    }
}

/// Gathers what is wrong.
struct Reader<'t> {
    text: &'t str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    /// The value of a key that has to be there and right; `example` is a line that would do.
    fn required<T>(
        &mut self,
        value: Option<Spanned<T>>,
        key: &str,
        example: &str,
        check: impl FnOnce(&T) -> Result<(), String>,
    ) -> Option<T> {
        let Some(value) = value else {
            self.problem(None, format!("{key}: missing: add for example `{example}`"));
            return None;
        };
        if let Err(message) = check(value.get_ref()) {
            self.problem(Some(value.span()), format!("{key}: {message}"));
        }
        Some(value.into_inner())
    }

    fn problem(&mut self, at: Option<Range<usize>>, message: String) {
        let line = at.and_then(|at| self.text.get(..at.start)).map(|before| before.matches('\n').count() + 1);
        self.problems.push(Problem { line, message: shown::line(&message, shown::MESSAGE_BYTES_MAX) });
    }
}

fn check_commands(commands: &[Vec<String>]) -> Result<(), String> {
    if commands.is_empty() || commands.len() > COMMANDS_MAX {
        return Err(format!("{} commands: write 1 to {COMMANDS_MAX}", commands.len()));
    }
    if commands.iter().any(|command| command.first().is_none_or(String::is_empty)) {
        return Err("a command without a program: write a list of texts, the program first".to_owned());
    }
    Ok(())
}

/// The output lies in the project, and is not where the finished component goes.
fn check_output(output: &str, name: Option<&str>) -> Result<(), String> {
    let advice = "write the path of the Wasm file that the commands make, relative to this file";
    let path = Path::new(output);
    let inside = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if path.file_name().is_none() || !inside {
        return Err(format!("`{}` is no file in the project: {advice}", output.escape_default()));
    }
    let plain: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
    if name.map(component_file) == Some(plain) {
        return Err(format!("`{output}` is where the finished component goes: have the commands write another file"));
    }
    Ok(())
}

/// Where the finished component of a project goes, inside its folder.
#[must_use]
pub fn component_file(name: &str) -> PathBuf {
    Path::new("build").join(format!("{name}.wasm"))
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
