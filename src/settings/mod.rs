//! What the operator typed: the configuration file and the environment, read but not yet judged. [`crate::plan`] does that.
//!
//! The file of the reference connector is accepted as it is. Every key is in one table (`keys.rs`), which also writes the reference page.

mod environment;
mod keys;
mod kind;
mod mistake;
mod page;
mod quantity;
mod substitute;
mod suggest;
#[cfg(test)]
mod tests;
mod tree;

use std::fmt;
use std::path::Path;

use config::{ConfigError, File, FileFormat, Map, Source as _, Value, ValueKind};

pub use environment::Environment;
pub use mistake::{Mistake, Mistakes};
pub use page::reference_page;

pub(crate) use keys::Key;
pub(crate) use keys::{
    ACCESS_ENABLED, ACCESS_INTERVAL, ACCESS_SYNCS, ACL_CONCURRENCY, ACL_MAILBOX, ADAPTIVE, ADMIN_LISTEN, ADVANCED_RULES, API_KEY,
    API_VERSION, AUDIENCE, BASE_URL, BASIC_RULES, BATCH_BYTES, BATCH_DOCS, BUDGET, BULK_CONCURRENCY, CA_CERTS, CA_FILE, CACHE_PATH,
    CACHE_SIZE, CLEANUP, CLIENT_ID, CLIENT_SECRET, COMPATIBILITY, COMPRESS, CONNECT_TIMEOUT, CONNECTOR_ID, CONNECTORS_API, CONTENT_SYNCS,
    CUSTOM, DELETE_LIMIT, DOMAIN, DRAIN_LIMIT, ES_API_KEY, ES_ATTEMPTS, ES_FIRST_WAIT, ES_PASSWORD, ES_SSL, ES_USERNAME, EXTRACTION_CHUNK,
    EXTRACTION_HOST, EXTRACTION_POINTERS, EXTRACTION_SHARED, EXTRACTION_TIMEOUT, EXTRACTOR_CONCURRENCY, EXTRACTOR_MAILBOX,
    FETCHER_CONCURRENCY, FETCHER_MAILBOX, FIELD_BUDGET, FILE_BUDGET, FILE_OBJECTS, FULL_ENABLED, FULL_INTERVAL, HEADERS, HEARTBEAT, HOST,
    IDLE_TIMEOUT, IDLING, INCREMENTAL_ENABLED, INCREMENTAL_INTERVAL, INDEX_KIND, INDEX_NAME, INDEX_PATH, JOINER_CONCURRENCY,
    JOINER_MAILBOX, LINGER, LOG_LEVEL, LOOKUP_CACHE, MAX_DOCUMENT, MAX_ERRORS, MAX_ERRORS_SPAN, MAX_FILE, MAX_WAIT, MONITOR, MONITOR_KEPT,
    MONITOR_RATE, MONITOR_RUN, MONITOR_TOTAL, MONITOR_WINDOW, NESTED_LIMIT, PAGE_SIZE, PIPELINE_BINARY, PIPELINE_INFERENCE, PIPELINE_NAME,
    PIPELINE_WHITESPACE, PRIVATE_KEY, READER_CHILDREN, READER_FILES, READER_MEMORY, READER_TIMEOUT, REQUEST_TIMEOUT, REQUESTS, RESTARTS,
    RETRY_ATTEMPTS, RETRY_FIRST_WAIT, SECURITY, SERVICE_TYPE, SERVICE_TYPES, STALL_AFTER, STANDARD, STATE_INDEX, SYNC_CUSTOM, TEXT_BY,
    TEXT_SERVICE, TIMEOUT, USERNAME, VERIFY_CERTS, WRITER_CONCURRENCY, WRITER_MAILBOX,
};
pub(crate) use kind::Count;
pub(crate) use quantity::{show_duration, show_size};
pub(crate) use suggest::nearest;

use keys::{CONNECTOR, ROOT};
use kind::{Kind, shown};
use tree::Entries;

/// A configuration file as typed, with its variables replaced.
pub struct Settings {
    root: Entries,
    connectors: Vec<Entries>,
    mistakes: Mistakes,
    ignored: Vec<String>,
}

