use jsonpath_rust::{
    parser::{model::JpQuery, parse_json_path},
    query::js_path_process,
};

use crate::field::Field;

/// A place in payloads, written as `JSONPath` (RFC 9535).
///
/// `$` is the payload. A path that begins with `@` instead starts at the line item.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    text: String,
    start: Start,
    query: JpQuery,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    Payload,
    Item,
}

impl Path {
    /// Reads a path; the error says where it is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let start = match text.as_bytes().first() {
            Some(b'@') => Start::Item,
            _ => Start::Payload,
        };
        let rest = text.strip_prefix(['$', '@']).ok_or_else(|| {
            format!(
                "expected JSONPath that begins with `$`, or `@` for the line item, got `{text}`"
            )
        })?;
        let query = parse_json_path(&format!("${rest}"))
            .map_err(|error| format!("expected JSONPath, got `{text}`: {error}"))?;
        Ok(Self { text: rest.trim_start_matches('.').to_owned(), start, query })
    }

    /// What this path finds; nothing when it starts at an item and there is none.
    fn find<'a>(&self, payload: &Field<'a>, item: Option<&Field<'a>>) -> Option<Found<'a>> {
        let from = match self.start {
            Start::Payload => payload,
            Start::Item => item?,
        };
        let place = from.place(&self.text);
        let Some(value) = from.value() else { return Some(Found { place, values: Vec::new() }) };
        // What is not a place in the document cannot be in it.
        let found = js_path_process(&self.query, value).unwrap_or_default();
        let values = found.into_iter().map(|found| found.val).filter(|value| !value.is_null());
        Some(Found { place, values: values.collect() })
    }
}

/// What a path found, and its name for errors.
struct Found<'a> {
    place: String,
    values: Vec<&'a serde_json::Value>,
}

/// Places in order of preference: the first that holds something counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Paths(Vec<Path>);

impl Paths {
    pub(crate) fn parse(texts: &[impl AsRef<str>]) -> Result<Self, String> {
        texts.iter().map(|text| Path::parse(text.as_ref())).collect::<Result<_, _>>().map(Self)
    }

    /// The paths of a provider, which a test reads.
    pub(crate) fn fixed(texts: &'static [&'static str]) -> Self {
        Self::parse(texts).expect("the paths of a provider are JSONPath")
    }

    #[cfg(test)]
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first place that holds something, else the first that could; nothing when there is no such place.
    pub(crate) fn first<'a>(
        &self,
        payload: &Field<'a>,
        item: Option<&Field<'a>>,
    ) -> Option<Field<'a>> {
        let mut found: Vec<_> = self.0.iter().filter_map(|path| path.find(payload, item)).collect();
        let holds = found.iter().position(|found| !found.values.is_empty()).unwrap_or(0);
        if found.is_empty() {
            return None;
        }
        let Found { place, values } = found.swap_remove(holds);
        Some(Field::new(place, values.first().copied()))
    }

    /// The members of the first list that is there. A path that finds several values is a list of them.
    pub(crate) fn list<'a>(&self, payload: &Field<'a>) -> Option<Vec<Field<'a>>> {
        let mut found = self.0.iter().filter_map(|path| path.find(payload, None));
        let Found { place, values } = found.find(|found| !found.values.is_empty())?;
        let values = match values[..] {
            [one] => one.as_array().map_or_else(|| vec![one], |list| list.iter().collect()),
            _ => values,
        };
        let member = |(at, value)| Field::new(format!("{place}[{at}]"), Some(value));
        Some(values.into_iter().enumerate().map(member).collect())
    }
}
