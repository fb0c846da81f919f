use core::fmt;
use std::{cell::RefCell, collections::BTreeSet};

use toml::{Table, Value};

/// Longest part of a configuration that an error repeats, in characters.
const SHOWN: usize = 80;

/// A field that is not what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Path of the field.
    pub field: String,
    /// What must be there.
    pub expected: String,
    /// What is there, shortened; never a secret.
    pub got: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, got {}", self.field, self.expected, self.got)
    }
}

/// Everything that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// At least one, in order of the sections.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.problems.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for ConfigError {}

/// Problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    pub(super) fn into_result<T>(self, value: T) -> Result<T, ConfigError> {
        let problems = self.0.into_inner();
        if problems.is_empty() { Ok(value) } else { Err(ConfigError { problems }) }
    }
}

/// A table of a configuration that knows its name, and what was asked for.
pub(super) struct Section<'a> {
    name: String,
    table: Option<&'a Table>,
    asked: RefCell<BTreeSet<String>>,
    problems: &'a Problems,
}

impl<'a> Section<'a> {
    pub(super) const fn root(table: &'a Table, problems: &'a Problems) -> Self {
        let asked = RefCell::new(BTreeSet::new());
        Self { name: String::new(), table: Some(table), asked, problems }
    }

    pub(super) const fn is_there(&self) -> bool {
        self.table.is_some()
    }

    pub(super) fn place(&self, name: &str) -> String {
        if self.name.is_empty() { name.to_owned() } else { format!("{}.{name}", self.name) }
    }

    pub(super) fn names(&self) -> Vec<&'a str> {
        self.table.into_iter().flat_map(|table| table.keys().map(String::as_str)).collect()
    }

    fn value(&self, name: &str) -> Option<&'a Value> {
        self.asked.borrow_mut().insert(name.to_owned());
        self.table?.get(name)
    }

    pub(super) fn section(&self, name: &str) -> Self {
        let value = self.value(name);
        let table = value.and_then(Value::as_table);
        if let (Some(value), None) = (value, table) {
            self.wrong(name, "a table", shown(value));
        }
        let asked = RefCell::default();
        Self { name: self.place(name), table, asked, problems: self.problems }
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        let value = self.value(name)?;
        let text = value.as_str();
        if text.is_none() {
            self.wrong(name, "text", shown(value));
        }
        text
    }

    pub(super) fn required(&self, name: &str, expected: &str) -> Option<&'a str> {
        if self.value(name).is_none() {
            self.wrong(name, expected, "nothing");
        }
        self.text(name)
    }

    /// Text, or a list of it.
    pub(super) fn texts(&self, name: &str) -> Option<Vec<&'a str>> {
        let value = self.value(name)?;
        let texts = match value {
            Value::String(text) => Some(vec![text.as_str()]),
            Value::Array(list) => list.iter().map(Value::as_str).collect(),
            _ => None,
        };
        if texts.is_none() {
            self.wrong(name, "text, or a list of it", shown(value));
        }
        texts
    }

    pub(super) fn number(&self, name: &str, expected: &str) -> Option<u64> {
        let value = self.value(name)?;
        let number = value.as_integer().and_then(|number| u64::try_from(number).ok());
        if number.is_none() {
            self.wrong(name, expected, shown(value));
        }
        number
    }

    /// Reports a field.
    pub(super) fn wrong(&self, name: &str, expected: impl Into<String>, got: impl Into<String>) {
        let (field, expected, got) = (self.place(name), expected.into(), got.into());
        self.problems.0.borrow_mut().push(Problem { field, expected, got });
    }

    /// Reports a field by an error that says what was expected; takes the value otherwise.
    pub(super) fn read<T, E: ToString>(&self, name: &str, read: Result<T, E>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(error) => {
                let text = error.to_string();
                let (expected, got) = text.split_once(", got ").unwrap_or((&text, "another"));
                let expected = expected.split_once("expected ").map_or(expected, |(_, what)| what);
                self.wrong(name, expected, got);
                None
            }
        }
    }

    /// Reports what nobody asked for: a name that is mistyped would be without effect.
    pub(super) fn finish(&self) {
        let asked = self.asked.borrow();
        for name in self.names().into_iter().filter(|name| !asked.contains(*name)) {
            let known: Vec<_> = asked.iter().map(String::as_str).collect();
            self.wrong(name, format!("one of {}", known.join(", ")), "this name");
        }
    }
}

pub(super) fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
