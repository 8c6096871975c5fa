//! Files: which are indexed with their content, and what is known of one before it is downloaded.

use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::LINKS;
use crate::RecordId;
use crate::json::Members;

/// Extensions whose content is indexed, lower case, without the dot (the reference connector's list).
pub const EXTENSIONS: &[&str] = &[
    "txt", "py", "rst", "html", "markdown", "json", "xml", "csv", "md", "ppt", "rtf", "docx", "odt", "xls", "xlsx", "rb", "paper", "sh",
    "pptx", "pdf", "doc", "aspx", "xlsb", "xlsm", "tsv", "svg", "msg", "potx", "vsd", "vsdx", "vsdm",
];

/// A file found through a link: the raw `ContentDocument` and what the engine needs of it.
#[derive(Clone, Debug)]
pub struct FileRef {
    /// Id of the `ContentDocument`.
    pub id: RecordId,
    /// Id of its latest published version; without one there is nothing to index.
    pub version: Option<RecordId>,
    /// `ContentSize` in bytes.
    pub size: Option<u64>,
    /// The raw `ContentDocument`.
    pub text: Bytes,
}

/// Why a file is indexed without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ineligible {
    /// Its extension is not in [`EXTENSIONS`].
    Extension(String),
    /// It is larger than the limit, both in bytes.
    Size(u64, u64),
}

impl fmt::Display for Ineligible {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Extension(extension) => write!(formatter, "extension `{extension}` is not one whose text is extracted"),
            Self::Size(size, limit) => write!(formatter, "{size} bytes are over the limit of {limit}"),
        }
    }
}

impl FileRef {
    /// Reads the `ContentDocument` out of a `ContentDocumentLinks` row; `None` when there is none or it has no id.
    pub fn of_link(link: &Bytes) -> Option<Self> {
        let members = Members::of(link).ok()?;
        let text = members.get("ContentDocument")?;
        let document = Members::of(text.as_bytes()).ok()?;
        let version = document.get("LatestPublishedVersion").and_then(|raw| Members::of(raw.as_bytes()).ok());
        Some(Self {
            id: document.text("Id")?.parse().ok()?,
            version: version.and_then(|version| version.text("Id")?.parse().ok()),
            size: document.get("ContentSize").and_then(|raw| raw.parse().ok()),
            text: link.slice_ref(text.as_bytes()),
        })
    }

    /// The files of the `ContentDocumentLinks` that a record shows itself, because a query sub-selected them.
    pub fn in_record(record: &Bytes) -> Vec<Self> {
        #[derive(Deserialize)]
        struct List<'a> {
            #[serde(borrow)]
            records: Vec<&'a RawValue>,
        }
        let list = || {
            let members = Members::of(record).ok()?;
            serde_json::from_str::<List<'_>>(members.get(LINKS)?).ok()
        };
        // Most queries ask for none, and their rows need not be taken apart.
        let mentioned = memchr::memmem::find(record, LINKS.as_bytes()).is_some();
        let rows = mentioned.then(list).flatten().map(|list| list.records).unwrap_or_default();
        rows.into_iter().filter_map(|row| Self::of_link(&record.slice_ref(row.get().as_bytes()))).collect()
    }

    /// `<Title>.<FileExtension>`, as the reference composes it.
    pub fn title(&self) -> String {
        let (title, extension) = self.title_and_extension();
        if extension.is_empty() { title } else { format!("{title}.{extension}") }
    }

    /// Whether the content is indexed, given the largest size in bytes.
    pub fn eligible(&self, largest: u64) -> Result<(), Ineligible> {
        let extension = self.extension();
        if !EXTENSIONS.contains(&extension.as_str()) {
            return Err(Ineligible::Extension(extension));
        }
        match self.size {
            Some(size) if size > largest => Err(Ineligible::Size(size, largest)),
            _ => Ok(()),
        }
    }

    /// Its extension in lower case, without the dot.
    pub fn extension(&self) -> String {
        self.title_and_extension().1.to_lowercase()
    }

    fn title_and_extension(&self) -> (String, String) {
        let Ok(document) = Members::of(&self.text) else { return Default::default() };
        let text = |key| document.text(key).unwrap_or_default().into_owned();
        (text("Title"), text("FileExtension"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(extension: &str, size: u64) -> FileRef {
        let link = format!(
            r#"{{"attributes":{{}},"ContentDocument":{{"Id":"069Hs0AAAAAACDuI4P","Title":"a \"b\"","FileExtension":"{extension}","ContentSize":{size},"LatestPublishedVersion":{{"Id":"068Hs0AAAAAACDuI4P"}}}}}}"#
        );
        FileRef::of_link(&Bytes::from(link)).unwrap()
    }

    #[test]
    fn a_file_is_known_from_its_link() {
        let file = file("TXT", 10);
        assert_eq!((file.id.as_str(), file.version.unwrap().as_str()), ("069Hs0AAAAAACDuI4P", "068Hs0AAAAAACDuI4P"));
        assert_eq!((file.title().as_str(), file.eligible(10)), ("a \"b\".TXT", Ok(())));
    }

    #[test]
    fn a_file_too_large_or_of_another_kind_goes_without_content() {
        assert_eq!(file("txt", 11).eligible(10), Err(Ineligible::Size(11, 10)));
        assert_eq!(file("exe", 1).eligible(10), Err(Ineligible::Extension("exe".into())));
        assert_eq!(file("", 1).eligible(10), Err(Ineligible::Extension(String::new())));
    }

    #[test]
    fn a_link_without_a_document_is_no_file() {
        for link in ["{}", r#"{"ContentDocument":null}"#, r#"{"ContentDocument":{"Id":null}}"#] {
            assert!(FileRef::of_link(&Bytes::from_static(link.as_bytes())).is_none(), "{link}");
        }
    }

    #[test]
    fn the_files_that_a_record_shows_are_known_in_their_order_and_not_copied() {
        let link = |no: u8| format!(r#"{{"ContentDocument":{{"Id":"06900000000000{no}AAA","Title":"t"}}}}"#);
        let rows = [link(1), "{\"ContentDocument\":null}".to_owned(), link(2)].join(" , ");
        let record = Bytes::from(format!(r#"{{"Id":"x","ContentDocumentLinks":{{"totalSize":3,"done":true,"records":[{rows}]}},"z":1}}"#));
        let files = FileRef::in_record(&record);
        assert_eq!(files.iter().map(|file| file.id.as_str()).collect::<Vec<_>>(), ["069000000000001AAA", "069000000000002AAA"]);
        assert!(files.iter().all(|file| record.as_ptr_range().contains(&file.text.as_ptr()) && file.version.is_none()));
    }

    #[test]
    fn a_record_that_asks_for_no_files_or_has_none_shows_none() {
        for record in [
            "{}",
            "no record ContentDocumentLinks",
            r#"{"ContentDocumentLinks":null}"#,
            r#"{"ContentDocumentLinks":{"totalSize":0,"done":true,"records":[]}}"#,
            r#"{"ContentDocumentLinks":{"totalSize":0}}"#,
            r#"{"Description":"ContentDocumentLinks","Links":{"records":[{"ContentDocument":{"Id":"069000000000001AAA"}}]}}"#,
            r#"{"Children":{"records":[{"ContentDocumentLinks":{"records":[{"ContentDocument":{"Id":"069000000000001AAA"}}]}}]}}"#,
        ] {
            assert!(FileRef::in_record(&Bytes::from_static(record.as_bytes())).is_empty(), "{record}");
        }
    }
}
