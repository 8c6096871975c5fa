//! What people search for in a document, taken out of its raw JSON in one pass.
//!
//! All strings count, nested ones too, except those that nobody types: ids, addresses of pages, dates, `attributes`, and keys with an
//! underscore in front (flags, access lists). A file's content counts when it is plain text; other formats have their title only.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use domain::access::ALLOW;
use domain::{RecordId, stamp};

/// Bytes of a file whose words are indexed: some 300 pages. What comes after them is in the document but not found.
const FILE_TEXT: usize = 1 << 20;
/// Of files that are text as they are; a part of `domain::catalog::EXTENSIONS` and their neighbours.
const TEXT_EXTENSIONS: &[&str] = &[
    "txt", "md", "markdown", "rst", "csv", "tsv", "json", "xml", "html", "htm", "svg", "py", "rb", "sh", "yaml", "yml", "log", "sql",
    "aspx",
];
/// Keys that can be a document's title, best first; those not chosen are text.
const TITLES: [&str; 5] = ["title", "Name", "Subject", "Title", "CaseNumber"];

/// What is known of a document besides its JSON.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Extract {
    /// `attributes.type`, or `type`; empty when it has neither.
    pub(super) kind: String,
    /// May be empty.
    pub(super) title: String,
    /// Where people open it.
    pub(super) url: Option<String>,
    /// When it was changed, as `2024-06-20T02:03:52Z`.
    pub(super) modified: Option<String>,
    /// All other text, one value a line.
    pub(super) text: String,
    /// Who may find it: its access tokens, as they are listed.
    pub(super) tokens: Vec<String>,
}

impl Extract {
    /// Reads `body`. Where it stops being JSON, what was found up to there counts.
    pub(super) fn of(body: &[u8]) -> Self {
        let mut draft = Draft::default();
        let mut json = serde_json::Deserializer::from_slice(body);
        // A broken document is kept as it is; only its words are incomplete.
        let _ = Walk { draft: &mut draft, key: "", depth: 0 }.deserialize(&mut json);
        draft.finish()
    }
}

#[derive(Default)]
struct Draft<'de> {
    extract: Extract,
    titles: [Option<String>; TITLES.len()],
    changed: Option<String>,
    stamped: Option<String>,
    extension: Option<String>,
    attachment: Option<Cow<'de, str>>,
}

impl<'de> Draft<'de> {
    /// A string under a key of the document itself.
    fn top(&mut self, key: &str, text: Cow<'de, str>) {
        match key {
            "url" => self.extract.url = Some(text.into_owned()),
            "type" if self.extract.kind.is_empty() => self.extract.kind = text.into_owned(),
            "type" => {}
            "_timestamp" => self.stamped = stamp::zulu(&text),
            "LastModifiedDate" | "last_updated" => self.changed = stamp::zulu(&text),
            "_attachment" => self.attachment = Some(text),
            "file_extension" => self.extension = Some(text.to_ascii_lowercase()),
            _ => match TITLES.iter().position(|title| *title == key) {
                Some(rank) => self.titles[rank] = Some(text.into_owned()),
                None => self.add(key, &text),
            },
        }
    }

    fn add(&mut self, key: &str, text: &str) {
        if is_for_people(key, text) {
            self.push(text);
        }
    }

    fn push(&mut self, text: &str) {
        if !self.extract.text.is_empty() {
            self.extract.text.push('\n');
        }
        // In an answer these two characters mark what matches.
        if text.contains(['\u{1}', '\u{2}']) {
            self.extract.text.push_str(&text.replace(['\u{1}', '\u{2}'], " "));
        } else {
            self.extract.text.push_str(text);
        }
    }

    fn finish(mut self) -> Extract {
        let mut titles = std::mem::take(&mut self.titles).into_iter().flatten().filter(|title| !title.is_empty());
        self.extract.title = titles.next().unwrap_or_default();
        for other in titles {
            self.push(&other);
        }
        if let Some(content) = self.file_text() {
            self.push(&content);
        }
        self.extract.modified = self.changed.take().or(self.stamped.take());
        self.extract
    }

