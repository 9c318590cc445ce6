//! The `[[access]]` tables: who may do what.

use std::collections::{BTreeMap, BTreeSet};

use toml::de::DeValue;

use super::{
    Kind,
    reader::{Parsed, Table},
    values::{boolean, name, nonempty, string},
};
use crate::{
    auth::token,
    limits::{ACCESS_MAX, ACCESS_TOKENS_MAX, CERTIFICATE_NAME_BYTES_MAX},
};

/// One who may do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessEntry {
    /// Their name, for the log.
    pub name: String,
    /// The SHA-256 of each of their tokens.
    pub tokens: Vec<[u8; 32]>,
    /// A name in their client certificate.
    pub certificate: Option<String>,
    /// When all of that ends, in Unix milliseconds.
    pub expires_ms: Option<u64>,
    /// Which kinds they may open sessions of.
    pub open: Opens,
    /// Whether they may look at everything.
    pub read: bool,
    /// Whether they may change everything.
    pub administer: bool,
}

/// Kinds that somebody may open sessions of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opens {
    /// All of them.
    Every,
    /// Those of these names.
    Named(BTreeSet<String>),
}

/// Read every entry. One that is wrong is left out; that is a problem then.
pub(super) fn read_all(root: &Table<'_, '_>, kinds: &BTreeMap<u32, Kind>) -> Vec<AccessEntry> {
    let tables = root.tables("access");
    if tables.len() > ACCESS_MAX {
        let count = tables.len();
        root.problem("access", format!("{count} entries: a host knows at most {ACCESS_MAX}, so let some share one"));
    }
    let mut entries: Vec<AccessEntry> = Vec::new();
    for table in tables {
        if let Some(entry) = read(&table, kinds) {
            check_unique(&table, &entry, &entries);
            entries.push(entry);
        }
        table.done();
    }
    entries
}

fn read(table: &Table<'_, '_>, kinds: &BTreeMap<u32, Kind>) -> Option<AccessEntry> {
    let name = table.required("name", "name = \"shop\"", name);
    let one = table.optional("token", digest);
    let several = table.or("tokens", Vec::new(), digests);
    let open = table.optional("open", opens(kinds));
    let entry = AccessEntry {
        name: name.clone().unwrap_or_default(),
        tokens: one.into_iter().chain(several).collect(),
        certificate: table.optional("certificate", certificate),
        expires_ms: table.optional("expires", time),
        open: open.clone().unwrap_or(Opens::Named(BTreeSet::new())),
        read: table.or("read", false, boolean),
        administer: table.or("administer", false, boolean),
    };
    check_whole(table, &entry, open.is_none() && table.has("open"));
    name.map(|_| entry)
}

/// `open_is_wrong`: it has been reported already.
fn check_whole(table: &Table<'_, '_>, entry: &AccessEntry, open_is_wrong: bool) {
    // A key that is there and wrong has been reported already.
    let shows = ["token", "tokens", "certificate"].iter().any(|key| table.has(key));
    if !shows {
        table.problem("", "nothing to know them by: add `token`, made by `mpy6a token new`, or `certificate`");
    }
    let opens = open_is_wrong || entry.open != Opens::Named(BTreeSet::new());
    if !opens && !entry.read && !entry.administer {
        table.problem("", "they may do nothing: add `open = [\"KIND\"]`, `read = true` or `administer = true`");
    }
    if entry.tokens.len() > ACCESS_TOKENS_MAX {
        let message = format!("more than {ACCESS_TOKENS_MAX} tokens: remove those that are no longer in use");
        table.problem("tokens", message);
    }
}

fn check_unique(table: &Table<'_, '_>, entry: &AccessEntry, others: &[AccessEntry]) {
    if others.iter().any(|other| other.name == entry.name) {
        table.problem("name", format!("`{}` is there already: give each entry its own name", entry.name));
    }
    let shared = |token: &[u8; 32]| others.iter().any(|other| other.tokens.contains(token));
    if entry.tokens.iter().any(shared) {
        let key = if table.has("token") { "token" } else { "tokens" };
        table.problem(key, "another entry has this token already: make each its own with `mpy6a token new`");
    }
    let taken = others.iter().find(|other| other.certificate.is_some() && other.certificate == entry.certificate);
    if let Some(other) = taken {
        table.problem("certificate", format!("`{}` has this name already: give each entry its own", other.name));
    }
}

/// `sha256:` and 64 hex digits. What stands there otherwise may be a token itself, so it is never repeated.
fn digest(value: &DeValue<'_>) -> Parsed<[u8; 32]> {
    let wrong = "no digest of a token: write \"sha256:\" and 64 hex digits, as `mpy6a token hash` prints them";
    let text = string(value)?;
    let digits = text.strip_prefix(token::ALGORITHM).ok_or(wrong)?;
    let mut digest = [0; 32];
    hex::decode_to_slice(digits, &mut digest).map_err(|_| wrong)?;
    Ok(digest)
}

fn digests(value: &DeValue<'_>) -> Parsed<Vec<[u8; 32]>> {
    let DeValue::Array(items) = value else { return Err("write a list: tokens = [\"sha256:…\"]".to_owned()) };
    items.iter().map(|item| digest(item.get_ref())).collect()
}

fn certificate(value: &DeValue<'_>) -> Parsed<String> {
    let text = nonempty(value)?;
    if text.len() > CERTIFICATE_NAME_BYTES_MAX || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(format!(
            "no name of a certificate: write a DNS name, a URI such as \"spiffe://example.org/shop\", or a common name \
             without spaces, of at most {CERTIFICATE_NAME_BYTES_MAX} bytes"
        ));
    }
    Ok(text)
}

fn time(value: &DeValue<'_>) -> Parsed<u64> {
    const ADVICE: &str = "write UTC in quotes, for example \"2027-01-01T00:00:00Z\"";
    let text = string(value)?;
    let time = humantime::parse_rfc3339(&text).map_err(|_| format!("`{text}` is no time: {ADVICE}"))?;
    let since = time.duration_since(std::time::UNIX_EPOCH).ok();
    let ms = since.and_then(|since| u64::try_from(since.as_millis()).ok());
    ms.ok_or_else(|| format!("`{text}` is out of range: {ADVICE}"))
}

fn opens(kinds: &BTreeMap<u32, Kind>) -> impl Fn(&DeValue<'_>) -> Parsed<Opens> {
    move |value| {
        if matches!(value, DeValue::String(text) if text == "*") {
            return Ok(Opens::Every);
        }
        let names = texts(value).ok_or("write kinds by name, open = [\"create-user\"], or \"*\" for all")?;
        if names.iter().any(|name| name == "*") {
            return Ok(Opens::Every);
        }
        let unknown = |name: &&String| !kinds.values().any(|kind| kind.name == **name);
        if let Some(unknown) = names.iter().find(unknown) {
            return Err(format!("no kind is named `{unknown}`: add the [[kind]], or correct the name"));
        }
        Ok(Opens::Named(names.into_iter().collect()))
    }
}

fn texts(value: &DeValue<'_>) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| string(item.get_ref()).ok()).collect()
}
