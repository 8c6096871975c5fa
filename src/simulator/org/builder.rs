//! Fills an org: checks each record against the schema, packs it, and at the end sorts and indexes all of them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::checksum;
use super::row::{Row, compact};
use super::schema::{FieldKind, ObjectSchema, Shape};
use super::{IdKey, Location, Org, OrgError, Table};

/// Collects records and file bytes, then becomes an [`Org`].
#[derive(Debug)]
pub struct OrgBuilder {
    drafts: Vec<Draft>,
    by_name: HashMap<String, usize>,
    seen: HashMap<IdKey, Location>,
    files: HashMap<IdKey, Bytes>,
}

/// A table while it is filled.
#[derive(Debug)]
struct Draft {
    schema: ObjectSchema,
    columns: HashMap<String, usize>,
    rows: Vec<(IdKey, Row)>,
}

impl OrgBuilder {
    /// Starts an org with these objects. Of two objects with the same name the last one counts.
    pub fn new(objects: Vec<ObjectSchema>) -> Self {
        let drafts: Vec<Draft> = objects.into_iter().map(Draft::new).collect();
        let by_name = drafts.iter().enumerate().map(|(at, draft)| (draft.schema.name.to_ascii_lowercase(), at)).collect();
        Self { drafts, by_name, seen: HashMap::new(), files: HashMap::new() }
    }

    /// Adds a record. Missing fields are null (booleans: false), an empty string is null, the key `attributes` is skipped.
    ///
    /// # Errors
    /// When the object or a field is unknown, a value does not fit its field, or `Id` is missing, malformed or taken.
    pub fn push(&mut self, object: &str, record: Map<String, Value>) -> Result<(), OrgError> {
        let pairs = record.iter().map(|(name, value)| (name.as_str(), Cow::Owned(value.to_string())));
        self.insert(object, pairs)
    }

    /// Adds a record that is written as a JSON object, as with `serde_json::json!`.
    ///
    /// # Errors
    /// As [`OrgBuilder::push`], and when the value is no object.
    pub fn push_value(&mut self, object: &str, record: &Value) -> Result<(), OrgError> {
        let no_record = || OrgError::NotARecord { object: object.to_owned(), reason: format!("found {record}") };
        let members = record.as_object().ok_or_else(no_record)?;
        self.insert(object, members.iter().map(|(name, value)| (name.as_str(), Cow::Owned(value.to_string()))))
    }

    /// Adds a record from its JSON text; numbers keep every digit they are written with.
    ///
    /// # Errors
    /// As [`OrgBuilder::push`], and when the text is not a JSON object.
    pub fn push_raw(&mut self, object: &str, record: &RawValue) -> Result<(), OrgError> {
        let pairs: Pairs<'_> = serde_json::from_str(record.get())
            .map_err(|error| OrgError::NotARecord { object: object.to_owned(), reason: error.to_string() })?;
        let texts = pairs.0.iter().map(|(name, value)| {
            let text = value.get();
            (name.as_ref(), if text.starts_with(['{', '[']) { Cow::Owned(compact(text)) } else { Cow::Borrowed(text) })
        });
        self.insert(object, texts)
    }

    /// Sets the bytes of a file version, attachment, document or static resource (id of 15 or 18 characters; other ids are ignored).
    /// A version whose record has no `Checksum` gets that of its bytes, if the schema has the field.
    pub fn file(&mut self, version_id: &str, bytes: Bytes) {
        if let Some(key) = IdKey::parse(version_id) {
            self.files.insert(key, bytes);
        }
    }

    /// Sorts every table by `Id` and builds the indexes: all rows by `Id`, and by every reference field.
    pub fn build(self) -> Org {
        let mut ids = self.seen;
        let mut tables = Vec::with_capacity(self.drafts.len());
        for (number, mut draft) in self.drafts.into_iter().enumerate() {
            checksum::fill(&draft.schema, &mut draft.rows, &self.files);
            let arrival = draft.sort();
            for (at, (key, _)) in draft.rows.iter().enumerate() {
                ids.insert(*key, Location::new(number, at));
            }
            tables.push(Table::new(draft.schema, draft.rows, arrival));
        }
        Org::new(tables, self.by_name, ids, self.files)
    }

