//! Makes a project: the language's template with the name filled in, and beside it the SDK and the contract, so that it
//! builds wherever the folder goes.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    Language,
    embedded::{Embedded, template, vendored},
    name,
};

/// A project is not made. Every message names the remedy.
#[derive(Debug, thiserror::Error)]
pub enum NewError {
    /// It cannot be called so.
    #[error("{0}")]
    Name(String),
    /// Something of that name is there.
    #[error("{0} is there already, and stays as it is: choose another name, or move it away")]
    Exists(PathBuf),
    /// This program was built without a template for the language.
    #[error("this mpy6a carries no template for {0}: build it from a checkout that has sdk/{key}/template", key = .0.key())]
    NoTemplate(Language),
    /// The folder cannot be written.
    #[error("{path} cannot be written: {error}; check the free space, and who may write there")]
    Write {
        /// Which file or folder.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
}

/// Make the folder `name` inside `parent`, and answer its path.
///
/// # Errors
///
/// [`NewError`]; what was made of the folder is gone then.
pub fn new(language: Language, name: &str, parent: &Path) -> Result<PathBuf, NewError> {
    name::check(name).map_err(NewError::Name)?;
    let template = template(language);
    if template.is_empty() {
        return Err(NewError::NoTemplate(language));
    }
    let project = parent.join(name);
    fs::create_dir(&project).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => NewError::Exists(project.clone()),
        _ => NewError::Write { path: project.clone(), error },
    })?;
    let own = template.into_iter().map(|file| filled_in(file, name));
    let written = own.chain(vendored(language)).try_for_each(|file| write(&project, &file));
    if let Err(error) = written {
        // Half a project is of no use; the first error is the one to tell.
        let _ = fs::remove_dir_all(&project);
        return Err(error);
    }
    Ok(project)
}

/// The placeholders of a template are `{{name}}` and `{{name_snake}}`; what is not text has none.
fn filled_in(file: Embedded, name: &str) -> Embedded {
    let Ok(text) = str::from_utf8(&file.contents) else { return file };
    let text = text.replace("{{name}}", name).replace("{{name_snake}}", &name::snake(name));
    Embedded { path: file.path, contents: text.into_bytes().into() }
}

fn write(project: &Path, file: &Embedded) -> Result<(), NewError> {
    let path = project.join(&file.path);
    let folder = path.parent().unwrap_or(project);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, &file.contents));
    written.map_err(|error| NewError::Write { path, error })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::project::{MANIFEST, Manifest};

    #[test]
    fn a_new_project_has_its_name_filled_in_and_a_manifest_that_reads() {
        let parent = tempfile::tempdir().unwrap();
        let project = new(Language::Rust, "cancel-order", parent.path()).unwrap();
        assert_eq!(project, parent.path().join("cancel-order"));
        let manifest = Manifest::read(&project.join(MANIFEST)).unwrap();
        assert_eq!((manifest.name.as_str(), manifest.language), ("cancel-order", Language::Rust));
        assert!(manifest.output.ends_with("cancel_order.wasm"), "{}", manifest.output.display());
        let cargo = fs::read_to_string(project.join("Cargo.toml")).unwrap();
        assert!(cargo.contains("name = \"cancel-order\"") && !cargo.contains("{{"), "{cargo}");
        assert!(project.join("mpy6a/sdk/rust/Cargo.toml").is_file());
    }

    #[test]
    fn every_language_makes_a_project_without_placeholders() {
        let parent = tempfile::tempdir().unwrap();
        for language in Language::ALL {
            let project = new(language, &format!("my-{}", language.key()), parent.path()).unwrap();
            let manifest = Manifest::read(&project.join(MANIFEST)).unwrap();
            assert_eq!(manifest.language, language);
            for entry in fs::read_dir(&project).unwrap() {
                let path = entry.unwrap().path();
                let text = fs::read_to_string(&path).unwrap_or_default();
                assert!(!text.contains("{{name"), "{}", path.display());
            }
        }
    }

    #[test]
    fn what_is_there_is_not_touched_and_a_bad_name_makes_nothing() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join("taken"), "mine").unwrap();
        let refused = new(Language::Rust, "taken", parent.path()).unwrap_err().to_string();
        assert!(refused.contains("is there already") && refused.contains("another name"), "{refused}");
        assert_eq!(fs::read_to_string(parent.path().join("taken")).unwrap(), "mine");
        assert!(matches!(new(Language::Rust, "../out", parent.path()), Err(NewError::Name(_))));
        assert!(matches!(new(Language::Rust, "a", &parent.path().join("absent")), Err(NewError::Write { .. })));
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }
}