    fn file_text(&self) -> Option<String> {
        let attachment = self.attachment.as_deref()?;
        let extension = match &self.extension {
            Some(extension) => extension.clone(),
            None => self.extract.title.rsplit_once('.')?.1.to_ascii_lowercase(),
        };
        if !TEXT_EXTENSIONS.contains(&extension.as_str()) {
            return None;
        }
        // Four characters are three bytes, so the cut falls between groups.
        let start = attachment.get(..FILE_TEXT / 3 * 4).unwrap_or(attachment);
        let bytes = STANDARD.decode(start).ok()?;
        Some(String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').to_owned())
    }
}

/// Walks one value; strings end up in the draft.
struct Walk<'w, 'de> {
    draft: &'w mut Draft<'de>,
    key: &'w str,
    /// 0 is the document, 1 its members.
    depth: usize,
}

impl<'de> Walk<'_, 'de> {
    fn string(self, text: Cow<'de, str>) {
        if self.depth == 1 {
            self.draft.top(self.key, text);
        } else {
            self.draft.add(self.key, &text);
        }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_, 'de> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, 'de> {
    type Value = ();
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<(), E> {
        self.string(Cow::Borrowed(text));
        Ok(())
    }
    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.string(Cow::Owned(text.to_owned()));
        Ok(())
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Walk { draft: &mut *self.draft, key: self.key, depth: self.depth + 1 })?.is_some() {}
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(Text(key)) = members.next_key()? {
            if key == "attributes" {
                let attributes: &RawValue = members.next_value()?;
                if self.depth == 0 {
                    self.draft.extract.kind = kind_of(attributes);
                }
            } else if self.depth == 0 && key == ALLOW {
                let list: &RawValue = members.next_value()?;
                self.draft.extract.tokens = tokens_of(list);
            } else if key.starts_with('_') && !(self.depth == 0 && matches!(&*key, "_attachment" | "_timestamp")) {
                members.next_value::<IgnoredAny>()?;
            } else {
                members.next_value_seed(Walk { draft: &mut *self.draft, key: &key, depth: self.depth + 1 })?;
            }
        }
        Ok(())
    }
}

/// Text that borrows from the document unless it has escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

fn kind_of(attributes: &RawValue) -> String {
    #[derive(Deserialize)]
    struct Attributes {
        #[serde(rename = "type")]
        kind: String,
    }
    serde_json::from_str::<Attributes>(attributes.get()).map(|attributes| attributes.kind).unwrap_or_default()
}

/// The tokens of a list. Of anything else there are none, so that nobody finds the document who may not find all of them.
fn tokens_of(list: &RawValue) -> Vec<String> {
    serde_json::from_str(list.get()).unwrap_or_default()
}

fn is_for_people(key: &str, text: &str) -> bool {
    // Of the files that hang on a record: names are text, these are not.
    let of_files = matches!(key, "VersionNumber" | "version_number" | "FileExtension");
    !of_files && !text.is_empty() && !is_id(key, text) && !is_address(key, text) && !is_date(text)
}

/// Eighteen characters with the right checksum are an id wherever they stand; without it, only where an id is expected.
fn is_id(key: &str, text: &str) -> bool {
    if !matches!(text.len(), 15 | 18) {
        return false;
    }
    let Some(id) = RecordId::parse(text.as_bytes()) else { return false };
    let expected = key == "id" || key.ends_with("Id") || key.ends_with("_id") || key.ends_with("_ids");
    expected || (text.len() == 18 && RecordId::parse(&text.as_bytes()[..15]) == Some(id))
}

/// Addresses that software made. The `Website` of an account is what people type, and search for.
fn is_address(key: &str, text: &str) -> bool {
    if key == "url" || key.ends_with("Url") || key.ends_with("URL") || key.ends_with("_url") {
        return true;
    }
    let starts = ["http://", "https://", "/services/"].iter().any(|start| text.starts_with(start));
    starts && key != "Website" && !text.contains(char::is_whitespace)
}

