//! Splicing of raw JSON: objects are taken apart at their top level and put together again without touching a value.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of one JSON object, in order, values untouched.
#[derive(Debug)]
pub struct Members<'a>(pub Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// Takes `text`, which must be one JSON object, apart.
    pub fn of(text: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(text)
    }

    /// The raw value under `key`.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.get())
    }

    /// The text under `key` when it is a string.
    pub fn text(&self, key: &str) -> Option<Cow<'a, str>> {
        self.get(key).and_then(|raw| serde_json::from_str::<Text<'a>>(raw).ok()).map(|Text(text)| text)
    }
}

/// A string that borrows from the input unless it has escapes.
struct Text<'a>(Cow<'a, str>);
impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some(Text(key)) = map.next_key()? {
                    members.push((key, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}

/// Appends `text` as a JSON string.
pub fn push_string(out: &mut Vec<u8>, text: &str) {
    // Writing a string into memory cannot fail.
    let _ = serde_json::to_writer(&mut *out, text);
}

/// Appends `"key":` (with a comma before it unless it opens an object); `key` must need no escapes.
pub fn push_key(out: &mut Vec<u8>, key: &str) {
    if !matches!(out.last(), Some(b'{')) {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
}

/// Appends the members of the object `text` (its braces stripped), with a comma before them where one is due.
pub fn push_members(out: &mut Vec<u8>, text: &[u8]) {
    let inner = text.trim_ascii().strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}")).unwrap_or_default().trim_ascii();
    if inner.is_empty() {
        return;
    }
    if !matches!(out.last(), Some(b'{')) {
        out.push(b',');
    }
    out.extend_from_slice(inner);
}

/// Removes the white space between tokens when there is a line break among it, so that a document stays one line of NDJSON.
///
/// JSON strings cannot hold a raw line break, so its presence proves pretty-printing.
pub fn one_line(text: bytes::Bytes) -> bytes::Bytes {
    if memchr::memchr2(b'\n', b'\r', &text).is_none() {
        return text;
    }
    let mut out = Vec::with_capacity(text.len());
    let (mut quoted, mut escaped) = (false, false);
    for &byte in &text {
        if quoted {
            quoted = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if byte.is_ascii_whitespace() {
            continue;
        } else {
            quoted = byte == b'"';
        }
        out.push(byte);
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_not_touched() {
        let text = br#"{"a":1.10,"b":12345678901234567890,"c":{"x":[1,2]},"d":"\u00e9\"","\u0065":null}"#;
        let members = Members::of(text).unwrap();
        assert_eq!(members.get("a"), Some("1.10"));
        assert_eq!(members.get("b"), Some("12345678901234567890"));
        assert_eq!(members.text("d").as_deref(), Some("é\""));
        assert_eq!(members.get("e"), Some("null"));
        assert_eq!(members.text("a"), None);
    }

    #[test]
    fn members_are_spliced_with_the_commas_they_need() {
        let mut out = b"{".to_vec();
        push_members(&mut out, b"{}");
        push_key(&mut out, "x");
        out.push(b'1');
        push_members(&mut out, br#"{ "a":1 }"#);
        push_key(&mut out, "b");
        push_string(&mut out, "\"\n");
        out.push(b'}');
        assert_eq!(String::from_utf8(out).unwrap(), r#"{"x":1,"a":1,"b":"\"\n"}"#);
    }

    proptest! {
        #[test]
        fn a_pretty_document_becomes_one_line_with_the_same_value(keys in proptest::collection::vec("[a-z \\\\\"\n]{0,6}", 0..6)) {
            let value = serde_json::Value::Object(keys.into_iter().enumerate().map(|(no, key)| (format!("{key}{no}"), serde_json::json!([key, no]))).collect());
            let line = one_line(serde_json::to_vec_pretty(&value).unwrap().into());
            prop_assert!(!line.contains(&b'\n'));
            prop_assert_eq!(serde_json::from_slice::<serde_json::Value>(&line).unwrap(), value);
        }
    }
}