    fn insert<'a>(&mut self, object: &str, pairs: impl Iterator<Item = (&'a str, Cow<'a, str>)>) -> Result<(), OrgError> {
        let number = match self.by_name.get(object) {
            Some(number) => *number,
            None => *self.by_name.get(&object.to_ascii_lowercase()).ok_or_else(|| OrgError::UnknownObject { object: object.to_owned() })?,
        };
        let draft = &mut self.drafts[number];
        let (key, row) = draft.pack(pairs)?;
        if self.seen.contains_key(&key) {
            return Err(OrgError::DuplicateId { object: object.to_owned(), id: key.to_18() });
        }
        self.seen.insert(key, Location::new(number, draft.rows.len()));
        draft.rows.push((key, row));
        Ok(())
    }
}

impl Draft {
    fn new(schema: ObjectSchema) -> Self {
        let columns = schema.fields.iter().enumerate().map(|(at, field)| (field.name.to_ascii_lowercase(), at)).collect();
        Self { schema, columns, rows: Vec::new() }
    }

    /// Sorts rows by id. Gives the place in which each arrived, unless they arrived in that order.
    fn sort(&mut self) -> Option<Vec<u32>> {
        if self.rows.is_sorted_by_key(|(key, _)| *key) {
            return None;
        }
        let mut rows: Vec<_> = std::mem::take(&mut self.rows).into_iter().zip(0u32..).collect();
        rows.sort_unstable_by_key(|((key, _), _)| *key);
        let (sorted, arrival) = rows.into_iter().unzip();
        self.rows = sorted;
        Some(arrival)
    }

    fn pack<'a>(&self, pairs: impl Iterator<Item = (&'a str, Cow<'a, str>)>) -> Result<(IdKey, Row), OrgError> {
        let mut texts: Vec<Cow<'_, str>> = vec![Cow::Borrowed(""); self.schema.fields.len()];
        let mut expected = 0;
        for (name, text) in pairs {
            if name == "attributes" {
                continue;
            }
            let at = self.column(name, expected)?;
            expected = at + 1;
            texts[at] = self.checked(at, text)?;
        }
        for (field, text) in self.schema.fields.iter().zip(&mut texts) {
            if field.kind == FieldKind::Boolean && text.is_empty() {
                *text = Cow::Borrowed("false");
            }
        }
        let key = self.id_of(&mut texts)?;
        Ok((key, Row::pack(&texts)))
    }

    /// Records mostly come in the order of the schema, so the next field is tried before the map.
    fn column(&self, name: &str, expected: usize) -> Result<usize, OrgError> {
        if self.schema.fields.get(expected).is_some_and(|field| field.name == name) {
            return Ok(expected);
        }
        let known = self.columns.get(name).or_else(|| self.columns.get(&name.to_ascii_lowercase()));
        known.copied().ok_or_else(|| OrgError::UnknownField { object: self.schema.name.clone(), field: name.to_owned() })
    }

    fn checked<'a>(&self, at: usize, text: Cow<'a, str>) -> Result<Cow<'a, str>, OrgError> {
        let field = &self.schema.fields[at];
        if matches!(text.as_ref(), "null" | "\"\"") {
            return Ok(Cow::Borrowed(""));
        }
        let first = text.as_bytes().first().copied().unwrap_or(b' ');
        let fits = match field.kind.shape() {
            Shape::Number => first == b'-' || first.is_ascii_digit(),
            Shape::Bool => matches!(text.as_ref(), "true" | "false"),
            Shape::Opaque => true,
            Shape::Text if field.kind == FieldKind::AnyType => true,
            _ => first == b'"',
        };
        if fits {
            Ok(text)
        } else {
            Err(OrgError::WrongType { object: self.schema.name.clone(), field: field.name.clone(), kind: field.kind.name() })
        }
    }

    fn id_of(&self, texts: &mut [Cow<'_, str>]) -> Result<IdKey, OrgError> {
        let missing = || OrgError::MissingId { object: self.schema.name.clone() };
        let text = self.columns.get("id").map(|at| &mut texts[*at]).ok_or_else(missing)?;
        if text.is_empty() {
            return Err(missing());
        }
        let bare = text.trim_matches('"');
        let key = IdKey::parse(bare).ok_or_else(|| OrgError::BadId { object: self.schema.name.clone(), id: bare.to_owned() })?;
        if bare.len() == 15 {
            *text = Cow::Owned(format!("\"{}\"", key.to_18()));
        }
        Ok(key)
    }
}

/// The members of a JSON object in order, values unparsed.
struct Pairs<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Pairs<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::with_capacity(16);
                while let Some((name, value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                    pairs.push((name.0, value));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// A member name, borrowed when it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
