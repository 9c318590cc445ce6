//! A config, put together key by key.
//!
//! Its defaults are a test's, not the host's: due at once, no jitter, one repeat, a lease that no slow machine
//! outlives.

use std::{collections::BTreeMap, path::Path};

use toml::{Table, Value};

use super::{guests::built, program::Ports};

/// The folder of compiled plugins that all tests share, so that a guest is compiled once.
const CACHE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/plugins");

/// A config file to be.
#[derive(Clone)]
pub struct Config {
    root: Table,
    kinds: BTreeMap<u32, Kind>,
}

impl Config {
    /// A config with these kinds.
    pub fn of(kinds: impl IntoIterator<Item = Kind>) -> Self {
        let kinds = kinds.into_iter().map(|kind| (kind.id, kind)).collect();
        Self { root: Table::new(), kinds }.set("log.format", "json").set("plugins.cache", CACHE)
    }

    /// Set a key, `section.name`.
    pub fn set(mut self, path: &str, value: impl Into<Value>) -> Self {
        put(&mut self.root, path, value.into());
        self
    }

    /// Let somebody in: `lines` of an `[[access]]`.
    pub fn admit(mut self, lines: &str) -> Self {
        let entry = Value::Table(toml::from_str(lines).unwrap());
        let access = self.root.entry("access").or_insert_with(|| Value::Array(Vec::new()));
        access.as_array_mut().unwrap().push(entry);
        self
    }

    /// Add a kind, or put it in the place of the one with its number.
    pub fn with(mut self, kind: Kind) -> Self {
        self.kinds.insert(kind.id, kind);
        self
    }

    /// The text, with this address under this key.
    pub fn text_with(&self, key: &str, address: &str) -> String {
        let mut root = self.root.clone();
        put(&mut root, key, address.into());
        toml::to_string(&root).unwrap()
    }

    /// The text, for a host at these ports.
    pub fn text(&self, ports: Ports) -> String {
        let mut root = self.root.clone();
        put(&mut root, "listen", format!("127.0.0.1:{}", ports.clients).into());
        put(&mut root, "admin.listen", format!("127.0.0.1:{}", ports.operators).into());
        let kinds: Vec<Value> = self.kinds.values().map(|kind| Value::Table(kind.table.clone())).collect();
        root.insert("kind".to_owned(), Value::Array(kinds));
        toml::to_string(&root).unwrap()
    }
}

/// One `[[kind]]`.
#[derive(Clone)]
pub struct Kind {
    id: u32,
    table: Table,
}

impl Kind {
    /// A kind whose sessions this plugin repeats. Its name is `k` and its number.
    pub fn new(id: u32, plugin: impl AsRef<Path>) -> Self {
        Self { id, table: Table::new() }
            .set("id", id)
            .set("name", format!("k{id}"))
            .set("lease", "60s")
            .set("delay", "0s")
            .set("jitter", "0s")
            .set("max_repeats", 1)
            .set("max_running", 4)
            .set("backoff.initial", "20ms")
            .set("backoff.max", "20ms")
            .set("plugin.file", plugin.as_ref().to_str().unwrap())
            .set("plugin.fuel", 200_000_000)
            .set("plugin.time", "30s")
    }

    /// A kind whose handler does what the first record says: see `tests/guests/misbehave`.
    ///
    /// That guest imports `wasi:http`, so it needs a grant to be loaded: one for a port that nobody serves.
    pub fn misbehave(id: u32) -> Self {
        Self::new(id, built("misbehave")).allow("http://127.0.0.1:9")
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Set a key of the kind.
    pub fn set(mut self, path: &str, value: impl Into<Value>) -> Self {
        put(&mut self.table, path, value.into());
        self
    }

    /// Grant requests to this target, and to no other.
    pub fn allow(self, target: &str) -> Self {
        let rule = Table::from_iter([("allow".to_owned(), Value::from(target))]);
        self.set("plugin.http", vec![Value::Table(rule)])
    }
}

/// Put a value at a path of tables, which are made on the way.
fn put(table: &mut Table, path: &str, value: Value) {
    match path.split_once('.') {
        None => drop(table.insert(path.to_owned(), value)),
        Some((first, rest)) => {
            let inner = table.entry(first).or_insert_with(|| Value::Table(Table::new()));
            put(inner.as_table_mut().unwrap(), rest, value);
        }
    }
}