/// `2025-01-15` and everything from `2025-01-15T01:02:03` on.
fn is_date(text: &str) -> bool {
    let text = text.as_bytes();
    if text.len() < 10
        || !text.iter().zip(b"dddd-dd-dd").all(|(have, want)| if *want == b'd' { have.is_ascii_digit() } else { have == want })
    {
        return false;
    }
    text.len() == 10 || (text.len() >= 19 && text[10] == b'T' && text[13] == b':' && !text.contains(&b' '))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn words(value: &serde_json::Value) -> String {
        Extract::of(value.to_string().as_bytes()).text.replace('\n', " | ")
    }

    #[test]
    fn a_record_is_known_by_type_title_address_and_date() {
        let body = br#"{"_timestamp":"2024-06-20T02:03:52Z","url":"https://acme.example/1","attributes":{"type":"Account","url":"/services/data/x"},
            "Id":"001Hs0AAAAABB1gI4H","Name":"Amber \"Vector\"","Rating":"Hot","LastModifiedDate":"2024-06-21T02:03:52.000+0000",
            "Owner":{"attributes":{"type":"User"}},"_allow_access_control":["object:Account:read"]}"#;
        let expected = Extract {
            kind: "Account".into(),
            title: "Amber \"Vector\"".into(),
            url: Some("https://acme.example/1".into()),
            modified: Some("2024-06-21T02:03:52Z".into()),
            text: "Hot".into(),
            tokens: vec!["object:Account:read".into()],
        };
        assert_eq!(Extract::of(body), expected);
    }

    #[test]
    fn only_what_people_type_is_text() {
        let record = json!({
            "Id": "001Hs0AAAAABB1gI4H", "OwnerId": "005Hs0AAAAAAQdz", "Account__c": "001Hs0AAAAAAShiI4H", "Code__c": "congratulations",
            "CreatedDate": "2024-03-06T16:24:50.000+0000", "StartDate": "2025-01-15", "IsActive": true, "Amount": 12.5, "Parent": null,
            "PhotoUrl": "/services/images/photo/1", "Link__c": "https://example.com/a", "Website": "https://acme.example",
            "_allow_access_control": ["email:user1@example.com"], "_run_ml_inference": false, "Note__c": "see https://example.com",
            "VersionNumber": "3", "FileExtension": "csv",
            "Period__c": "2024-01-01 to 2024-02-01", "linked_ids": ["001Hs0AAAAAAShiI4H"], "attributes": {"type": "Campaign"},
        });
        assert_eq!(words(&record), "congratulations | see https://example.com | 2024-01-01 to 2024-02-01 | https://acme.example");
    }

    #[test]
    fn nested_mail_comments_and_feeds_are_text() {
        let record = json!({
            "Subject": "printer", "CaseNumber": "00001008", "attributes": {"type": "Case"}, "Owner": {"attributes": {"type": "User"}, "Name": "Jane"},
            "EmailMessages": {"totalSize": 1, "done": true, "records": [{"attributes": {"type": "EmailMessage"}, "TextBody": "toner"}]},
            "Feeds": [{"Body": "smoke", "FeedComments": {"records": [{"CommentBody": "fire"}]}}],
        });
        let extract = Extract::of(record.to_string().as_bytes());
        let mut found: Vec<_> = extract.text.lines().collect();
        found.sort_unstable();
        assert_eq!((extract.title.as_str(), found), ("printer", vec!["00001008", "Jane", "fire", "smoke", "toner"]));
    }

    #[test]
    fn a_file_of_plain_text_is_decoded_and_any_other_is_not() {
        let file = |extension: &str, content: &[u8]| {
            words(&json!({"type": "content_document", "title": "a", "file_extension": extension, "_attachment": STANDARD.encode(content)}))
        };
        assert_eq!(file("CSV", "\u{feff}zebra;é".as_bytes()), "zebra;é");
        assert_eq!(file("txt", b"caf\xe9"), "caf\u{fffd}");
        assert_eq!(file("pdf", b"zebra"), "");
        assert_eq!(words(&json!({"title": "a.TXT", "_attachment": STANDARD.encode("zebra")})), "zebra");
        assert_eq!(words(&json!({"title": "a.txt", "_attachment": "no base64!"})), "");
    }

    #[test]
    fn of_a_long_file_the_start_counts() {
        let content = "word ".repeat(FILE_TEXT / 4);
        let body = json!({"title": "a.txt", "_attachment": STANDARD.encode(content)}).to_string();
        let kept = Extract::of(body.as_bytes()).text.len();
        assert!(kept > FILE_TEXT - 8 && kept <= FILE_TEXT, "{kept}");
    }

    #[test]
    fn a_broken_document_gives_what_comes_before_the_break() {
        let extract = Extract::of(br#"{"Name":"whole","Notes__c":"kept","Broken":"#);
        assert_eq!((extract.title.as_str(), extract.text.as_str()), ("whole", "kept"));
        assert_eq!(Extract::of(b"\xff"), Extract::default());
    }

    proptest! {
        #[test]
        fn every_sentence_is_found_wherever_it_stands(depth in 0..6usize, text in "[a-zé\" ]{1,20}") {
            let mut value = json!({ "Body": text });
            for level in 0..depth {
                value = if level % 2 == 0 { json!({ "records": [value] }) } else { json!({ "Feeds": value, "done": true }) };
            }
            prop_assert_eq!(words(&value), text);
        }

        #[test]
        fn no_input_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200), text in "[\\[\\]{}\":,a-z0-9_]{0,60}") {
            Extract::of(&body);
            prop_assert!(Extract::of(text.as_bytes()).text.len() <= text.len());
        }
    }
}
