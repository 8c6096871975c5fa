//! MD5 of file contents: what Salesforce shows as the checksum of a version.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;

use bytes::Bytes;
use md5::{Digest, Md5};

use super::IdKey;
use super::row::Row;
use super::schema::ObjectSchema;

/// MD5 of some bytes in 32 hexadecimal digits.
pub(crate) fn md5_hex(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().fold(String::with_capacity(32), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Gives every file version that has bytes but no checksum the checksum of its bytes, in orgs whose schema has the field.
pub(super) fn fill(schema: &ObjectSchema, rows: &mut [(IdKey, Row)], files: &HashMap<IdKey, Bytes>) {
    let Some(column) = schema.position("Checksum").filter(|_| schema.name == "ContentVersion") else { return };
    let width = schema.fields.len();
    for (key, row) in rows.iter_mut().filter(|(_, row)| row.json(column, width).is_none()) {
        let Some(bytes) = files.get(key) else { continue };
        let checksum = format!("\"{}\"", md5_hex(bytes));
        let texts: Vec<Cow<'_, str>> =
            (0..width).map(|at| if at == column { Cow::Borrowed(checksum.as_str()) } else { text(row, at, width) }).collect();
        *row = Row::pack(&texts);
    }
}

fn text(row: &Row, at: usize, width: usize) -> Cow<'_, str> {
    row.json(at, width).map_or(Cow::Borrowed(""), String::from_utf8_lossy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(md5_hex(b""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(md5_hex(b"message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
    }
}
