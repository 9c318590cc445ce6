//! One file for each thing that parses. Each opens with what its inputs are and what must hold.

pub mod config;
pub mod egress;
pub mod ids;
pub mod log_segment;
pub mod manifest;
pub mod plugin;
pub mod recording;
pub mod replies;
pub mod requests;
pub mod rows;
pub mod scenario;

use std::path::{Path, PathBuf};

/// A path in the project, named from its root.
fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// A file of the project, as a seed.
fn file(path: &str) -> Vec<u8> {
    let path = project(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
