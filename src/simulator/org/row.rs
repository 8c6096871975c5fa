//! How one row is kept: the JSON text of every field back to back in one allocation, so that rendering is copying.

use std::borrow::Cow;
use std::sync::Arc;

/// The values of one row as ready JSON text; an empty text is null.
///
/// Layout: one little-endian `u32` per field with the end of its text, then the texts. Nulls cost four bytes.
#[derive(Clone, Debug)]
pub struct Row(Arc<[u8]>);

impl Row {
    /// Packs the texts of all fields, in the order of the schema.
    pub(crate) fn pack(texts: &[Cow<'_, str>]) -> Self {
        let length: usize = texts.iter().map(|text| text.len()).sum();
        let mut bytes = Vec::with_capacity(texts.len() * 4 + length);
        let mut end = 0_u32;
        for text in texts {
            end = end.saturating_add(u32::try_from(text.len()).unwrap_or(u32::MAX));
            bytes.extend_from_slice(&end.to_le_bytes());
        }
        for text in texts {
            bytes.extend_from_slice(text.as_bytes());
        }
        Self(bytes.into())
    }

    /// JSON text of the field at `at` of a schema with `width` fields; none when null.
    #[inline]
    pub fn json(&self, at: usize, width: usize) -> Option<&[u8]> {
        let start = if at == 0 { 0 } else { self.end(at - 1) };
        let end = self.end(at);
        let text = self.0.get(width * 4 + start..width * 4 + end)?;
        if text.is_empty() { None } else { Some(text) }
    }

    fn end(&self, at: usize) -> usize {
        match self.0.get(at * 4..at * 4 + 4) {
            Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]) as usize,
            _ => 0,
        }
    }

    /// Bytes that the row takes.
    pub fn bytes(&self) -> usize {
        self.0.len()
    }
}

/// The characters of a JSON string; other JSON is given as it is written.
pub fn text_of(json: &[u8]) -> Cow<'_, str> {
    let plain = match json {
        [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => inner,
        [b'"', ..] => return serde_json::from_slice::<String>(json).map_or(Cow::Borrowed(""), Cow::Owned),
        other => other,
    };
    String::from_utf8_lossy(plain)
}

/// Copies JSON text without the white space between its tokens; numbers and strings stay as written.
pub(crate) fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut quoted, mut escaped) = (false, false);
    for character in json.chars() {
        if quoted {
            quoted = escaped || character != '"';
            escaped = character == '\\' && !escaped;
        } else if character.is_ascii_whitespace() {
            continue;
        } else if character == '"' {
            quoted = true;
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_gives_back_every_text_and_nulls_for_empty_ones() {
        let row = Row::pack(&["\"a\"".into(), "".into(), "1.10".into()]);
        assert_eq!(row.json(0, 3), Some(b"\"a\"".as_slice()));
        assert_eq!(row.json(1, 3), None);
        assert_eq!(row.json(2, 3), Some(b"1.10".as_slice()));
        assert_eq!(row.bytes(), 12 + 7);
    }

    #[test]
    fn compacting_keeps_strings_and_numbers_as_written() {
        assert_eq!(compact("{ \"a b\" : [1.10, \"x \\\" y\"] }"), "{\"a b\":[1.10,\"x \\\" y\"]}");
    }

    #[test]
    fn escapes_are_resolved_in_text() {
        assert_eq!(text_of(br#""a\"b""#), "a\"b");
        assert_eq!(text_of("\"é\"".as_bytes()), "é");
    }
}
