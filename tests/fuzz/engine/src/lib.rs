//! Nothing but a dependency: see `Cargo.toml`.
