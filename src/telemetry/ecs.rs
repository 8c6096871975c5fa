//! Log lines in the Elastic Common Schema, as log shippers of that stack read them: one JSON object each.

use std::fmt;

use domain::Timestamp;
use ports::Clock as _;
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::clock::SystemClock;

/// The version of the schema whose names are used.
const VERSION: &str = "8.11.0";

/// The form of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ecs;

impl<S, N> FormatEvent<S, N> for Ecs
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let meta = event.metadata();
        writeln!(writer, "{}", line(SystemClock.now(), meta.level().as_str(), meta.target(), fields))
    }
}

fn line(now: Timestamp, level: &str, logger: &str, Fields { message, labels }: Fields) -> Value {
    let mut line = json!({
        "@timestamp": format!("{now:.3}"),
        "log.level": level,
        "message": message,
        "ecs.version": VERSION,
        "log.logger": logger,
        "service.name": "sluice",
        "service.type": "connectors",
        "service.version": env!("CARGO_PKG_VERSION"),
        "process.pid": std::process::id(),
    });
    if !labels.is_empty() {
        line["labels"] = Value::Object(labels);
    }
    line
}

/// The message of an event, and its other fields as labels.
#[derive(Default)]
struct Fields {
    message: String,
    labels: Map<String, Value>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: Value) {
        self.labels.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.add(field, format!("{value:?}").into());
        }
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.into());
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value.into());
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_names_of_the_schema() {
        let fields = Fields { message: "a job is due".to_owned(), labels: Map::from_iter([("job".to_owned(), "j".into())]) };
        let line = line(Timestamp::UNIX_EPOCH, "INFO", "sluice_actors", fields);
        assert_eq!((&line["@timestamp"], &line["log.level"]), (&"1970-01-01T00:00:00.000Z".into(), &"INFO".into()));
        assert_eq!((&line["message"], &line["labels"]["job"]), (&"a job is due".into(), &"j".into()));
    }
}
