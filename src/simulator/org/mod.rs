//! The org that the simulator serves: schema, rows, file bytes. Filled once by a builder, then read by many requests.

mod builder;
mod checksum;
mod id;
mod row;
mod schema;
mod view;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

pub use self::builder::OrgBuilder;
pub(crate) use self::checksum::md5_hex;
pub use self::id::IdKey;
pub use self::row::{Row, text_of};
pub use self::schema::{ChildRelationship, FieldKind, FieldSchema, ObjectSchema, Shape};
use self::view::View;

/// Why a record was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrgError {
    /// The schema has no such object.
    #[error("no object {object} in the schema")]
    UnknownObject {
        /// Name as given.
        object: String,
    },
    /// The object has no such field.
    #[error("no field {field} on {object}")]
    UnknownField {
        /// Object.
        object: String,
        /// Field as given.
        field: String,
    },
    /// The JSON type of a value does not fit its field.
    #[error("value of {object}.{field} is not of type {kind}")]
    WrongType {
        /// Object.
        object: String,
        /// Field.
        field: String,
        /// Type that the schema wants.
        kind: &'static str,
    },
    /// A record has no `Id`.
    #[error("a record of {object} has no Id")]
    MissingId {
        /// Object.
        object: String,
    },
    /// An `Id` is not 15 or 18 letters and digits.
    #[error("{id:?} is no id of {object}: 15 or 18 letters and digits are expected")]
    BadId {
        /// Object.
        object: String,
        /// Value as given.
        id: String,
    },
    /// Two records have the same `Id`.
    #[error("{object} has two records with id {id}")]
    DuplicateId {
        /// Object.
        object: String,
        /// The id.
        id: String,
    },
    /// The text is not a JSON object.
    #[error("a record of {object} is no JSON object: {reason}")]
    NotARecord {
        /// Object.
        object: String,
        /// What the parser said.
        reason: String,
    },
}

/// Where a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    table: u32,
    row: u32,
}

impl Location {
    pub(crate) fn new(table: usize, row: usize) -> Self {
        Self { table: u32::try_from(table).unwrap_or(u32::MAX), row: u32::try_from(row).unwrap_or(u32::MAX) }
    }

    pub(crate) fn table(self) -> usize {
        self.table as usize
    }

    pub(crate) fn row(self) -> u32 {
        self.row
    }
}

/// All rows of one object, sorted by `Id`.
#[derive(Debug)]
pub(crate) struct Table {
    schema: ObjectSchema,
    keys: Vec<IdKey>,
    rows: Vec<Row>,
    /// Per column that is a reference: rows by the id they point to, ascending.
    references: Vec<Option<HashMap<IdKey, Vec<u32>>>>,
    id_column: usize,
    deleted_column: Option<usize>,
    deleted: usize,
    /// Place in which each row arrived, when that is not the order of ids.
    arrival: Option<Vec<u32>>,
}

impl Table {
    fn new(schema: ObjectSchema, sorted: Vec<(IdKey, Row)>, arrival: Option<Vec<u32>>) -> Self {
        let (keys, rows): (Vec<IdKey>, Vec<Row>) = sorted.into_iter().unzip();
        let width = schema.fields.len();
        let references = schema.fields.iter().enumerate().map(|(at, field)| match field.kind {
            FieldKind::Reference => Some(index(&rows, at, width)),
            _ => None,
        });
        let references = references.collect();
        let deleted_column = schema.position("IsDeleted");
        let id_column = schema.position("Id").unwrap_or(0);
        let mut table = Self { schema, keys, rows, references, id_column, deleted_column, deleted: 0, arrival };
        table.deleted = (0..table.len()).filter(|row| table.is_deleted(*row)).count();
        table
    }

    pub(crate) fn schema(&self) -> &ObjectSchema {
        &self.schema
    }

    /// Number of rows, deleted ones included.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.rows.len()).unwrap_or(u32::MAX)
    }

    /// Whether rows arrived in the order of their ids.
    pub(crate) fn arrived_in_order(&self) -> bool {
        self.arrival.is_none()
    }

    /// The place in which a row arrived.
    pub(crate) fn arrival(&self, row: u32) -> u32 {
        self.arrival.as_ref().and_then(|arrival| arrival.get(row as usize)).copied().unwrap_or(row)
    }

    pub(crate) fn has_deleted(&self) -> bool {
        self.deleted > 0
    }

    /// JSON text of a value; none when null.
    #[inline]
    pub(crate) fn json(&self, row: u32, column: usize) -> Option<&[u8]> {
        self.rows.get(row as usize)?.json(column, self.schema.fields.len())
    }

    /// JSON text of the row's id, with quotes.
    pub(crate) fn id_json(&self, row: u32) -> &[u8] {
        self.json(row, self.id_column).unwrap_or(b"\"\"")
    }

    pub(crate) fn key(&self, row: u32) -> IdKey {
        self.keys[row as usize]
    }

    pub(crate) fn is_deleted(&self, row: u32) -> bool {
        self.deleted_column.is_some_and(|column| self.json(row, column) == Some(b"true"))
    }

    /// Rows whose reference field points to `target`, in order of `Id`.
    pub(crate) fn pointing_to(&self, column: usize, target: IdKey) -> &[u32] {
        self.references.get(column).and_then(Option::as_ref).and_then(|index| index.get(&target)).map_or(&[], Vec::as_slice)
    }

    /// Whether a column is the row's own id.
    pub(crate) fn is_id(&self, column: usize) -> bool {
        column == self.id_column
    }

    /// The row with an id.
    pub(crate) fn find(&self, key: IdKey) -> Option<u32> {
        self.keys.binary_search(&key).ok().and_then(|at| u32::try_from(at).ok())
    }

    pub(crate) fn is_indexed(&self, column: usize) -> bool {
        matches!(self.references.get(column), Some(Some(_)))
    }

    /// Number of rows whose id is below `key`, or not above it when `inclusive`.
    pub(crate) fn rank(&self, key: IdKey, inclusive: bool) -> u32 {
        let rank = self.keys.partition_point(|known| if inclusive { *known <= key } else { *known < key });
        u32::try_from(rank).unwrap_or(u32::MAX)
    }
}