impl Settings {
    /// Reads a file.
    ///
    /// # Errors
    /// The file cannot be read, a variable is not set, or the text is not YAML. Everything else waits for the plan, so that all of it is
    /// reported together.
    pub fn load(path: &Path, environment: &Environment) -> Result<Self, Mistakes> {
        let unreadable = |error: std::io::Error| {
            let next = "give the path of a configuration file with `-c`";
            Mistakes::one("", format!("{} cannot be read: {}; {next}", path.display(), reason(&error)))
        };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        Self::parse(&text, environment).map_err(|mistakes| mistakes.in_file(path))
    }

    /// Reads the text of a file; see [`Self::load`].
    pub fn parse(text: &str, environment: &Environment) -> Result<Self, Mistakes> {
        // Editors of some systems begin a file with a mark that is no part of its text.
        let text = substitute::substitute(text.trim_start_matches('\u{feff}'), environment)?;
        let mut tree = File::from_str(&text, FileFormat::Yaml).collect().map_err(|error| Mistakes::one("", not_yaml(&error)))?;
        let mut mistakes = Mistakes::default();
        let listed = tree.remove("connectors").map_or(ValueKind::Nil, |value| value.kind);
        let mut root = Entries::flatten("", tree, &ROOT, &mut mistakes);
        let ignored = root.refuse_unknown(&ROOT, &mut mistakes);
        let mut connectors = connectors(listed, &mut mistakes);
        if connectors.is_empty() {
            connectors.extend(single_connector(&root));
        }
        for connector in &connectors {
            for name in connector.refuse_unknown(&CONNECTOR, &mut mistakes) {
                mistakes.note(connector.path(&name), "is not known");
            }
        }
        if let Some(host) = environment.emulator() {
            root.set(BASE_URL.path, host);
        }
        Ok(Self { root, connectors, mistakes, ignored })
    }

    /// Names of the first level that neither this program nor the reference connector knows. They mean nothing; a warning is in order.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// What is already known to be wrong: unknown keys and keys given twice.
    pub(crate) fn mistakes(&self) -> Mistakes {
        self.mistakes.clone()
    }

    /// Reads the keys of the file as a whole.
    pub(crate) fn root<'a>(&'a self, mistakes: &'a mut Mistakes) -> Taker<'a> {
        Taker { entries: &self.root, mistakes }
    }

    /// How many connectors there are.
    pub(crate) fn connectors(&self) -> usize {
        self.connectors.len()
    }

    /// Reads the keys of one connector.
    pub(crate) fn connector<'a>(&'a self, position: usize, mistakes: &'a mut Mistakes) -> Option<Taker<'a>> {
        Some(Taker { entries: self.connectors.get(position)?, mistakes })
    }
}

impl fmt::Debug for Settings {
    /// Counts only: what was typed may be secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Settings({} connectors, {} mistakes)", self.connectors.len(), self.mistakes.0.len())
    }
}

/// Takes values out of the settings and notes what is wrong with them.
pub(crate) struct Taker<'a> {
    entries: &'a Entries,
    mistakes: &'a mut Mistakes,
}

impl Taker<'_> {
    /// The value of a key, or its default. Nothing if there is neither, or if it is wrong, which is then noted.
    pub(crate) fn get<K: Kind>(&mut self, key: &Key<K>) -> Option<K::Value> {
        let Some(raw) = self.entries.raw(key) else {
            return key.default.and_then(|default| key.kind.read(&ValueKind::from(default)));
        };
        let value = key.kind.read(raw);
        if value.is_none() {
            let is = if K::CONFIDENTIAL { String::new() } else { format!("is {}, ", shown(raw)) };
            let path = self.entries.path(key.path);
            self.mistakes.note(path, format!("{is}must be {}", key.kind.expected()));
        }
        value
    }

    /// The value of a key that must be given.
    pub(crate) fn required<K: Kind>(&mut self, key: &Key<K>) -> Option<K::Value> {
        if !self.given(key) {
            self.refuse(key, format!("is missing: {}", key.meaning.trim_end_matches(" (required)")));
            return None;
        }
        self.get(key)
    }

    /// A whole number that fits the machine.
    pub(crate) fn count<K: Kind<Value = u64>>(&mut self, key: &Key<K>) -> Option<usize> {
        self.get(key).and_then(|number| usize::try_from(number).ok())
    }

    /// Whether a key was given.
    pub(crate) fn given<K: Kind>(&self, key: &Key<K>) -> bool {
        self.entries.raw(key).is_some()
    }

    /// Whether any key was given whose path begins so.
    pub(crate) fn has_group(&self, prefix: &str) -> bool {
        self.entries.has_group(prefix)
    }

    /// Notes a mistake about a key.
    pub(crate) fn refuse<K>(&mut self, key: &Key<K>, problem: impl Into<String>) {
        self.refuse_as(key, problem, &domain::CF_INVALID);
    }

    /// Notes a mistake about a key, with its row in the table of failures.
    pub(crate) fn refuse_as<K>(&mut self, key: &Key<K>, problem: impl Into<String>, code: &'static domain::Code) {
        self.mistakes.0.push(Mistake { path: self.entries.path(key.path), problem: problem.into(), code });
    }
}

