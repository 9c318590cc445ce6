//! Reads a TOML tree key by key and gathers everything that is wrong on the way, so that one look at the report is
//! enough.
//!
//! A [`Table`] is asked for each key that it may have; [`Table::done`] then reports the keys that nobody asked for. A
//! key that is absent or wrong yields its default, so that reading goes on; the caller uses nothing of it if there
//! were problems. What was asked for and absent is kept too: a test proves by it that the documented config names
//! every key.

use std::{cell::RefCell, ops::Range};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

pub use super::findings::{Findings, Parsed};
use crate::limits::NAME_BYTES_MAX;

/// One table of the file, or an empty one where the file has none.
#[derive(Debug)]
pub struct Table<'t, 'a> {
    findings: &'t Findings<'a>,
    table: Option<&'t DeTable<'a>>,
    /// Where it stands in the text.
    span: Option<Range<usize>>,
    /// Its key with the tables around it and a dot at the end; empty for the whole file.
    prefix: String,
    asked: RefCell<Vec<&'static str>>,
}

impl<'t, 'a> Table<'t, 'a> {
    /// The whole file.
    #[must_use]
    pub fn root(findings: &'t Findings<'a>, table: &'t DeTable<'a>) -> Self {
        Self { findings, table: Some(table), span: None, prefix: String::new(), asked: RefCell::default() }
    }

    /// The value of a key, if it is there and right.
    pub fn optional<T>(&self, key: &'static str, parse: impl FnOnce(&DeValue<'a>) -> Parsed<T>) -> Option<T> {
        let value = self.find(key)?;
        match parse(value.get_ref()) {
            Ok(it) => Some(it),
            Err(message) => {
                self.findings.add(Some(value.span()), &self.path(key), message);
                None
            }
        }
    }

    /// The value of a key, or its default.
    pub fn or<T>(&self, key: &'static str, default: T, parse: impl FnOnce(&DeValue<'a>) -> Parsed<T>) -> T {
        self.optional(key, parse).unwrap_or(default)
    }

    /// The value of a key that has to be there; `example` is a line that would do.
    pub fn required<T>(
        &self,
        key: &'static str,
        example: &str,
        parse: impl FnOnce(&DeValue<'a>) -> Parsed<T>,
    ) -> Option<T> {
        if self.table.is_none_or(|table| !table.contains_key(key)) {
            self.findings.add(self.span.clone(), &self.path(key), format!("missing: add for example `{example}`"));
        }
        self.optional(key, parse)
    }

    /// A table inside this one: empty if it is absent.
    #[must_use]
    pub fn table(&self, key: &'static str) -> Table<'t, 'a> {
        let value = self.find(key);
        let table = value.and_then(|value| match value.get_ref() {
            DeValue::Table(table) => Some(table),
            other => {
                self.findings.add(
                    Some(value.span()),
                    &self.path(key),
                    format!("{} where a table is due", kind_of(other)),
                );
                None
            }
        });
        self.inner(key, table, value.map(Spanned::span).or(self.span.clone()))
    }

    /// The tables of an array, `[[key]]`.
    #[must_use]
    pub fn tables(&self, key: &'static str) -> Vec<Table<'t, 'a>> {
        let Some(value) = self.find(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            let message =
                format!("{} where a list of tables is due: write `[[{}]]`", kind_of(value.get_ref()), self.path(key));
            self.findings.add(Some(value.span()), &self.path(key), message);
            return Vec::new();
        };
        let table = |item: &'t Spanned<DeValue<'a>>| match item.get_ref() {
            DeValue::Table(table) => Some(self.inner(key, Some(table), Some(item.span()))),
            other => {
                self.findings.add(
                    Some(item.span()),
                    &self.path(key),
                    format!("{} where a table is due", kind_of(other)),
                );
                None
            }
        };
        items.iter().filter_map(table).collect()
    }

    /// Every key of a table whose keys are the user's own to choose.
    pub fn entries(&self) -> impl Iterator<Item = (&'t str, &'t DeValue<'a>)> + use<'t, 'a> {
        let entries = self.table.into_iter().flat_map(DeTable::iter);
        entries.map(|(key, value)| (key.get_ref().as_ref(), value.get_ref()))
    }

    /// Whether a key is there, right or wrong.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// Report a problem with one of its keys, or with the whole table where the key is absent.
    pub fn problem(&self, key: &str, message: impl Into<String>) {
        let at = self.table.and_then(|table| table.get(key)).map(Spanned::span).or(self.span.clone());
        self.findings.add(at, self.path(key).trim_end_matches('.'), message);
    }

    /// Every key that this table may have was asked for: report the others.
    pub fn done(&self) {
        let asked = self.asked.borrow();
        for key in self.table.into_iter().flat_map(DeTable::keys) {
            let name: &str = key.get_ref();
            if !asked.contains(&name) {
                self.findings.add(Some(key.span()), &self.path(name), format!("unknown key: {}", advice(name, &asked)));
            }
        }
    }

    fn find(&self, key: &'static str) -> Option<&'t Spanned<DeValue<'a>>> {
        self.asked.borrow_mut().push(key);
        let value = self.table.and_then(|table| table.get(key));
        if value.is_none() {
            self.findings.absent(self.path(key));
        }
        value
    }

    fn inner(&self, key: &str, table: Option<&'t DeTable<'a>>, span: Option<Range<usize>>) -> Table<'t, 'a> {
        let prefix = format!("{}.", self.path(key));
        Table { findings: self.findings, table, span, prefix, asked: RefCell::default() }
    }

    fn path(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }
}

/// What a person calls this value.
#[must_use]
pub fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// What to do about an unknown key: the known one most like it, or all of them.
fn advice(unknown: &str, known: &[&'static str]) -> String {
    // A longer one is no slip of the pen, and comparing takes memory for each letter of both.
    let comparable = known.iter().filter(|_| unknown.len() <= NAME_BYTES_MAX);
    let nearest = comparable.map(|known| (strsim::damerau_levenshtein(unknown, known), known)).min();
    match nearest {
        Some((distance, known)) if distance <= 2 && distance < known.len() => format!("write `{known}`"),
        _ => format!("here may be {}", known.join(", ")),
    }
}
