//! The keys of one level of the file, flat: dotted and nested spellings are the same, and what nobody knows is found.
//!
//! The `config` crate reads the YAML. Its own expansion of dotted keys is not used: it merges two spellings of one key in random order and
//! knows nothing of dots below the first level.

use std::collections::BTreeMap;

use config::{Map, Value, ValueKind};

use super::Mistakes;
use super::keys::{Key, REFERENCE, Table};
use super::kind::{Kind, shown};
use super::suggest::nearest;

/// The group whose values may come as objects of the connector protocol, `{"value": .., "label": .., ..}`.
const PROTOCOL: &str = "configuration.";

/// What was typed, by dotted path. Values are unchecked and may be secret, so there is no `Debug`.
pub(super) struct Entries {
    /// Where the level is, for messages: empty, or `connectors[0].`.
    base: String,
    values: BTreeMap<String, ValueKind>,
}

impl Entries {
    /// Flattens a level of the file. A key that is given twice is a mistake.
    pub(super) fn flatten(base: &str, tree: Map<String, Value>, table: &Table, mistakes: &mut Mistakes) -> Self {
        let mut entries = Self { base: base.to_owned(), values: BTreeMap::new() };
        entries.add("", tree, table, mistakes);
        entries
    }

    fn add(&mut self, group: &str, tree: Map<String, Value>, table: &Table, mistakes: &mut Mistakes) {
        for (name, Value { kind, .. }) in tree.into_iter().collect::<BTreeMap<_, _>>() {
            let mut path = if group.is_empty() { name } else { format!("{group}.{name}") };
            if let Some((key, property)) = protocol_property(&path, table) {
                if property != "value" {
                    continue;
                }
                path.truncate(key);
            }
            let kind = match kind {
                ValueKind::Table(mut object) if path.starts_with(PROTOCOL) && table.has(&path) && object.contains_key("value") => {
                    object.remove("value").unwrap_or_default().kind
                }
                ValueKind::Table(inner) if !table.has(&path) => {
                    self.add(&path, inner, table, mistakes);
                    continue;
                }
                kind => kind,
            };
            if kind == ValueKind::Nil {
                continue;
            }
            if self.values.contains_key(&path) {
                mistakes.note(format!("{}{path}", self.base), "is given twice; keep one of the two");
            }
            self.values.insert(path, kind);
        }
    }

    /// What was typed for a key; `""` counts as nothing where the key says so.
    pub(super) fn raw<K: Kind>(&self, key: &Key<K>) -> Option<&ValueKind> {
        let empty = |raw: &ValueKind| K::EMPTY_IS_ABSENT && matches!(raw, ValueKind::String(text) if text.trim().is_empty());
        self.values.get(key.path).filter(|raw| !empty(raw))
    }

    /// Whether any key was given whose path begins so.
    pub(super) fn has_group(&self, prefix: &str) -> bool {
        self.values.keys().any(|path| path.starts_with(prefix))
    }

    /// The path of a key as messages name it.
    pub(super) fn path(&self, key: &str) -> String {
        format!("{}{key}", self.base)
    }

    pub(super) fn set(&mut self, path: &str, value: &str) {
        self.values.insert(path.to_owned(), ValueKind::from(value));
    }

    pub(super) fn get(&self, path: &str) -> Option<&ValueKind> {
        self.values.get(path)
    }

    /// Notes the keys that the table does not have. Gives back unknown names of the first level that resemble nothing of ours: in the file
    /// as a whole the reference connector tolerates them, and so do we.
    pub(super) fn refuse_unknown(&self, table: &Table, mistakes: &mut Mistakes) -> Vec<String> {
        let whole_file = self.base.is_empty();
        let mut foreign = Vec::new();
        let mut last = String::new();
        for (path, raw) in self.values.iter().filter(|(path, _)| !table.has(path)) {
            let first = path.split('.').next().unwrap_or_default();
            if whole_file && REFERENCE.contains(&first) {
                continue;
            }
            let unknown = Unknown::find(path, raw, table, whole_file);
            if last == unknown.path {
                continue;
            }
            last.clone_from(&unknown.path);
            match unknown.problem {
                Some(problem) => mistakes.note(self.path(&unknown.path), problem),
                None => foreign.push(unknown.path),
            }
        }
        foreign
    }
}

/// Splits `configuration.domain.label` into the length of `configuration.domain` and `label`, if `configuration.domain` is a key.
fn protocol_property<'a>(path: &'a str, table: &Table) -> Option<(usize, &'a str)> {
    let (name, property) = path.strip_prefix(PROTOCOL)?.split_once('.')?;
    let key = PROTOCOL.len() + name.len();
    table.has(&path[..key]).then_some((key, property))
}

/// The part of a path that is not known, and what is wrong with it.
struct Unknown {
    path: String,
    /// Nothing if it is none of our business.
    problem: Option<String>,
}

impl Unknown {
    fn find(path: &str, raw: &ValueKind, table: &Table, whole_file: bool) -> Self {
        let mut group = String::new();
        for name in path.split('.') {
            let mut names = table.below(&group);
            let here = if group.is_empty() { name.to_owned() } else { format!("{group}.{name}") };
            if table.has(&group) {
                return Self { path: group, problem: Some("takes a value, not a group of keys".to_owned()) };
            }
            if !names.contains(&name) {
                let top = whole_file && group.is_empty();
                if top {
                    names.extend(REFERENCE.iter().chain(&["connectors"]).filter(|name| !table.below("").contains(name)));
                }
                return Self { problem: unknown_name(name, &names, table, top), path: here };
            }
            group = here;
        }
        let problem = format!("is {}, must be a group of keys: {}", shown(raw), listed(&table.below(&group)));
        Self { path: group, problem: Some(problem) }
    }
}

fn unknown_name(name: &str, names: &[&'static str], table: &Table, top: bool) -> Option<String> {
    if let Some(meant) = nearest(name, names.iter().copied()) {
        return Some(format!("is not known; did you mean `{meant}`?"));
    }
    let elsewhere = table.rows.iter().map(|row| row.path()).find(|path| path.rsplit('.').next() == Some(name));
    if let Some(path) = elsewhere {
        return Some(format!("is not known here; did you mean `{path}`?"));
    }
    (!top).then(|| format!("is not known; known here: {}", listed(names)))
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