/// A connector that is defined elsewhere, in the form of an entry of `connectors`.
pub(crate) struct Defined(Entries);

impl Defined {
    /// Reads it; keys that are not known are left out.
    pub(crate) fn read(entry: serde_json::Value) -> Self {
        let ValueKind::Table(tree) = kind_of(entry) else {
            return Self(Entries::flatten("", Map::new(), &CONNECTOR, &mut Mistakes::default()));
        };
        Self(Entries::flatten("", tree, &CONNECTOR, &mut Mistakes::default()))
    }

    /// Reads its keys.
    pub(crate) fn take<T>(&self, mistakes: &mut Mistakes, take: impl FnOnce(&mut Taker<'_>) -> T) -> T {
        take(&mut Taker { entries: &self.0, mistakes })
    }
}

fn kind_of(json: serde_json::Value) -> ValueKind {
    use serde_json::Value as Json;
    let value = |json| Value::new(None, kind_of(json));
    match json {
        Json::Null => ValueKind::Nil,
        Json::Bool(flag) => ValueKind::Boolean(flag),
        Json::Number(number) => number.as_i64().map_or_else(|| ValueKind::Float(number.as_f64().unwrap_or(f64::NAN)), ValueKind::I64),
        Json::String(text) => ValueKind::String(text),
        Json::Array(items) => ValueKind::Array(items.into_iter().map(value).collect()),
        Json::Object(entries) => ValueKind::Table(entries.into_iter().map(|(name, json)| (name, value(json))).collect()),
    }
}

fn connectors(listed: ValueKind, mistakes: &mut Mistakes) -> Vec<Entries> {
    let ValueKind::Array(items) = listed else {
        if listed != ValueKind::Nil {
            mistakes.note("connectors", format!("is {}, must be a list; start each connector with `-`", shown(&listed)));
        }
        return Vec::new();
    };
    let mut all = Vec::with_capacity(items.len());
    for (position, item) in items.into_iter().enumerate() {
        match item.kind {
            ValueKind::Table(tree) => all.push(Entries::flatten(&format!("connectors[{position}]."), tree, &CONNECTOR, mistakes)),
            other => mistakes.note(format!("connectors[{position}]"), format!("is {}, must be a group of keys", shown(&other))),
        }
    }
    all
}

/// The old form with one connector: `connector_id` and `service_type` at the first level.
fn single_connector(root: &Entries) -> Option<Entries> {
    let id = root.get("connector_id")?.clone();
    let tree = [("connector_id", Some(id)), ("service_type", root.get("service_type").cloned())]
        .into_iter()
        .filter_map(|(name, kind)| Some((name.to_owned(), Value::new(None, kind?))))
        .collect::<Map<_, _>>();
    Some(Entries::flatten("connectors[0].", tree, &CONNECTOR, &mut Mistakes::default()))
}

/// An I/O error without the number that the system gives it.
pub(crate) fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    text.chars().next().map_or_else(String::new, |first| first.to_lowercase().chain(text.chars().skip(1)).collect())
}

/// Why the text is not YAML. Only the parser's own fixed sentences and the place are passed on: other errors quote values.
fn not_yaml(error: &ConfigError) -> String {
    let text = error.to_string();
    let Some((info, place)) = text.rsplit_once(" at byte ") else {
        return "the file must be one YAML document of groups of keys, with plain keys and finite numbers".to_owned();
    };
    let mut numbers = place.split_whitespace().filter_map(|word| word.parse::<u64>().ok()).skip(1);
    let (line, column) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    let info = if info.ends_with("duplicated key in mapping") { "a key is given twice in one group" } else { info };
    format!("line {line}, column {column}: the file is not valid YAML: {info}")
}
