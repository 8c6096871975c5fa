//! Values of rows, as the rules about access need them.

use crate::org::{IdKey, Org, RowRef, key_of, text_of};

/// Whether a row is not in the recycle bin.
pub(super) fn live(row: &RowRef<'_>) -> bool {
    !row.is_deleted()
}

/// Rows of an object that are not in the recycle bin; none for an object that the org lacks.
pub(super) fn rows<'a>(org: &'a Org, object: &str) -> impl Iterator<Item = RowRef<'a>> {
    org.rows(object).filter(live)
}

/// Rows of an object whose reference field holds this id.
pub(super) fn pointing<'a>(org: &'a Org, object: &str, field: &'static str, to: IdKey) -> impl Iterator<Item = RowRef<'a>> {
    let column = org.object(object).and_then(|schema| schema.position(field));
    let points = move |row: &RowRef<'a>| column.and_then(|column| key_of(row.json_at(column)?)) == Some(to);
    rows(org, object).filter(points)
}

/// The row with an id, when it is of this object and not in the recycle bin.
pub(super) fn find<'a>(org: &'a Org, object: &str, id: IdKey) -> Option<RowRef<'a>> {
    org.row(&id.to_18()).filter(|row| row.schema().name == object && live(row))
}

/// The id in a field; none when it is empty, unknown or no id.
pub(super) fn reference(row: &RowRef<'_>, field: &str) -> Option<IdKey> {
    key_of(row.json(field)?)
}

/// The row's own id.
pub(super) fn id_of(row: &RowRef<'_>) -> Option<IdKey> {
    reference(row, "Id")
}

/// Whether a field is true; an unknown one is not.
pub(super) fn flag(row: &RowRef<'_>, field: &str) -> bool {
    row.json(field) == Some(b"true")
}

/// Whether a field holds this text, in any case.
pub(super) fn is(row: &RowRef<'_>, field: &str, wanted: &str) -> bool {
    row.json(field).is_some_and(|json| text_of(json).eq_ignore_ascii_case(wanted))
}

/// Whether a user is one of the company: of type `Standard`, or of an org that does not tell types apart.
pub(super) fn is_internal(user: &RowRef<'_>) -> bool {
    user.schema().field("UserType").is_none() || is(user, "UserType", "Standard")
}