fn index(rows: &[Row], column: usize, width: usize) -> HashMap<IdKey, Vec<u32>> {
    let mut index: HashMap<IdKey, Vec<u32>> = HashMap::new();
    for (row, number) in rows.iter().zip(0_u32..) {
        let key = row.json(column, width).and_then(key_of);
        if let Some(key) = key {
            index.entry(key).or_default().push(number);
        }
    }
    index.values_mut().for_each(Vec::shrink_to_fit);
    index
}

/// The id in a JSON string, if it is one.
pub(crate) fn key_of(json: &[u8]) -> Option<IdKey> {
    match json {
        [b'"', inner @ .., b'"'] => IdKey::from_bytes(inner),
        _ => None,
    }
}

/// A Salesforce org at one moment. Cheap to share, never changes: a later change makes another `Org` which shares the
/// untouched tables and rows.
#[derive(Debug)]
pub struct Org {
    tables: Vec<Arc<Table>>,
    by_name: HashMap<String, usize>,
    ids: Arc<HashMap<IdKey, Location>>,
    files: Arc<HashMap<IdKey, Bytes>>,
    /// Set when this is only what one user sees of an org.
    view: Option<View>,
}

impl Org {
    fn new(tables: Vec<Table>, by_name: HashMap<String, usize>, ids: HashMap<IdKey, Location>, files: HashMap<IdKey, Bytes>) -> Self {
        Self { tables: tables.into_iter().map(Arc::new).collect(), by_name, ids: Arc::new(ids), files: Arc::new(files), view: None }
    }

    /// All objects, in the order they were given.
    pub fn objects(&self) -> impl Iterator<Item = &ObjectSchema> {
        self.tables.iter().enumerate().filter(|(number, _)| !self.is_hidden(*number)).map(|(_, table)| table.schema())
    }

    /// An object by name without regard to case.
    pub fn object(&self, name: &str) -> Option<&ObjectSchema> {
        self.table_number(name).map(|number| self.tables[number].schema())
    }

    /// Bytes of a file version, an attachment, a document or a static resource.
    pub fn file(&self, version_id: &str) -> Option<Bytes> {
        self.files.get(&IdKey::parse(version_id)?).cloned()
    }

    /// Number of rows of an object that are not deleted; 0 for an unknown object.
    pub fn count(&self, object: &str) -> usize {
        self.table_number(object).map_or(0, |number| self.tables[number].rows.len() - self.tables[number].deleted)
    }

    /// A row by id (15 or 18 characters), deleted or not, with the schema of its object.
    pub fn row(&self, id: &str) -> Option<RowRef<'_>> {
        let location = self.locate(IdKey::parse(id)?)?;
        Some(RowRef { table: self.table(location.table()), row: location.row() })
    }

    /// All rows of an object in order of `Id`, deleted ones included; none for an unknown object.
    pub fn rows(&self, object: &str) -> impl Iterator<Item = RowRef<'_>> {
        let table = self.table_number(object).map(|number| self.table(number));
        table.into_iter().flat_map(|table| (0..table.len()).map(move |row| RowRef { table, row }))
    }

    pub(crate) fn table_number(&self, name: &str) -> Option<usize> {
        self.by_name.get(&name.to_ascii_lowercase()).copied()
    }

    pub(crate) fn table(&self, number: usize) -> &Table {
        &self.tables[number]
    }

    pub(crate) fn locate(&self, key: IdKey) -> Option<Location> {
        self.ids.get(&key).copied().filter(|location| !self.is_hidden(location.table()))
    }
}

/// One row of an org.
#[derive(Clone, Copy, Debug)]
pub struct RowRef<'a> {
    table: &'a Table,
    row: u32,
}

impl<'a> RowRef<'a> {
    /// Schema of the row's object.
    pub fn schema(&self) -> &'a ObjectSchema {
        self.table.schema()
    }

    /// JSON text of a field, by name without regard to case; none when null or unknown.
    pub fn json(&self, field: &str) -> Option<&'a [u8]> {
        self.table.json(self.row, self.table.schema().position(field)?)
    }

    /// JSON text of the field at a position of the schema; none when null.
    pub fn json_at(&self, position: usize) -> Option<&'a [u8]> {
        self.table.json(self.row, position)
    }

    /// Id of 18 characters.
    pub fn id(&self) -> String {
        self.table.key(self.row).to_18()
    }

    /// Whether the row is in the recycle bin.
    pub fn is_deleted(&self) -> bool {
        self.table.is_deleted(self.row)
    }
}

#[cfg(test)]
mod tests;
