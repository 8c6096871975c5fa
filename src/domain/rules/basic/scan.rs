//! The raw values of a few members, found in one walk over the top level of a JSON object. Nothing else is looked at, nothing is copied.

use super::value::{Seen, unescaped};

/// Fields whose raw values are kept on the stack; a set of rules that names more takes one allocation a document.
const FEW: usize = 16;

/// The names of the fields that a set of rules asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    /// Sorted by length, then by bytes, each once.
    names: Vec<Box<[u8]>>,
    /// Bit n: there is a name of n bytes. Most keys of a document are told apart by this alone.
    lengths: u64,
}

impl Fields {
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut names: Vec<Box<[u8]>> = names.map(|name| name.as_bytes().into()).collect();
        names.sort_by(|left, right| by_length(left, right));
        names.dedup();
        let lengths = names.iter().fold(0, |lengths, name| lengths | bit(name.len()));
        Self { names, lengths }
    }

    /// Position of a name.
    pub(super) fn position(&self, name: &[u8]) -> Option<usize> {
        if self.lengths & bit(name.len()) == 0 {
            return None;
        }
        self.names.binary_search_by(|own| by_length(own, name)).ok()
    }

    /// Position of the name that a key is, between its quotes as it is written in the document.
    fn position_of_key(&self, key: &[u8]) -> Option<usize> {
        if memchr::memchr(b'\\', key).is_none() {
            return self.position(key);
        }
        self.position(unescaped(key)?.as_bytes())
    }

    /// Looks a document up: one object, or several parts that make up one.
    pub(super) fn find<'d>(&self, parts: impl IntoIterator<Item = &'d [u8]>) -> Found<'d> {
        let mut found = Found::new(self.names.len());
        for (key, value) in parts.into_iter().flat_map(Members::of) {
            if let Some(position) = self.position_of_key(key) {
                // Met twice: the last one counts, as for any parser.
                found.slots()[position] = Slot::Raw(value);
            }
        }
        found
    }
}

/// Names of 63 bytes and more share a bit.
fn bit(length: usize) -> u64 {
    1 << length.min(63)
}

fn by_length(left: &[u8], right: &[u8]) -> std::cmp::Ordering {
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

/// What a document has of the fields; a value is read when it is first asked for.
pub(super) struct Found<'d> {
    few: [Slot<'d>; FEW],
    many: Vec<Slot<'d>>,
}

enum Slot<'d> {
    Missing,
    Raw(&'d [u8]),
    Read(Seen<'d>),
}

impl<'d> Found<'d> {
    fn new(fields: usize) -> Self {
        let many = if fields > FEW { (0..fields).map(|_| Slot::Missing).collect() } else { Vec::new() };
        Self { few: [const { Slot::Missing }; FEW], many }
    }

    fn slots(&mut self) -> &mut [Slot<'d>] {
        if self.many.is_empty() { &mut self.few } else { &mut self.many }
    }

    /// The value of a field; nothing if the document does not have it, or has no JSON there.
    pub(super) fn value(&mut self, position: usize) -> Option<&Seen<'d>> {
        let slot = self.slots().get_mut(position)?;
        if let Slot::Raw(raw) = *slot {
            *slot = Seen::of(raw).map_or(Slot::Missing, Slot::Read);
        }
        if let Slot::Read(seen) = slot { Some(seen) } else { None }
    }
}

/// The members of an object as they are written: key without quotes, value untouched.
///
/// Braces and a comma at the ends may be missing, so that a part of an object can be walked over as well. It ends where the text is no
/// JSON, and finds what can be told up to there.
struct Members<'d> {
    text: &'d [u8],
    at: usize,
}

impl<'d> Members<'d> {
    fn of(text: &'d [u8]) -> Self {
        let mut members = Self { text, at: 0 };
        members.blanks();
        if members.next_is(b'{') {
            members.at += 1;
        }
        members
    }

    fn next_is(&self, byte: u8) -> bool {
        self.text.get(self.at) == Some(&byte)
    }

