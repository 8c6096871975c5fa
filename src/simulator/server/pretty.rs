//! JSON laid out for people, as `X-PrettyPrint` asks for. Works on text, so numbers stay as they are.

/// Lays out valid JSON the way Salesforce does: two spaces a level, `"a" : 1`, elements of an array on one line.
pub(crate) fn print(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len() * 2);
    let mut open = Vec::new();
    let mut at = 0;
    while let Some(&byte) = json.get(at) {
        at += 1;
        match byte {
            b'"' => {
                let end = at + string_length(&json[at..]);
                out.extend_from_slice(&json[at - 1..end]);
                at = end;
            }
            b'{' | b'[' => {
                out.push(byte);
                open.push(byte);
                let empty = json[at..].iter().find(|next| !next.is_ascii_whitespace()).is_some_and(|next| matches!(next, b'}' | b']'));
                if !empty {
                    gap(&mut out, &open);
                }
            }
            b'}' | b']' => {
                let empty = matches!(out.last(), Some(b'{' | b'['));
                let kind = open.pop();
                match kind {
                    Some(b'{') if !empty => line(&mut out, open_objects(&open)),
                    _ => out.push(b' '),
                }
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                gap(&mut out, &open);
            }
            b':' => out.extend_from_slice(b" : "),
            byte if byte.is_ascii_whitespace() => {}
            byte => out.push(byte),
        }
    }
    out
}

/// What comes before an element: a new line in objects, a space in arrays.
fn gap(out: &mut Vec<u8>, open: &[u8]) {
    if open.last() == Some(&b'{') { line(out, open_objects(open)) } else { out.push(b' ') }
}

fn line(out: &mut Vec<u8>, level: usize) {
    out.push(b'\n');
    out.resize(out.len() + 2 * level, b' ');
}

fn open_objects(open: &[u8]) -> usize {
    open.iter().filter(|kind| **kind == b'{').count()
}

/// Length of the rest of a string, its closing quote included.
fn string_length(rest: &[u8]) -> usize {
    let mut escaped = false;
    for (at, byte) in rest.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_layout_is_salesforces() {
        let page = br#"{"totalSize":1,"done":true,"records":[{"attributes":{"type":"A"},"N":1.0E7},{"x":[]}],"o":{}}"#;
        let wanted = "{\n  \"totalSize\" : 1,\n  \"done\" : true,\n  \"records\" : [ {\n    \"attributes\" : {\n      \"type\" : \"A\"\n    },\n    \
                      \"N\" : 1.0E7\n  }, {\n    \"x\" : [ ]\n  } ],\n  \"o\" : { }\n}";
        assert_eq!(String::from_utf8(print(page)).unwrap(), wanted);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".*".prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((".*", inner), 0..4).prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_layout_changes_no_value(value in any_json()) {
            let printed = print(value.to_string().as_bytes());
            prop_assert_eq!(serde_json::from_slice::<Value>(&printed).unwrap(), value.clone());
            prop_assert_eq!(print(&printed), printed, "printing twice changes nothing");
        }
    }
}
