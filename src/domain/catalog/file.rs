//! Files: which are indexed with their content, and what is known of one before it is downloaded.

use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Blob, Checksum, LINKS};
use crate::json::Members;
use crate::{Record, RecordId};

/// Extensions whose content is indexed, lower case, without the dot (the reference connector's list).
pub const EXTENSIONS: &[&str] = &[
    "txt", "py", "rst", "html", "markdown", "json", "xml", "csv", "md", "ppt", "rtf", "docx", "odt", "xls", "xlsx", "rb", "paper", "sh",
    "pptx", "pdf", "doc", "aspx", "xlsb", "xlsm", "tsv", "svg", "msg", "potx", "vsd", "vsdx", "vsdm",
];

/// A file: the raw record and what the engine needs of it.
#[derive(Clone, Debug)]
pub struct FileRef {
    /// Id of the `ContentDocument`, or of the record that holds the file.
    pub id: RecordId,
    /// Where its bytes are: of a `ContentDocument`, its latest published version. Without it there is nothing to index.
    pub content: Option<ContentAt>,
    /// `ContentSize` or `BodyLength` in bytes.
    pub size: Option<u64>,
    /// Of its bytes, when the source says.
    pub checksum: Option<Checksum>,
    /// The raw `ContentDocument`, or the record that holds the file.
    pub text: Bytes,
}

/// Where the bytes of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentAt {
    /// In which kind of record.
    pub blob: Blob,
    /// In which one.
    pub id: RecordId,
}

/// A file, something it is linked to, and what the source says of the file besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileLink {
    /// The `ContentDocument`.
    pub file: RecordId,
    /// `LinkedEntityId`: a record, user, group, library, or the organisation.
    pub entity: RecordId,
    /// Of the latest published version.
    pub checksum: Option<Checksum>,
    /// `SharingPrivacy` is `P`: who may read the record may not therefore read the file.
    pub is_private: bool,
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
        let version = version.and_then(|version| version.text("Id")?.parse().ok());
        Some(Self {
            id: document.text("Id")?.parse().ok()?,
            content: version.map(|id| ContentAt { blob: Blob::ContentVersion, id }),
            size: document.get("ContentSize").and_then(|raw| raw.parse().ok()),
            checksum: None,
            text: link.slice_ref(text.as_bytes()),
        })
    }

    /// The file that a record of one of the [objects with files in them](Blob::OBJECTS) is.
    pub fn of_record(blob: Blob, record: &Record) -> Self {
        let members = Members::of(&record.text).ok();
        let size = members.and_then(|members| members.get("BodyLength")?.parse().ok());
        Self { id: record.id, content: Some(ContentAt { blob, id: record.id }), size, checksum: None, text: record.text.clone() }
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

    /// `<Title>.<FileExtension>`, as the reference composes it; the name of an attachment or a static resource as it is.
    pub fn title(&self) -> String {
        let (title, extension) = self.title_and_extension();
        let is_named_so = matches!(self.blob(), Blob::Attachment | Blob::StaticResource);
        if extension.is_empty() || is_named_so { title } else { format!("{title}.{extension}") }
    }

    /// The record that it belongs to, where the record of the file says so itself.
    pub fn parent(&self) -> Option<RecordId> {
        let parent = (self.blob() == Blob::Attachment).then(|| Members::of(&self.text).ok()?.text("ParentId")?.parse().ok());
        parent.flatten()
    }

    /// Whether its owner keeps it from those who may read the record that it belongs to.
    pub fn is_private(&self) -> bool {
        self.blob() == Blob::Attachment && Members::of(&self.text).is_ok_and(|members| members.get("IsPrivate") == Some("true"))
    }

    /// When its record was changed, where nothing else tells one content from the next: a version never changes, and has a checksum.
    pub fn changed(&self) -> Option<String> {
        let members = Members::of(&self.text).ok().filter(|_| self.blob() != Blob::ContentVersion)?;
        members.text("LastModifiedDate").map(std::borrow::Cow::into_owned)
    }

    /// The user who owns it.
    pub fn owner(&self) -> Option<RecordId> {
        let members = Members::of(&self.text).ok()?;
        let owner = Members::of(members.get(self.blob().owner())?.as_bytes()).ok()?;
        owner.text("Id")?.parse().ok()
    }

    /// What kind of record it is.
    pub fn blob(&self) -> Blob {
        self.content.map_or(Blob::ContentVersion, |content| content.blob)
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
        let Ok(members) = Members::of(&self.text) else { return Default::default() };
        self.blob().title_and_extension(&members)
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
        assert_eq!((file.id.as_str(), file.content.unwrap().id.as_str()), ("069Hs0AAAAAACDuI4P", "068Hs0AAAAAACDuI4P"));
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
        assert!(files.iter().all(|file| record.as_ptr_range().contains(&file.text.as_ptr()) && file.content.is_none()));
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
