//! The log: a line of JSON for each event, with the fields of all spans around it, such as the request and the layer.
//!
//! `CloudWatch` Logs Insights finds fields of such lines by name.

use std::{
    fmt::{self, Debug},
    io,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    EnvFilter,
    field::RecordFields,
    fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, format::Writer},
    registry::LookupSpan,
};

use crate::calendar::date_time;

/// Starts the log on stderr: what is worth knowing and worse; `RUST_LOG` overrides.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    log.fmt_fields(Json).event_format(Json).init();
}

/// Writes events and the fields of spans.
struct Json;

/// Fields as they are recorded, each under its name.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }
}

impl Fields {
    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    /// Writes all of them, with a comma behind each.
    fn write(self, writer: &mut Writer<'_>) -> fmt::Result {
        for (name, value) in self.0 {
            write!(writer, "{}:{value},", Value::String(name))?;
        }
        Ok(())
    }
}

impl<'w> FormatFields<'w> for Json {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut visited = Fields::default();
        fields.record(&mut visited);
        visited.write(&mut writer)
    }
}

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let (time, ms) = (date_time(now.as_secs()), now.subsec_millis());
        let (level, target) = (event.metadata().level(), event.metadata().target());
        write!(writer, "{{\"time\":\"{time}.{ms:03}Z\",\"level\":\"{level}\",")?;
        for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>() {
                write!(writer, "{fields}")?;
            }
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        fields.write(&mut writer)?;
        writeln!(writer, "\"target\":\"{target}\"}}")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::{fmt::MakeWriter, util::SubscriberInitExt};

    use super::*;

    /// Keeps what is written.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("nobody panicked").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Kept {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn a_line_is_json_and_has_the_fields_of_the_spans_around_it() {
        let kept = Kept::default();
        let log = tracing_subscriber::fmt().with_writer(kept.clone()).fmt_fields(Json);
        let log = log.event_format(Json).finish().set_default();
        let span = tracing::info_span!("work", request = "r\"1", layer = tracing::field::Empty);
        span.record("layer", "0a");
        span.in_scope(|| tracing::warn!(block = 7_u64, "it\n\"stopped\""));
        drop(log);
        let text = String::from_utf8(kept.0.lock().expect("nobody panicked").clone());
        let text = text.expect("text");
        assert_eq!(text.lines().count(), 1, "{text}");
        let line: Value = serde_json::from_str(&text).expect("JSON");
        for (name, expected) in [
            ("level", Value::from("WARN")),
            ("request", Value::from("r\"1")),
            ("layer", Value::from("0a")),
            ("block", Value::from(7)),
            ("message", Value::from("it\n\"stopped\"")),
        ] {
            assert_eq!(line[name], expected, "{text}");
        }
        assert!(line["time"].as_str().is_some_and(|time| time.ends_with('Z')), "{text}");
    }
}
