//! Plain text, source code, tables in text form, and JSON.

use crate::body::Body;
use crate::decode::decode;

/// The characters of the file as they are.
pub(crate) fn read(bytes: &[u8], body: &mut Body) {
    body.push(&decode(bytes, None));
}

/// The characters of the file, with what its escapes stand for: other scripts are often written as nothing but escapes.
pub(crate) fn read_json(bytes: &[u8], body: &mut Body) {
    let text = decode(bytes, None);
    let mut rest = &*text;
    while let Some((before, escape)) = rest.split_once('\\')
        && !body.is_full()
    {
        body.push(before);
        let (character, length) = unescape(escape);
        body.push_char(character);
        rest = escape.get(length..).unwrap_or_default();
    }
    body.push(rest);
}

/// The character that an escape stands for, and the bytes of the escape; what is none stands for its backslash.
fn unescape(escape: &str) -> (char, usize) {
    match escape.as_bytes().first() {
        Some(b'n' | b'r' | b'f') => ('\n', 1),
        Some(b't' | b'b') => (' ', 1),
        Some(&mark @ (b'"' | b'\\' | b'/')) => (char::from(mark), 1),
        Some(b'u') => unescape_unit(escape).unwrap_or(('\\', 0)),
        _ => ('\\', 0),
    }
}

/// `uXXXX`, or two of them for a character outside the basic plane.
fn unescape_unit(escape: &str) -> Option<(char, usize)> {
    let unit = |from: usize| {
        escape.get(from..from + 4).filter(|digits| !digits.starts_with('+')).and_then(|digits| u16::from_str_radix(digits, 16).ok())
    };
    let first = unit(1)?;
    if let Some(character) = char::from_u32(u32::from(first)) {
        return Some((character, 5));
    }
    let second = escape.get(5..7).filter(|mark| *mark == "\\u").and_then(|_| unit(7));
    let both = second.and_then(|second| char::decode_utf16([first, second]).next()?.ok());
    Some(both.map_or((char::REPLACEMENT_CHARACTER, 5), |character| (character, 11)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn json(text: &str) -> String {
        let mut body = Body::new(1 << 20);
        read_json(text.as_bytes(), &mut body);
        body.finish().body
    }

    #[test]
    fn escapes_are_the_characters_that_they_stand_for() {
        assert_eq!(
            json(r#"["\u043f\u0440\u0438", "\ud834\udd1eclef", "a\nb\tc", "\"q\" \\ \/"]"#),
            "[\"при\", \"𝄞clef\", \"a\nb c\", \"\"q\" \\ /\"]"
        );
    }

    #[test]
    fn what_is_no_escape_stays() {
        assert_eq!(json(r"\x \u12 \u+123 \"), r"\x \u12 \u+123 \");
        assert_eq!(json(r"\ud834 \ud834\u0041"), "\u{fffd} \u{fffd}A");
    }

    proptest! {
        #[test]
        fn text_survives_escaping(text in "[a-zа-я日本𝄞]{1,20}") {
            let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            prop_assert_eq!(json(&escaped), text);
        }
    }
}