    fn blanks(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Goes behind the string whose quote is here.
    fn string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            self.at += memchr::memchr2(b'"', b'\\', self.text.get(self.at..)?)?;
            if self.next_is(b'"') {
                self.at += 1;
                return Some(());
            }
            self.at += 2;
        }
    }

    /// Goes behind the list or object that opens here. In JSON, brackets of the one kind cannot close before those of the other.
    fn nested(&mut self) -> Option<()> {
        let mut depth = 0usize;
        loop {
            match self.text.get(self.at)? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }

    /// Goes behind the value that starts here.
    fn value(&mut self) -> Option<()> {
        match self.text.get(self.at)? {
            b'"' => self.string(),
            b'{' | b'[' => self.nested(),
            _ => {
                let start = self.at;
                let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
                self.at += self.text[start..].iter().position(ends).unwrap_or(self.text.len() - start);
                (self.at > start).then_some(())
            }
        }
    }

    fn member(&mut self) -> Option<(&'d [u8], &'d [u8])> {
        self.blanks();
        if self.next_is(b',') {
            self.at += 1;
            self.blanks();
        }
        if !self.next_is(b'"') {
            return None;
        }
        let start = self.at + 1;
        self.string()?;
        let key = &self.text[start..self.at - 1];
        self.blanks();
        if !self.next_is(b':') {
            return None;
        }
        self.at += 1;
        self.blanks();
        let start = self.at;
        self.value()?;
        Some((key, &self.text[start..self.at]))
    }
}

impl<'d> Iterator for Members<'d> {
    type Item = (&'d [u8], &'d [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let member = self.member();
        if member.is_none() {
            self.at = self.text.len();
        }
        member
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;

    fn walked(text: &str) -> Vec<(&str, &str)> {
        let text_of = |bytes| std::str::from_utf8(bytes).unwrap();
        Members::of(text.as_bytes()).map(|(key, value)| (text_of(key), text_of(value))).collect()
    }

    #[test]
    fn members_come_as_they_are_written() {
        let text = "\n{ \"a\" : 1.10 ,\"b\":[{\"a\":\"]}\\\"\"}],\"c\\\"\":{\"x\":{}} , \"d\":null,\"e\":\"\\\\\" }";
        assert_eq!(walked(text), [("a", "1.10"), ("b", "[{\"a\":\"]}\\\"\"}]"), ("c\\\"", "{\"x\":{}}"), ("d", "null"), ("e", "\"\\\\\"")]);
    }

    #[test]
    fn parts_need_no_braces() {
        for text in ["{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2", ",\"a\":1,\"b\":2", "\"a\":1,\"b\":2}", " , \"a\":1 , \"b\":2 , "] {
            assert_eq!(walked(text), [("a", "1"), ("b", "2")], "{text}");
        }
        for nothing in ["", "{", "{}", "}", "[1]", "1", "\"a", "\"a\"", "\"a\":", "\"a\":,"] {
            assert_eq!(walked(nothing), [], "{nothing}");
        }
    }

    #[test]
    fn names_are_found_by_length_and_text() {
        let long = "x".repeat(90);
        let fields = Fields::new(["Name", "Type", "Name", "é", &long].into_iter());
        let positions: Vec<_> = ["é", "Name", "Type", &long].iter().map(|name| fields.position(name.as_bytes())).collect();
        assert_eq!(positions, [Some(0), Some(1), Some(2), Some(3)]);
        for other in ["", "name", "Nam", "Names", &long[1..]] {
            assert_eq!(fields.position(other.as_bytes()), None, "{other}");
        }
        assert_eq!(fields.position_of_key(br"\u00e9"), Some(0));
        assert_eq!(fields.position_of_key(br"\u00"), None);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i16>().prop_map(|no| json!(f64::from(no) / 4.0)),
            ".{0,8}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            let list = proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from);
            prop_oneof![list, proptest::collection::vec((".{0,4}", inner), 0..4).prop_map(|members| Value::Object(Map::from_iter(members)))]
        })
    }

    proptest! {
        #[test]
        fn every_member_is_met_once(members in proptest::collection::vec((".{0,6}", any_json()), 0..6), pretty in any::<bool>()) {
            let object = Map::from_iter(members);
            let text = if pretty { serde_json::to_string_pretty(&object) } else { serde_json::to_string(&object) }.unwrap();
            let read = |raw: &str| serde_json::from_str::<Value>(raw).unwrap();
            let met = walked(&text).into_iter().map(|(key, value)| (read(&format!("\"{key}\"")).as_str().unwrap().to_owned(), read(value)));
            prop_assert_eq!(Map::from_iter(met), object);
        }

        #[test]
        fn what_is_cut_off_or_no_json_ends_the_walk(text in any_json(), cut in 0usize..200, noise in "[{}\\[\\]\",:\\\\a1 ]{0,40}") {
            let text = text.to_string().into_bytes();
            for text in [&text[..cut.min(text.len())], noise.as_bytes()] {
                // Each member takes at least `"":1`.
                prop_assert!(Members::of(text).count() <= text.len() / 4);
            }
        }
    }
}
