use serde_json::Value;

/// Longest part of a payload that an error repeats, in characters.
const SHOWN: usize = 80;

/// Why a delivery that is signed correctly cannot become orders.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// The body is not JSON.
    #[error("body: expected JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A field is not what it must be.
    #[error("{field}: expected {expected}, got {got}")]
    Field {
        /// Path of the field from the top of the payload.
        field: String,
        /// What must be there.
        expected: String,
        /// What is there, shortened.
        got: String,
    },
}

impl PayloadError {
    /// Returns the path of the field; `body` for the whole.
    pub fn field(&self) -> &str {
        match self {
            Self::Json(_) => "body",
            Self::Field { field, .. } => field,
        }
    }
}

/// A place in a payload that knows its own name. Nothing and `null` are the same.
#[derive(Debug, Clone)]
pub(crate) struct Field<'a> {
    path: String,
    value: Option<&'a Value>,
}

impl<'a> Field<'a> {
    pub(crate) const fn root(value: &'a Value) -> Self {
        Self { path: String::new(), value: Some(value) }
    }

    pub(crate) const fn new(path: String, value: Option<&'a Value>) -> Self {
        Self { path, value }
    }

    pub(crate) fn get(&self, name: &str) -> Self {
        let value = self.value.and_then(|value| value.get(name)).filter(|value| !value.is_null());
        Self { path: self.place(name), value }
    }

    /// Name of what is at `rest` from here.
    pub(crate) fn place(&self, rest: &str) -> String {
        let joins = self.path.is_empty() || rest.is_empty() || rest.starts_with('[');
        let dot = if joins { "" } else { "." };
        format!("{}{dot}{rest}", self.path)
    }

    pub(crate) const fn is_present(&self) -> bool {
        self.value.is_some()
    }

    pub(crate) const fn value(&self) -> Option<&'a Value> {
        self.value
    }

    pub(crate) fn text(&self) -> Result<&'a str, PayloadError> {
        self.value.and_then(Value::as_str).ok_or_else(|| self.expected("text"))
    }

    pub(crate) fn is(&self, expected: &str) -> bool {
        self.value.and_then(Value::as_str) == Some(expected)
    }

    pub(crate) fn is_true(&self) -> bool {
        self.value == Some(&Value::Bool(true))
    }

    /// Returns an id of the provider, written as text or as a whole number. It goes into keys, so it has no separator
    /// and a bounded length.
    pub(crate) fn id(&self) -> Result<String, PayloadError> {
        let id = match self.value {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) if !number.is_f64() => number.to_string(),
            _ => String::new(),
        };
        let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        if (1..=255).contains(&id.len()) && id.bytes().all(safe) {
            return Ok(id);
        }
        Err(self.expected("an id of 1 to 255 letters, digits, `_` and `-`"))
    }

    /// Returns a whole number, written as one or as text.
    pub(crate) fn number(&self) -> Option<u64> {
        match self.value? {
            Value::String(text) => text.parse().ok(),
            value => value.as_u64(),
        }
    }

    pub(crate) fn expected(&self, expected: impl Into<String>) -> PayloadError {
        let got =
            self.value.map_or_else(|| "nothing".to_owned(), |value| shown(&value.to_string()));
        self.expected_not(expected, got)
    }

    pub(crate) fn expected_not(
        &self,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> PayloadError {
        let field = self.path.clone();
        PayloadError::Field { field, expected: expected.into(), got: got.into() }
    }
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
