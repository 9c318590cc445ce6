//! A kind's `[kind.plugin]`: the file, what one run may use, what it may reach, and its settings.

use std::{collections::BTreeMap, path::Path, time::Duration};

use mpy6a_plugins::{
    Grants, HttpRule, PluginSpec, RunLimits,
    limits::{MEMORY_BYTES_MAX, RULES_MAX},
};
use toml::de::DeValue;

use super::{
    reader::{Parsed, Table},
    values::{duration_ms, integer, path, sha256, size, string},
};
use crate::limits::{SETTINGS_BYTES_MAX, SETTINGS_MAX};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Read a kind's plugin; none if it names no file.
pub(super) fn read(table: &Table<'_, '_>, folder: &Path) -> Option<PluginSpec> {
    let file = table.required("file", "file = \"handler.wasm\"", path(folder));
    let sha256 = table.optional("sha256", sha256);
    let limits = read_limits(table);
    let http = read_http(table);
    let settings = read_settings(&table.table("settings"));
    table.done();
    Some(PluginSpec { file: file?, sha256, limits, grants: Grants { http, ..Grants::default() }, settings })
}

fn read_limits(table: &Table<'_, '_>) -> RunLimits {
    let default = RunLimits::default();
    let time_ms = u64::try_from(default.time.as_millis()).unwrap_or(u64::MAX);
    RunLimits {
        fuel: table.or("fuel", default.fuel, integer(1..=i64::MAX as u64)),
        memory_bytes: table.or("memory", default.memory_bytes, size(64 * KIB..=MEMORY_BYTES_MAX)),
        time: Duration::from_millis(table.or("time", time_ms, duration_ms(1))),
        response_bytes: table.or("response", default.response_bytes, size(KIB..=256 * MIB)),
        log_bytes: table.or("log", default.log_bytes, size(0..=16 * MIB)),
    }
}

fn read_http(table: &Table<'_, '_>) -> Vec<HttpRule> {
    let tables = table.tables("http");
    if tables.len() > RULES_MAX {
        table.problem("http", format!("{} rules: a kind may have at most {RULES_MAX}", tables.len()));
    }
    tables.iter().filter_map(read_rule).collect()
}

fn read_rule(table: &Table<'_, '_>) -> Option<HttpRule> {
    let target = table.required("allow", "allow = \"https://api.example.com\"", string);
    let addresses = table.or("addresses", Vec::new(), strings);
    table.done();
    let target = target?;
    match HttpRule::parse(&target, &addresses) {
        Ok(rule) => Some(rule),
        Err(error) => {
            let key = if matches!(error, mpy6a_plugins::RuleError::Addresses(_)) { "addresses" } else { "allow" };
            table.problem(key, error.to_string());
            None
        }
    }
}

fn strings(value: &DeValue<'_>) -> Parsed<Vec<String>> {
    const ADVICE: &str = "write a list of texts, for example [\"10.0.0.0/8\"]";
    let items = value.as_array().ok_or_else(|| ADVICE.to_owned())?;
    items.iter().map(|item| string(item.get_ref()).map_err(|_| ADVICE.to_owned())).collect()
}

/// The settings: names and values of the user's own choice. A value may be a secret, so no message repeats one.
fn read_settings(table: &Table<'_, '_>) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    for (key, value) in table.entries() {
        match value {
            DeValue::String(text) => drop(settings.insert(key.to_owned(), text.clone().into_owned())),
            _ => table.problem(key, "settings are texts: write the value in quotes"),
        }
    }
    let bytes: usize = settings.iter().map(|(key, value)| key.len() + value.len()).sum();
    if settings.len() > SETTINGS_MAX || bytes > SETTINGS_BYTES_MAX {
        let message = format!(
            "{} settings of {bytes} bytes: a kind may have at most {SETTINGS_MAX} of {SETTINGS_BYTES_MAX} bytes together",
            settings.len()
        );
        table.problem("", message);
    }
    settings
}
