//! A handler's project: a folder with sources, a manifest and the SDK.
//!
//! | file | job |
//! |---|---|
//! | [`new`] | makes one |
//! | [`build`], `build_error` | builds one: its commands, then a component |
//! | [`manifest`], `manifest_error` | reads `mpy6a-plugin.toml` |
//! | [`language`] | the languages, and how to install what they need |
//! | [`name`] | what a project may be called |
//! | `embedded` | the templates, SDKs and the contract that this program carries |
//!
//! ```text
//! sdk/<lang>/template/  --new-->  NAME/  --build-->  NAME/build/NAME.wasm
//! sdk/<lang>/, wit/     --new-->  NAME/mpy6a/
//! ```
//!
//! Invariants: `new` touches nothing that is there. `build` puts a component in place whole or not at all, and never one
//! that an earlier build left.

pub mod build;
mod build_error;
mod embedded;
pub mod language;
pub mod manifest;
mod manifest_error;
pub mod name;
pub mod new;

pub use self::{
    build::{Built, build},
    build_error::BuildError,
    language::Language,
    manifest::{MANIFEST, Manifest},
    manifest_error::ManifestError,
    new::{NewError, new},
};
