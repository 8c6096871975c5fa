//! A value of a document as basic rules see it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, Visitor};

/// What kind of value a document has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// Nothing.
    Null,
    /// A list.
    List,
    /// An object, such as an address or a look-up.
    Object,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Text => "text",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Null => "null",
            Self::List => "a list",
            Self::Object => "an object",
        })
    }
}

/// A value that was read.
#[derive(Debug, PartialEq)]
pub(super) enum Seen<'d> {
    Text(Cow<'d, str>),
    /// As it is written in the document.
    Number(&'d str),
    Boolean(bool),
    /// Of a kind that no rule matches.
    Other(Kind),
}

impl<'d> Seen<'d> {
    /// Reads a raw value; nothing if it is no JSON.
    pub(super) fn of(raw: &'d [u8]) -> Option<Self> {
        Some(match raw.first()? {
            b'"' => Self::Text(unescaped(raw.get(1..raw.len() - 1)?)?),
            b'[' => Self::Other(Kind::List),
            b'{' => Self::Other(Kind::Object),
            b'-' | b'0'..=b'9' => Self::Number(std::str::from_utf8(raw).ok()?),
            _ => match raw {
                b"true" => Self::Boolean(true),
                b"false" => Self::Boolean(false),
                b"null" => Self::Other(Kind::Null),
                _ => return None,
            },
        })
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Number(_) => Kind::Number,
            Self::Boolean(_) => Kind::Boolean,
            Self::Other(kind) => *kind,
        }
    }

    /// The text that operators on text look at; a boolean is spelled as the reference spells it.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(text) => Some(text),
            Self::Boolean(yes) => Some(if *yes { "True" } else { "False" }),
            Self::Other(_) => None,
        }
    }
}

/// What a JSON string means, given what is written between its quotes; nothing if that is no JSON.
///
/// Half a surrogate pair, which Salesforce lets pass where it cuts a text, does not keep a rule from seeing the rest.
pub(super) fn unescaped(inner: &[u8]) -> Option<Cow<'_, str>> {
    if memchr::memchr(b'\\', inner).is_none() {
        return Some(String::from_utf8_lossy(inner));
    }
    struct Bytes;
    impl Visitor<'_> for Bytes {
        type Value = String;
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a string")
        }
        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
            Ok(String::from_utf8_lossy(bytes).into_owned())
        }
    }
    let quoted = [b"\"", inner, b"\""].concat();
    serde_json::Deserializer::from_slice(&quoted).deserialize_bytes(Bytes).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_as_it_is_written() {
        for (raw, kind, text) in [
            (r#""""#, Kind::Text, Some("")),
            (r#""Z\u00fcrich\n\"x\"""#, Kind::Text, Some("Zürich\n\"x\"")),
            (r#""a\ud800b""#, Kind::Text, Some("a\u{fffd}\u{fffd}\u{fffd}b")),
            ("-1.10", Kind::Number, Some("-1.10")),
            ("1E+2", Kind::Number, Some("1E+2")),
            ("true", Kind::Boolean, Some("True")),
            ("false", Kind::Boolean, Some("False")),
            ("null", Kind::Null, None),
            ("[1]", Kind::List, None),
            ("{}", Kind::Object, None),
        ] {
            let seen = Seen::of(raw.as_bytes()).unwrap();
            assert_eq!((seen.kind(), seen.text()), (kind, text), "{raw}");
        }
        assert!(matches!(Seen::of(b"\"plain\""), Some(Seen::Text(Cow::Borrowed("plain")))));
    }

    #[test]
    fn what_is_no_json_is_no_value() {
        for raw in ["", "\"", "True", "nul", r#""\x""#, r#""\u12""#] {
            assert_eq!(Seen::of(raw.as_bytes()), None, "{raw}");
        }
    }
}
